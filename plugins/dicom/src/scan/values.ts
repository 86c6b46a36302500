import type { ElementTable } from "./element-table.ts";
import { findElement } from "./element-table.ts";
import { malformedFile } from "./malformed-file.ts";

/** The head of a file from its first byte on, and where the elements of its data set lie. */
export interface ScannedHead {
  readonly bytes: Buffer;
  readonly table: ElementTable;
}

/** Texts that decide something are short; splitting a long one into values takes memory out of all proportion. */
const MAX_TEXT_BYTES = 1024 * 1024;

const UI_GRAMMAR = /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))*$/;
const CS_GRAMMAR = /^[A-Z0-9_ ]*$/;
const DS_GRAMMAR = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const IS_GRAMMAR = /^[+-]?\d+$/;
const DA_GRAMMAR = /^\d{4}(?:\.\d\d\.\d\d|\d\d\d\d)$/;
const TM_GRAMMAR = /^(?:\d\d(?:\d\d(?:\d\d(?:\.\d{1,6})?)?)?|\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)$/;

/** VRs as the table holds them; 0 stands for implicit VR, and UN for a value that came by way of one. */
const vrCode = (vr: string): number => (vr.charCodeAt(0) << 8) | vr.charCodeAt(1);
const vrCodes = (...vrs: string[]): ReadonlySet<number> => new Set([0, vrCode("UN"), ...vrs.map(vrCode)]);
const SHORT_INTEGER = vrCodes("US", "SS");
const DOUBLE = vrCodes("FD");

/** Space and NUL pad text (PS3.5 6.2); NUL belongs to UI alone, but is found everywhere. */
function isPadding(byte: number): boolean {
  return byte === 0x20 || byte === 0;
}

/** The row of an element that is there and not empty, or −1. */
function rowOf({ table }: ScannedHead, tag: number): number {
  const row = findElement(table, tag);
  return row >= 0 && (table.valueEnd[row] as number) > (table.value[row] as number) ? row : -1;
}

function malformed(head: ScannedHead, row: number, what: string): Error {
  return malformedFile(what, head.table.tag[row] as number, head.table.start[row] as number);
}

/**
 * The text of an element, byte for character, without padding at both ends; undefined where it is absent or empty.
 * @throws {HilumError} MALFORMED_FILE, naming tag and offset, when it is longer than 1 MiB.
 */
export function rawText(head: ScannedHead, tag: number): string | undefined {
  const row = rowOf(head, tag);
  if (row < 0) return undefined;
  const { bytes, table } = head;
  let from = table.value[row] as number;
  let to = table.valueEnd[row] as number;
  while (to > from && isPadding(bytes[to - 1] as number)) to--;
  while (from < to && isPadding(bytes[from] as number)) from++;
  if (to - from > MAX_TEXT_BYTES) throw malformed(head, row, `holds more than ${MAX_TEXT_BYTES} bytes of text`);
  return to > from ? bytes.toString("latin1", from, to) : undefined;
}

/** The bytes of an element's value; undefined where it is absent or empty. They are lent: the next file takes their place. */
export function rawBytes(head: ScannedHead, tag: number): Buffer | undefined {
  const row = rowOf(head, tag);
  return row < 0 ? undefined : head.bytes.subarray(head.table.value[row], head.table.valueEnd[row]);
}

/** A UID (PS3.5 9.1). @throws {HilumError} MALFORMED_FILE, as all that follow, naming tag and offset. */
export function uid(head: ScannedHead, tag: number): string | undefined {
  const text = rawText(head, tag);
  if (text !== undefined && !isUid(text)) throw malformed(head, rowOf(head, tag), "is no valid UID");
  return text;
}

/** Whether a text is a UID by PS3.5 9.1. Anonymisers write others, which still tell images apart. */
export function isUid(text: string): boolean {
  return text.length <= 64 && UI_GRAMMAR.test(text);
}

/** The values of a Code String. */
export function codes(head: ScannedHead, tag: number): readonly string[] | undefined {
  const text = rawText(head, tag);
  if (text === undefined) return undefined;
  const values = text.split("\\").map((value) => value.trim());
  if (!values.every((value) => CS_GRAMMAR.test(value))) throw malformed(head, rowOf(head, tag), "is no valid code string");
  return values;
}

/** The first value of a Code String. */
export function code(head: ScannedHead, tag: number): string | undefined {
  return codes(head, tag)?.[0];
}

/** The values of a Decimal String. */
export function decimals(head: ScannedHead, tag: number): readonly number[] | undefined {
  const text = rawText(head, tag);
  if (text === undefined) return undefined;
  return text.split("\\").map((part) => {
    const value = part.trim();
    const number = DS_GRAMMAR.test(value) ? Number(value) : Number.NaN;
    if (!Number.isFinite(number)) throw malformed(head, rowOf(head, tag), "is no valid decimal string");
    return number;
  });
}

/** A Decimal String of exactly `count` values. */
export function decimalsOf(head: ScannedHead, tag: number, count: number): readonly number[] | undefined {
  const values = decimals(head, tag);
  if (values !== undefined && values.length !== count)
    throw malformed(head, rowOf(head, tag), `has ${values.length} values where ${count} belong`);
  return values;
}

/** A Decimal String of one value. */
export function decimal(head: ScannedHead, tag: number): number | undefined {
  return decimalsOf(head, tag, 1)?.[0];
}

/** An Integer String of one value (PS3.5 6.2: −2³¹ … 2³¹ − 1). */
export function integer(head: ScannedHead, tag: number): number | undefined {
  const text = rawText(head, tag);
  if (text === undefined) return undefined;
  const number = IS_GRAMMAR.test(text) ? Number(text) : Number.NaN;
  if (!(number >= -(2 ** 31) && number < 2 ** 31)) throw malformed(head, rowOf(head, tag), "is no valid integer string");
  return number;
}

/** A 16-bit binary integer, whatever its VR says of the sign: that of US or SS elements follows Pixel Representation. */
export function integer16(head: ScannedHead, tag: number, signed: boolean): number | undefined {
  const row = rowOf(head, tag);
  if (row < 0) return undefined;
  const { bytes, table } = head;
  const at = table.value[row] as number;
  if (!SHORT_INTEGER.has(table.vr[row] as number) || (table.valueEnd[row] as number) - at !== 2)
    throw malformed(head, row, "is no 16-bit integer");
  return signed ? bytes.readInt16LE(at) : bytes.readUInt16LE(at);
}

/** The values of a Floating Point Double. */
export function doubles(head: ScannedHead, tag: number): readonly number[] | undefined {
  const row = rowOf(head, tag);
  if (row < 0) return undefined;
  const { bytes, table } = head;
  const at = table.value[row] as number;
  const length = (table.valueEnd[row] as number) - at;
  if (!DOUBLE.has(table.vr[row] as number) || length % 8 !== 0) throw malformed(head, row, "is no 64-bit float");
  const values = Array.from({ length: length / 8 }, (_, index) => bytes.readDoubleLE(at + index * 8));
  if (!values.every(Number.isFinite)) throw malformed(head, row, "is not finite");
  return values;
}

/** Seconds of a Time (PS3.5 6.2; also with the colons of ACR-NEMA) from midnight. */
export function seconds(head: ScannedHead, tag: number): number | undefined {
  const text = rawText(head, tag);
  if (text === undefined) return undefined;
  const digits = TM_GRAMMAR.test(text) ? text.replaceAll(":", "") : "";
  const [hour, minute, second] = [Number(digits.slice(0, 2)), Number(digits.slice(2, 4)), Number(digits.slice(4))];
  // 60 is a leap second.
  if (digits === "" || hour > 23 || minute > 59 || second >= 61) throw malformed(head, rowOf(head, tag), "is no valid time");
  return hour * 3600 + minute * 60 + second;
}

/** Days of a Date (PS3.5 6.2; also with the points of ACR-NEMA) from 1970-01-01. */
export function days(head: ScannedHead, tag: number): number | undefined {
  const text = rawText(head, tag);
  if (text === undefined) return undefined;
  const digits = DA_GRAMMAR.test(text) ? text.replaceAll(".", "") : "";
  const [year, month, day] = [Number(digits.slice(0, 4)), Number(digits.slice(4, 6)), Number(digits.slice(6))];
  const date = new Date(Date.UTC(year, month - 1, day));
  if (digits === "" || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    throw malformed(head, rowOf(head, tag), "is no valid date");
  return date.getTime() / 86_400_000;
}
