import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { memorySource } from "@hilum/testing";
import type { SourceFile } from "@hilum/core";
import { fileForm } from "../scan/file-form.ts";
import { HeadReader } from "../scan/read-head.ts";
import { sharedPath } from "../scan/shared-data.test-support.ts";
import { decimal } from "../scan/values.ts";
import { Tag } from "../scan/tags.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { readPixelLayout } from "../series/read-pixel-layout.ts";
import { readModalityTable } from "./modality-table.ts";

/** For tests: what of a frame its pixels need, without any place of it in a series. */
export type PixelFrame = Pick<DicomInstance, "file" | "place" | "frameNumber" | "transferSyntaxUID" | "pixel" | "size" | "modalityLut" | "modalityTable">;

/** For tests: the frames of a file of the shared data. */
export function framesOfFile(path: string): PixelFrame[] {
  return framesOfBytes(basename(path), readFileSync(sharedPath(path)));
}

/** For tests: the frames of a DICOM file in memory. */
export function framesOfBytes(name: string, bytes: Uint8Array): PixelFrame[] {
  const [source] = memorySource([{ name, bytes }]).files as readonly [SourceFile];
  const reader = new HeadReader();
  const meta = reader.readMeta(source);
  if (meta === undefined) throw new Error("no DICOM file");
  const file = fileForm(source, meta);
  reader.readDataSet(file, meta);
  const pixel = readPixelLayout(reader);
  const modalityTable = readModalityTable({ bytes: reader.bytes, table: reader.table, explicitVr: meta.transferSyntaxUID !== "1.2.840.10008.1.2" }, pixel.signed);
  const modalityLut = { scale: decimal(reader, Tag.RescaleSlope) ?? 1, offset: decimal(reader, Tag.RescaleIntercept) ?? 0 };
  return Array.from({ length: pixel.frames }, (_, index) => ({
    file,
    place: { file: 1, files: 1 },
    frameNumber: index + 1,
    transferSyntaxUID: meta.transferSyntaxUID,
    pixel,
    size: [pixel.columns, pixel.rows],
    modalityLut,
    ...(modalityTable === undefined ? {} : { modalityTable }),
  }));
}
