import { answerReadRequests } from "@hilum/testing";
import { dicomReader } from "./dicom-reader.ts";

answerReadRequests(dicomReader);
