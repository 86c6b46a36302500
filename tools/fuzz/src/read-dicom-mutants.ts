import { answerReadRequests } from "@hilum/testing/mutate";
import { dicomCodec } from "@hilum/plugin-dicom";

if (dicomCodec.reader === undefined) throw new TypeError("The DICOM codec has no reader.");
answerReadRequests(dicomCodec.reader);
