import { answerReadRequests } from "@hilum/testing/mutate";
import { dicomReader } from "./dicom-reader.ts";

answerReadRequests(dicomReader);
