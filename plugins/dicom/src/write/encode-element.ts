/** An element whose value is encoded; its header depends on where it goes (explicit or implicit VR). */
export interface EncodedElement {
  /** (group << 16 | element) >>> 0. */
  readonly tag: number;
  readonly vr: string;
  /** The value in little endian, of even length. */
  readonly value: Uint8Array;
}

/** The VRs of the text that a writer adds. */
export type TextVr = "CS" | "DA" | "DS" | "DT" | "IS" | "LO" | "SH" | "ST" | "TM" | "UI";

/** Longest value in characters, and what it may hold (PS3.5 table 6.2-1); only ASCII, which every character set has. */
const TEXT_RULES: Readonly<Record<TextVr, { readonly length: number; readonly pattern: RegExp }>> = {
  CS: { length: 16, pattern: /^[A-Z0-9 _]*$/ },
  DA: { length: 8, pattern: /^\d{8}$/ },
  DS: { length: 16, pattern: /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/ },
  DT: { length: 26, pattern: /^\d{4,14}(?:\.\d{1,6})?(?:[-+]\d{4})?$/ },
  IS: { length: 12, pattern: /^[-+]?\d+$/ },
  LO: { length: 64, pattern: /^[\x20-\x5b\x5d-\x7e]*$/ },
  SH: { length: 16, pattern: /^[\x20-\x5b\x5d-\x7e]*$/ },
  ST: { length: 1024, pattern: /^[\x20-\x7e]*$/ },
  TM: { length: 13, pattern: /^\d{2,6}(?:\.\d{1,6})?$/ },
  UI: { length: 64, pattern: /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))*$/ },
};

/** VRs with two reserved bytes and a length of four (PS3.5 7.1.2). */
const LONG_FORM = new Set("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(" "));

const SEQUENCE_ITEM = 0xfffee000;
/** Tag and length of an item. */
export const ITEM_HEADER_BYTES = 8;

/** The longest header of an element, bytes. */
export const MAX_HEADER_BYTES = 12;

/**
 * A text element; several values are joined by a backslash.
 * @throws {TypeError} when a value breaks the grammar or the length of its VR; the value is not named.
 */
export function textElement(tag: number, vr: TextVr, ...values: readonly string[]): EncodedElement {
  const rule = TEXT_RULES[vr];
  for (const value of values)
    if (value.length > rule.length || !rule.pattern.test(value)) throw new TypeError(`a value is no ${vr} of at most ${rule.length} ASCII characters`);
  return { tag, vr, value: paddedText(vr, values.join("\\")) };
}

/** The bytes of a text (by default one byte a character) with the padding that its VR wants: NUL for UI, a space for all others. */
export function paddedText(vr: string, text: string, encoding: "latin1" | "utf8" = "latin1"): Uint8Array {
  const isOdd = Buffer.byteLength(text, encoding) % 2 === 1;
  return Buffer.from(isOdd ? `${text}${vr === "UI" ? "\0" : " "}` : text, encoding);
}

/** An element of one 16-bit number. @throws {RangeError} when it does not fit. */
export function shortElement(tag: number, vr: "US" | "SS", number: number): EncodedElement {
  const value = Buffer.alloc(2);
  if (vr === "SS") value.writeInt16LE(number);
  else value.writeUInt16LE(number);
  return { tag, vr, value };
}

/** An element of one 64-bit float (FD). */
export function doubleElement(tag: number, number: number): EncodedElement {
  const value = Buffer.alloc(8);
  value.writeDoubleLE(number);
  return { tag, vr: "FD", value };
}

/** A sequence whose items have defined lengths; the elements of each item are given in order of their tags. */
export function sequenceElement(tag: number, items: readonly (readonly EncodedElement[])[], explicitVr: boolean): EncodedElement {
  return { tag, vr: "SQ", value: encodeItems(items, explicitVr) };
}

/** The bytes of sequence items, to be a sequence's value or to be appended to one. */
export function encodeItems(items: readonly (readonly EncodedElement[])[], explicitVr: boolean): Uint8Array {
  let bound = 0;
  for (const item of items) {
    bound += ITEM_HEADER_BYTES;
    for (const { value } of item) bound += MAX_HEADER_BYTES + value.length;
  }
  const bytes = Buffer.allocUnsafe(bound);
  let end = 0;
  for (const item of items) {
    const start = end;
    end += ITEM_HEADER_BYTES;
    for (const element of item) end = writeElement(bytes, end, element, explicitVr);
    writeTag(bytes, start, SEQUENCE_ITEM);
    bytes.writeUInt32LE(end - start - ITEM_HEADER_BYTES, start + 4);
  }
  return bytes.subarray(0, end);
}

/** Writes an element at `at`. @returns where the next one goes. */
export function writeElement(out: Buffer, at: number, { tag, vr, value }: EncodedElement, explicitVr: boolean): number {
  const position = writeElementHeader(out, at, tag, vr, value.length, explicitVr);
  out.set(value, position);
  return position + value.length;
}

/** Writes all of an element but its value. @returns where that goes. */
export function writeElementHeader(out: Buffer, at: number, tag: number, vr: string, length: number, explicitVr: boolean): number {
  writeTag(out, at, tag);
  if (!explicitVr) return out.writeUInt32LE(length, at + 4);
  out[at + 4] = vr.charCodeAt(0);
  out[at + 5] = vr.charCodeAt(1);
  return LONG_FORM.has(vr) ? out.writeUInt32LE(length, out.writeUInt16LE(0, at + 6)) : out.writeUInt16LE(length, at + 6);
}

function writeTag(out: Buffer, at: number, tag: number): void {
  out[at] = tag >>> 16;
  out[at + 1] = tag >>> 24;
  out[at + 2] = tag;
  out[at + 3] = tag >>> 8;
}
