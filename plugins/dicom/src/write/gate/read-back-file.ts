import { isHilumError } from "@hilum/core";
import { createElementTable, findElement, type ElementTable } from "../../scan/element-table.ts";
import { scanDataSet } from "../../scan/scan-data-set.ts";
import { IMPLICIT_VR_LITTLE_ENDIAN } from "../../scan/transfer-syntaxes.ts";
import { rawText, type ScannedHead } from "../../scan/values.ts";
import type { WrittenFile } from "./expected-series.ts";
import { must, ruleBroken } from "./rule.ts";

const DICM_AT = 128;
const META_AT = 132;
/** Tag, VR, length and value of File Meta Information Group Length. */
const GROUP_LENGTH_BYTES = 12;
const TRANSFER_SYNTAX_UID = 0x00020010;

/** A file that is read back: its bytes, and where its elements lie. Valid until the next file is read. */
export class ReadBackFile implements ScannedHead {
  readonly table: ElementTable = createElementTable();
  readonly meta: { bytes: Buffer; readonly table: ElementTable } = { bytes: Buffer.alloc(0), table: createElementTable(16) };
  #memory: Buffer = Buffer.alloc(0);
  #length = 0;
  #explicitVr = true;

  get bytes(): Buffer {
    return this.meta.bytes;
  }

  get explicitVr(): boolean {
    return this.#explicitVr;
  }

  /** Reads a file whole and finds its elements. @param expectedBytes about how long it may be, to take the memory at once. */
  load(file: WrittenFile, expectedBytes: number): void {
    if (this.#memory.length <= expectedBytes) this.#memory = Buffer.allocUnsafeSlow(expectedBytes + (expectedBytes >> 3) + 1);
    this.#length = 0;
    for (;;) {
      const count = file.read(this.#memory.subarray(this.#length), this.#length);
      this.#length += count;
      if (this.#length < this.#memory.length) break;
      const longer = Buffer.allocUnsafeSlow(this.#memory.length * 2);
      longer.set(this.#memory);
      this.#memory = longer;
    }
    this.meta.bytes = this.#memory.subarray(0, this.#length);
    this.#scan();
  }

  #scan(): void {
    const { bytes, meta } = this;
    must(bytes.length > META_AT + GROUP_LENGTH_BYTES, "every file is there and whole");
    must(bytes.subarray(0, DICM_AT).every((byte) => byte === 0), "the preamble is 128 zeros");
    must(bytes.toString("latin1", DICM_AT, META_AT) === "DICM", "the file is DICOM Part 10");
    try {
      const end = scanDataSet(bytes, { bytesStart: 0, from: META_AT, fileSize: bytes.length, explicitVr: true, group: 2 }, meta.table);
      const dataSetStart = end.complete ? end.end : bytes.length;
      must(bytes.readUInt32LE(META_AT + 8) === dataSetStart - META_AT - GROUP_LENGTH_BYTES, "the group length of the file meta information is right", 0x00020000);
      this.#explicitVr = rawText(meta, TRANSFER_SYNTAX_UID) !== IMPLICIT_VR_LITTLE_ENDIAN;
      const { complete } = scanDataSet(bytes, { bytesStart: 0, from: dataSetStart, fileSize: bytes.length, explicitVr: this.#explicitVr }, this.table);
      must(complete, "Pixel Data is native");
    } catch (cause) {
      if (!isHilumError(cause) || cause.code === "VERIFICATION_FAILED") throw cause;
      if (cause.code === "TRUNCATED_PIXEL_DATA") throw ruleBroken("every file is there and whole", {}, cause);
      throw ruleBroken("tags ascend, each once, and every length fits", {}, cause);
    }
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

/** The bytes of a value; undefined where the element is absent. */
export function valueIn({ bytes, table }: ScannedHead, tag: number): Buffer | undefined {
  const row = findElement(table, tag);
  return row < 0 ? undefined : bytes.subarray(table.value[row], table.valueEnd[row]);
}
