import type { FormatCodec } from "@hilum/core";
import { dicomReader } from "./read/dicom-reader.ts";
import { dicomWriter } from "./write/dicom-writer.ts";

/** DICOM Part 10 files: one file or a directory of them (PS3.10). Reads and writes series of single-frame images. */
export const dicomCodec: FormatCodec = {
  id: "dicom",
  title: "DICOM series",
  extensions: [],
  mediaTypes: ["application/dicom"],
  reader: dicomReader,
  writer: dicomWriter,
};
