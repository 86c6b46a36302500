import { HilumError, isHilumError, type SourceFile } from "@hilum/core";
import { bareDataSetSyntax, beginsWithFileMeta } from "./bare-data-set.ts";
import { createElementTable, findElement, type ElementTable } from "./element-table.ts";
import { fileForm } from "./file-form.ts";
import { walkFragments } from "./fragments.ts";
import { malformedFile } from "./malformed-file.ts";
import { scanDataSet, type ScanEnd } from "./scan-data-set.ts";
import { Tag } from "./tags.ts";
import { transferSyntaxOf } from "./transfer-syntaxes.ts";
import { rawText, uid, type ScannedHead } from "./values.ts";

export { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from "./transfer-syntaxes.ts";

/** Read first of every file; holds the header of most. */
const FIRST_READ_BYTES = 16 * 1024;
/** Read at a time behind Pixel Data, where hardly anything ever is. */
const TAIL_READ_BYTES = 4 * 1024;
/** Headers are not longer than this; a file that claims so is refused before the memory is taken. */
const MAX_HEAD_BYTES = 64 * 1024 * 1024;

const DATA_SET_BEGINS_BEHIND = 132;
const DELIMITER_BYTES = 8;
const FILE_META_GROUP = 0x0002;
const DICM = 0x4d434944;
/** All UIDs of the standard begin with it (PS3.5 9.1). */
const DICOM_UID_ROOT = "1.2.840.10008.";

/** What the file meta information says (PS3.10 7.1). */
export interface FileMeta {
  readonly mediaStorageSOPClassUID?: string;
  readonly transferSyntaxUID: string;
  /** Where the data set begins, bytes from the start of the file. */
  readonly dataSetStart: number;
}

/** What is scanned: from where, in which form. */
interface HeadScan {
  readonly from: number;
  readonly explicitVr: boolean;
  readonly group?: number;
  readonly received?: true;
  /** Whether Pixel Data has to be a sequence of fragments; undefined where nobody knows. */
  readonly encapsulated?: boolean | undefined;
}

/** Reads the heads of files, one after the other, into one buffer and one table: what it gave of a file ends with the next. */
export class HeadReader implements ScannedHead {
  readonly table: ElementTable = createElementTable();
  readonly #metaTable = createElementTable(16);
  #buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_READ_BYTES);
  #tail: Buffer = Buffer.allocUnsafeSlow(TAIL_READ_BYTES);
  #bytes: Buffer = this.#buffer.subarray(0, 0);
  #file: SourceFile | undefined;
  #goesOn = false;

  /** The first bytes of the file: everything before Pixel Data. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Whether the file that was read last goes on behind its data set: with rubbish, or with trailing padding that was cut. */
  get goesOn(): boolean {
    return this.#goesOn;
  }

  /**
   * Reads the file meta information. A file without "DICM" behind its preamble is looked at for a bare data set: it is taken
   * for DICOM if it begins and goes on like one and tells its SOP Class, and its transfer syntax is told by its bytes.
   * @returns undefined for a file that is not DICOM.
   * @throws {HilumError} MALFORMED_FILE, MISSING_ATTRIBUTE.
   */
  readMeta(file: SourceFile): FileMeta | undefined {
    this.#begin(file);
    if (this.#bytes.length >= DATA_SET_BEGINS_BEHIND && this.#buffer.readUInt32LE(DATA_SET_BEGINS_BEHIND - 4) === DICM)
      return this.#readGroup2(file, DATA_SET_BEGINS_BEHIND);
    return this.#readBare(file);
  }

  /**
   * Fills the table with the whole data set; `bytes` holds it up to Pixel Data. To be called after {@link readMeta}.
   * @param file the file's {@link fileForm}.
   * @throws {HilumError} MALFORMED_FILE, TRUNCATED_PIXEL_DATA; the table then holds what stands before the fault.
   */
  readDataSet(file: SourceFile, meta: FileMeta): void {
    if (file !== this.#file) this.#begin(file);
    const syntax = transferSyntaxOf(meta.transferSyntaxUID);
    const explicitVr = syntax?.explicitVr ?? true;
    const end = this.#scanHead(file, this.table, { from: meta.dataSetStart, explicitVr, encapsulated: syntax?.encapsulated, received: true });
    this.#goesOn = end < file.size;
    if (syntax?.encapsulated === true && syntax.readable) refuseDefinedLength(this.table);
  }

  #begin(file: SourceFile): void {
    this.#file = file;
    this.table.count = 0;
    this.#bytes = this.#buffer.subarray(0, 0);
    this.#load(file, Math.min(FIRST_READ_BYTES, file.size));
  }

  #readGroup2(file: SourceFile, from: number): FileMeta {
    const table = this.#metaTable;
    const end = this.#scanHead(file, table, { from, explicitVr: true, group: FILE_META_GROUP });
    const meta: ScannedHead = { bytes: this.bytes, table };
    const transferSyntaxUID = uid(meta, Tag.TransferSyntaxUID);
    if (transferSyntaxUID === undefined)
      throw new HilumError("MISSING_ATTRIBUTE", "The file meta information has no Transfer Syntax UID (0002,0010).", {
        details: { tag: "(0002,0010)" },
      });
    const mediaStorageSOPClassUID = rawText(meta, Tag.MediaStorageSOPClassUID);
    return { transferSyntaxUID, dataSetStart: end, ...(mediaStorageSOPClassUID === undefined ? {} : { mediaStorageSOPClassUID }) };
  }

  /** A file that begins with file meta information, or with its data set. */
  #readBare(file: SourceFile): FileMeta | undefined {
    if (beginsWithFileMeta(this.#bytes)) {
      try {
        const meta = this.#readGroup2(file, 0);
        return transferSyntaxOf(meta.transferSyntaxUID) === undefined ? undefined : meta;
      } catch (error) {
        if (isHilumError(error) && error.category === "data") return undefined;
        throw error;
      }
    }
    const transferSyntaxUID = bareDataSetSyntax(this.#bytes);
    if (transferSyntaxUID === undefined) return undefined;
    const meta: FileMeta = { transferSyntaxUID, dataSetStart: 0 };
    let isWhole = true;
    try {
      this.readDataSet(fileForm(file, meta), meta);
    } catch (error) {
      if (!isHilumError(error) || error.category !== "data") throw error;
      isWhole = false;
    }
    return this.#tellsWhatItIs(isWhole) ? meta : undefined;
  }

  /** A DICOM SOP Class; or an image's rows in a file without a fault, as before there were SOP Classes (ACR-NEMA 2.0). */
  #tellsWhatItIs(isWhole: boolean): boolean {
    if (isWhole && findElement(this.table, Tag.Rows) >= 0 && holdsPixelData(this.table)) return true;
    const row = findElement(this.table, Tag.SOPClassUID);
    const value = this.table.value[row] ?? 0;
    return row >= 0 && this.#bytes.toString("latin1", value, value + DICOM_UID_ROOT.length) === DICOM_UID_ROOT;
  }

  #scanHead(file: SourceFile, table: ElementTable, scan: HeadScan): number {
    const { from, explicitVr, group, received } = scan;
    const options = { bytesStart: 0, fileSize: file.size, explicitVr, ...(group === undefined ? {} : { group }), ...(received && { received }) };
    let end = scanDataSet(this.bytes, { ...options, from }, table);
    while (!end.complete && !holdsPixelData(table)) {
      this.#load(file, Math.min(Math.max(end.neededTo, this.#bytes.length * 2), file.size));
      end = scanDataSet(this.bytes, { ...options, from: end.resumeAt, append: true }, table);
    }
    if (!end.complete) return this.#scanTail(file, table, scan, end);
    const last = table.count - 1;
    if (last >= 0 && !holdsPixelData(table)) this.#load(file, table.end[last] as number);
    return end.end;
  }

  /** Goes on behind Pixel Data, which is not loaded, through a small window. */
  #scanTail(file: SourceFile, table: ElementTable, { explicitVr, encapsulated, received }: HeadScan, stopped: ScanEnd): number {
    let end = stopped;
    while (!end.complete) {
      if (end.inFragments === true) {
        end = closeFragments(file, table, encapsulated);
        continue;
      }
      const from = end.resumeAt;
      const needed = Math.max(end.neededTo - from, TAIL_READ_BYTES);
      if (needed > this.#tail.length) this.#tail = Buffer.allocUnsafeSlow(checkedLength(needed * 2));
      const count = file.read(this.#tail, from);
      if (count < Math.min(this.#tail.length, file.size - from)) throw hasShrunk();
      end = scanDataSet(
        this.#tail.subarray(0, count),
        { bytesStart: from, from, fileSize: file.size, explicitVr, append: true, ...(received && { received }) },
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

/** Whether a file without preamble and "DICM" is DICOM all the same: see {@link HeadReader.readMeta}. Closes it. */
export function isBareDataSet(file: SourceFile): boolean {
  try {
    return new HeadReader().readMeta(file) !== undefined;
  } finally {
    file.close();
  }
}

/** Finds the end of the Pixel Data that is the table's last row, and where the scan goes on. */
function closeFragments(file: SourceFile, table: ElementTable, encapsulated: boolean | undefined): ScanEnd {
  const row = table.count - 1;
  if (encapsulated === false)
    throw malformedFile("has undefined length in an uncompressed data set", Tag.PixelData, table.start[row] as number);
  const end = walkFragments(file, table.value[row] as number);
  table.valueEnd[row] = end - DELIMITER_BYTES;
  table.end[row] = end;
  return end < file.size ? { complete: false, resumeAt: end, neededTo: end } : { complete: true, end };
}

function refuseDefinedLength(table: ElementTable): void {
  const row = findElement(table, Tag.PixelData);
  if (row >= 0 && table.end[row] === table.valueEnd[row])
    throw malformedFile("has a defined length in a transfer syntax of fragments", Tag.PixelData, table.start[row] as number);
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
