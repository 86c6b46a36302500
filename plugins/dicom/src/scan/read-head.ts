import { HilumError, type SourceFile } from "@hilum/core";
import { createElementTable, type ElementTable } from "./element-table.ts";
import { scanDataSet, type ScanEnd } from "./scan-data-set.ts";
import { Tag } from "./tags.ts";
import { rawText, uid, type ScannedHead } from "./values.ts";

/** Read first of every file; holds the header of most. */
const FIRST_READ_BYTES = 16 * 1024;
/** Read at a time behind Pixel Data, where hardly anything ever is. */
const TAIL_READ_BYTES = 4 * 1024;
/** Headers are not longer than this; a file that claims so is refused before the memory is taken. */
const MAX_HEAD_BYTES = 64 * 1024 * 1024;

const DATA_SET_BEGINS_BEHIND = 132;
const FILE_META_GROUP = 0x0002;
const DICM = 0x4d434944;

export const IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2";
export const EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";

/** What the file meta information says (PS3.10 7.1). */
export interface FileMeta {
  readonly mediaStorageSOPClassUID?: string;
  readonly transferSyntaxUID: string;
  /** Where the data set begins, bytes from the start of the file. */
  readonly dataSetStart: number;
}

/** Reads the heads of files, one after the other, into one buffer and one table: what it gave of a file ends with the next. */
export class HeadReader implements ScannedHead {
  readonly table: ElementTable = createElementTable();
  readonly #metaTable = createElementTable(16);
  #buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_READ_BYTES);
  #tail: Buffer = Buffer.allocUnsafeSlow(TAIL_READ_BYTES);
  #bytes: Buffer = this.#buffer.subarray(0, 0);

  /** The first bytes of the file: everything before Pixel Data. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /**
   * Reads the file meta information. @returns undefined for a file without "DICM" behind its preamble.
   * @throws {HilumError} MALFORMED_FILE, MISSING_ATTRIBUTE.
   */
  readMeta(file: SourceFile): FileMeta | undefined {
    this.table.count = 0;
    this.#bytes = this.#buffer.subarray(0, 0);
    this.#load(file, Math.min(FIRST_READ_BYTES, file.size));
    if (this.#bytes.length < DATA_SET_BEGINS_BEHIND || this.#buffer.readUInt32LE(DATA_SET_BEGINS_BEHIND - 4) !== DICM) return undefined;
    const table = this.#metaTable;
    const end = this.#scanHead(file, table, { from: DATA_SET_BEGINS_BEHIND, explicitVr: true, group: FILE_META_GROUP });
    const meta: ScannedHead = { bytes: this.bytes, table };
    const transferSyntaxUID = uid(meta, Tag.TransferSyntaxUID);
    if (transferSyntaxUID === undefined)
      throw new HilumError("MISSING_ATTRIBUTE", "The file meta information has no Transfer Syntax UID (0002,0010).", {
        details: { tag: "(0002,0010)" },
      });
    const mediaStorageSOPClassUID = rawText(meta, Tag.MediaStorageSOPClassUID);
    return { transferSyntaxUID, dataSetStart: end, ...(mediaStorageSOPClassUID === undefined ? {} : { mediaStorageSOPClassUID }) };
  }

  /**
   * Fills the table with the whole data set; `bytes` holds it up to Pixel Data. To be called after {@link readMeta}.
   * @throws {HilumError} MALFORMED_FILE, TRUNCATED_PIXEL_DATA; the table then holds what stands before the fault.
   */
  readDataSet(file: SourceFile, meta: FileMeta): void {
    const explicitVr = meta.transferSyntaxUID !== IMPLICIT_VR_LITTLE_ENDIAN;
    this.#scanHead(file, this.table, { from: meta.dataSetStart, explicitVr });
  }

  #scanHead(file: SourceFile, table: ElementTable, scan: { from: number; explicitVr: boolean; group?: number }): number {
    let end = scanDataSet(this.bytes, { ...scan, bytesStart: 0, fileSize: file.size }, table);
    while (!end.complete && !holdsPixelData(table)) {
      this.#load(file, Math.min(Math.max(end.neededTo, this.#bytes.length * 2), file.size));
      end = scanDataSet(this.bytes, { ...scan, bytesStart: 0, fileSize: file.size, from: end.resumeAt, append: true }, table);
    }
    if (!end.complete) return this.#scanTail(file, table, scan.explicitVr, end);
    const last = table.count - 1;
    if (last >= 0 && !holdsPixelData(table)) this.#load(file, table.end[last] as number);
    return end.end;
  }

  /** Goes on behind Pixel Data, which is not loaded, through a small window. */
  #scanTail(file: SourceFile, table: ElementTable, explicitVr: boolean, stopped: ScanEnd): number {
    let end = stopped;
    while (!end.complete) {
      const from = end.resumeAt;
      const needed = Math.max(end.neededTo - from, TAIL_READ_BYTES);
      if (needed > this.#tail.length) this.#tail = Buffer.allocUnsafeSlow(checkedLength(needed * 2));
      const count = file.read(this.#tail, from);
      if (count < Math.min(this.#tail.length, file.size - from)) throw hasShrunk();
      end = scanDataSet(
        this.#tail.subarray(0, count),
        { bytesStart: from, from, fileSize: file.size, explicitVr, append: true },
        table,
      );
    }
    return end.end;
  }

  /** Makes the first `length` bytes of the file part of `bytes`. */
  #load(file: SourceFile, length: number): void {
    if (length <= this.#bytes.length) return;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(checkedLength(length));
      larger.set(this.#bytes);
      this.#buffer = larger;
    }
    const missing = this.#buffer.subarray(this.#bytes.length, length);
    if (file.read(missing, this.#bytes.length) < missing.length) throw hasShrunk();
    this.#bytes = this.#buffer.subarray(0, length);
  }
}

function holdsPixelData(table: ElementTable): boolean {
  return table.count > 0 && (table.tag[table.count - 1] as number) >= Tag.FloatPixelData;
}

function checkedLength(length: number): number {
  if (length <= MAX_HEAD_BYTES) return length;
  throw new HilumError("MALFORMED_FILE", `The file has a header of more than ${MAX_HEAD_BYTES} bytes.`, {
    details: { headerBytes: length },
  });
}

function hasShrunk(): HilumError {
  return new HilumError("MALFORMED_FILE", "The file is shorter than it was when the source was listed.");
}
