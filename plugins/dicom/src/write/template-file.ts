import { HilumError } from "@hilum/core";
import type { ElementTable } from "../scan/element-table.ts";
import { walkFragments } from "../scan/fragments.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import { Tag } from "../scan/tags.ts";
import { rawText } from "../scan/values.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import type { DicomWriteOptions } from "./write-options.ts";
import { writtenSyntaxUID } from "./written-syntax.ts";

/** A template's file in memory, and where its elements lie. */
export interface TemplateFile {
  /** The whole file but for the value of Pixel Data: what follows that stands where it began. */
  readonly bytes: Buffer;
  /** The elements of the data set. */
  readonly table: ElementTable;
  readonly explicitVr: boolean;
  /** Where the data set begins. */
  readonly dataSetStart: number;
  readonly sopClassUID: string;
  /** The transfer syntax to be written; that of the template's file may be another. */
  readonly writtenSyntaxUID: string;
  /** Whether Pixel Data was a sequence of fragments. */
  readonly wasEncapsulated: boolean;
}

/** Memory for one template file at a time, which grows as needed. */
export interface TemplateMemory {
  template: Buffer;
  readonly table: ElementTable;
}

/**
 * Reads the file of a template instance, and looks again where its elements lie.
 * @throws {HilumError} TEMPLATE_MISMATCH when it is no longer the file that the series was opened with.
 */
export function readTemplateFile(instance: DicomInstance, memory: TemplateMemory, compress: DicomWriteOptions["compress"]): TemplateFile {
  const { file, pixel, explicitVr, dataSetStart, sopClassUID } = instance;
  const { table } = memory;
  const read = (into: Buffer, position: number): void => {
    if (file.read(into, position) < into.length) throw templateChanged();
  };
  const head = roomIn(memory, pixel.offset);
  read(head, 0);
  const end = scanDataSet(head, { bytesStart: 0, from: dataSetStart, fileSize: file.size, explicitVr, received: true }, table);
  let bytes = head;
  if (!end.complete) {
    const behindAt = pixel.encapsulated ? walkFragments(file, pixel.offset) : end.resumeAt;
    bytes = roomIn(memory, pixel.offset + file.size - behindAt);
    read(bytes.subarray(pixel.offset), behindAt);
    scanDataSet(bytes, { bytesStart: 0, from: pixel.offset, fileSize: bytes.length, explicitVr, append: true, received: true }, table);
  }
  file.close();
  if (rawText({ bytes, table }, Tag.SOPInstanceUID) !== instance.sopInstanceUID) throw templateChanged();
  return { bytes, table, explicitVr, dataSetStart, sopClassUID, writtenSyntaxUID: writtenSyntaxUID(instance, compress), wasEncapsulated: pixel.encapsulated };
}

/** The error of a template whose files are no longer what the reader found. */
export function templateChanged(): HilumError {
  return new HilumError("TEMPLATE_MISMATCH", "A file of the template was changed while the job ran.", { remedy: "Run the job again when nobody writes to the template." });
}

/** The first bytes of the memory, with what was in them. */
function roomIn(memory: TemplateMemory, length: number): Buffer {
  if (memory.template.length < length) {
    // With some room to grow, so that files of slightly different lengths share it.
    const larger = Buffer.allocUnsafeSlow(length + (length >> 3));
    larger.set(memory.template);
    memory.template = larger;
  }
  return memory.template.subarray(0, length);
}
