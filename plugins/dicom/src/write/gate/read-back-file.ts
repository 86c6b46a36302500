import { isHilumError, type SourceFile } from "@hilum/core";
import { createElementTable, findElement, type ElementTable } from "../../scan/element-table.ts";
import { walkFragments } from "../../scan/fragments.ts";
import { scanDataSet } from "../../scan/scan-data-set.ts";
import { IMPLICIT_VR_LITTLE_ENDIAN } from "../../scan/transfer-syntaxes.ts";
import { rawText, type ScannedHead } from "../../scan/values.ts";
import type { ScannedItem } from "../../series/frames/item-places.ts";
import type { WrittenFile } from "./expected-series.ts";
import { must, ruleBroken } from "./rule.ts";

const DICM_AT = 128;
const META_AT = 132;
/** Tag, VR, length and value of File Meta Information Group Length. */
const GROUP_LENGTH_BYTES = 12;
const TRANSFER_SYNTAX_UID = 0x00020010;
const FLOAT_PIXEL_DATA = 0x7fe00008;
const DOUBLE_FLOAT_PIXEL_DATA = 0x7fe00009;
const PIXEL_DATA = 0x7fe00010;

/** What is read at once behind the place where the template's pixels begin: what derived headers have more. */
const HEAD_MARGIN_BYTES = 4096;

/**
 * A file that is read back: all its bytes but the value of Pixel Data, and where its elements lie; what follows the pixels stands
 * where these began. Valid until the next file is read.
 */
export class ReadBackFile implements ScannedItem {
  readonly table: ElementTable = createElementTable();
  readonly meta: { bytes: Buffer; readonly table: ElementTable } = { bytes: Buffer.alloc(0), table: createElementTable(16) };
  #memory: Buffer = Buffer.alloc(0);
  #file: WrittenFile | undefined;
  #source: SourceFile = sourceOf({ name: "", read: () => 0 });
  #explicitVr = true;
  #inFragments = false;

  get bytes(): Buffer {
    return this.meta.bytes;
  }

  get explicitVr(): boolean {
    return this.#explicitVr;
  }

  /** Whether Pixel Data is a sequence of fragments; its value then ends with their delimitation item. */
  get inFragments(): boolean {
    return this.#inFragments;
  }

  /** The file for a reader; its size is not known. */
  get source(): SourceFile {
    return this.#source;
  }

  /** Reads a file and finds its elements. @param pixelsAt about where its pixels begin, to read as much at once. */
  load(file: WrittenFile, pixelsAt: number): void {
    this.#file = file;
    this.#source = sourceOf(file);
    this.meta.bytes = this.#memory.subarray(0, 0);
    let isWhole = false;
    for (let wanted = pixelsAt + HEAD_MARGIN_BYTES; !isWhole; wanted = this.bytes.length * 2) {
      isWhole = !this.#readTo(wanted);
      if (this.#scan(isWhole)) break;
    }
    this.#readTail();
  }

  /** Bytes of the value of Pixel Data, Float or Double Float Pixel Data; undefined where there is none. */
  get pixelBytes(): number | undefined {
    const row = this.#pixelRow();
    return row < 0 ? undefined : (this.table.valueEnd[row] as number) - (this.table.value[row] as number);
  }

  /** Reads a part of Pixel Data's value. @param at bytes from its beginning. */
  readPixels(into: Uint8Array, at: number): void {
    const start = this.table.value[this.#pixelRow()] as number;
    must((this.#file as WrittenFile).read(into, start + at) === into.length, "every file is there and whole");
  }

  /** Makes the first bytes of the file part of `bytes`. @returns false where it has no more than these. */
  #readTo(wanted: number): boolean {
    if (this.#memory.length < wanted) {
      const larger = Buffer.allocUnsafeSlow(wanted);
      larger.set(this.bytes);
      this.#memory = larger;
    }
    let length = this.bytes.length;
    while (length < wanted) {
      const count = (this.#file as WrittenFile).read(this.#memory.subarray(length, wanted), length);
      if (count === 0) break;
      length += count;
    }
    this.meta.bytes = this.#memory.subarray(0, length);
    return length === wanted;
  }

  /** Whether the bytes that are read go up to the pixels, or to the end. */
  #scan(isWhole: boolean): boolean {
    const { bytes, meta } = this;
    must(bytes.length > META_AT + GROUP_LENGTH_BYTES, "every file is there and whole");
    must(bytes.subarray(0, DICM_AT).every((byte) => byte === 0), "the preamble is 128 zeros");
    must(bytes.toString("latin1", DICM_AT, META_AT) === "DICM", "the file is DICOM Part 10");
    // Where the file goes on, its size is not known yet.
    const fileSize = isWhole ? bytes.length : Number.POSITIVE_INFINITY;
    return keepingForm(() => {
      const end = scanDataSet(bytes, { bytesStart: 0, from: META_AT, fileSize, explicitVr: true, group: 2 }, meta.table);
      if (!end.complete) return false;
      must(bytes.readUInt32LE(META_AT + 8) === end.end - META_AT - GROUP_LENGTH_BYTES, "the group length of the file meta information is right", 0x00020000);
      this.#explicitVr = rawText(meta, TRANSFER_SYNTAX_UID) !== IMPLICIT_VR_LITTLE_ENDIAN;
      const { complete, ...scan } = scanDataSet(bytes, { bytesStart: 0, from: end.end, fileSize, explicitVr: this.#explicitVr }, this.table);
      this.#inFragments = "inFragments" in scan;
      if (this.#inFragments) this.#endFragments();
      return complete || this.#pixelRow() >= 0;
    });
  }

  #pixelRow(): number {
    return Math.max(...[FLOAT_PIXEL_DATA, DOUBLE_FLOAT_PIXEL_DATA, PIXEL_DATA].map((tag) => findElement(this.table, tag)));
  }

  /** Finds where the fragments end, which no length tells. */
  #endFragments(): void {
    const { table } = this;
    const row = table.count - 1;
    table.valueEnd[row] = table.end[row] = walkFragments(this.source, table.value[row] as number);
  }

  /** Puts what stands behind the pixels in their place. */
  #readTail(): void {
    const row = this.#pixelRow();
    if (row < 0) return;
    const [pixelsAt, tailAt] = [this.table.value[row] as number, this.table.end[row] as number];
    this.table.count = row + 1;
    let length = pixelsAt;
    for (;;) {
      if (this.#memory.length === length) this.#memory = Buffer.concat([this.#memory], length * 2);
      const count = (this.#file as WrittenFile).read(this.#memory.subarray(length), tailAt + length - pixelsAt);
      if (count === 0) break;
      length += count;
    }
    this.meta.bytes = this.#memory.subarray(0, length);
    keepingForm(() => scanDataSet(this.bytes, { bytesStart: 0, from: pixelsAt, fileSize: length, explicitVr: this.#explicitVr, append: true }, this.table));
  }

  /** The bytes of a value; undefined where the element is absent. */
  value(tag: number): Buffer | undefined {
    return valueIn(this, tag);
  }

  /** The text of an element without its padding. */
  text(tag: number): string | undefined {
    return rawText(this, tag);
  }

  has(tag: number): boolean {
    return findElement(this.table, tag) >= 0;
  }

  /** The VR as written; undefined in implicit VR, and where the element is absent. */
  vr(tag: number): string | undefined {
    const row = findElement(this.table, tag);
    const code = row < 0 ? 0 : (this.table.vr[row] as number);
    return code === 0 ? undefined : String.fromCharCode(code >> 8, code & 0xff);
  }
}

function sourceOf(file: WrittenFile): SourceFile {
  return { name: "", size: Number.POSITIVE_INFINITY, read: (into, position) => file.read(into, position), close: () => undefined };
}

/** Names the rule that a scan finds broken. */
function keepingForm<T>(scan: () => T): T {
  try {
    return scan();
  } catch (cause) {
    if (!isHilumError(cause) || cause.code === "VERIFICATION_FAILED") throw cause;
    if (cause.code === "TRUNCATED_PIXEL_DATA") throw ruleBroken("every file is there and whole", {}, cause);
    throw ruleBroken("tags ascend, each once, and every length fits", {}, cause);
  }
}

/** The bytes of a value; undefined where the element is absent. */
export function valueIn({ bytes, table }: ScannedHead, tag: number): Buffer | undefined {
  const row = findElement(table, tag);
  return row < 0 ? undefined : bytes.subarray(table.value[row], table.valueEnd[row]);
}
