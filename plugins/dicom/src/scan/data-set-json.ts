import type { DicomJson, DicomJsonElement } from "@hilum/core";
import type { TextPlace } from "./code-extensions.ts";
import { dictionaryVr } from "./dictionary.ts";
import { cursorOver, ITEM, ITEM_DELIMITATION, MAX_DEPTH, readHeader, UNDEFINED_LENGTH, VR_UN, type Cursor } from "./element-header.ts";
import { malformedFile } from "./malformed-file.ts";
import { walkItems } from "./scan-data-set.ts";
import { Tag } from "./tags.ts";
import { textDecodingFor, type TextDecoding } from "./text.ts";

/** Values longer than this are left out; they would make JSON that nobody can open. Vendors' private headers are shorter. */
export const MAX_VALUE_BYTES = 1024 * 1024;

const DELIMITER_BYTES = 8;

/** What decides how bytes become JSON. */
export interface JsonEncoding {
  readonly explicitVr: boolean;
  /** Pixel Representation = 1. */
  readonly signed: boolean;
  readonly decodeText: TextDecoding;
  /** Takes the tags of elements that are left out since their values are too long, inside of sequences too. */
  readonly leftOut?: Set<number>;
}

/** Where an element's value lies in the bytes, and its VR as written (0: implicit). */
export interface ElementPlace {
  readonly tag: number;
  readonly vr: number;
  readonly value: number;
  readonly valueEnd: number;
}

/** The key of an element in the DICOM JSON model. */
export function jsonKey(tag: number): string {
  return tag.toString(16).toUpperCase().padStart(8, "0");
}

/**
 * One element in the DICOM JSON model (PS3.18 F.2.2), DS and IS as strings; undefined where its value is too long.
 * @throws {HilumError} MALFORMED_FILE when a sequence in it breaks the rules.
 */
export function elementJson(bytes: Buffer, place: ElementPlace, encoding: JsonEncoding): DicomJsonElement | undefined {
  return jsonOf(cursorOver(bytes, 0, bytes.length, 0), place, encoding, 1);
}

/** The VR as written, or by the dictionary where there is none, also by way of UN (PS3.5 6.2.2). */
function vrText(place: ElementPlace, encoding: JsonEncoding): string {
  if (place.vr === 0 || (place.vr === VR_UN && (place.tag >>> 16) % 2 === 0)) return dictionaryVr(place.tag, encoding.signed);
  return String.fromCharCode(place.vr >> 8, place.vr & 0xff);
}

function jsonOf(cursor: Cursor, place: ElementPlace, encoding: JsonEncoding, depth: number): DicomJsonElement | undefined {
  const bytes = cursor.bytes as Buffer;
  const vr = isSequenceInDisguise(bytes, place) ? "SQ" : vrText(place, encoding);
  if (place.valueEnd === place.value) return { vr };
  if (vr === "SQ") {
    const explicitVr = encoding.explicitVr && place.vr !== VR_UN;
    return { vr, Value: itemsJson(cursor, place, { ...encoding, explicitVr }, depth) };
  }
  const value = bytes.subarray(place.value, place.valueEnd);
  if (value.length > MAX_VALUE_BYTES) {
    encoding.leftOut?.add(place.tag);
    return undefined;
  }
  // A number that is cut keeps its bytes, as a value of which nothing is known.
  const cut = value.length % (NUMBERS.get(vr)?.width ?? 1) !== 0;
  if (BINARY.has(vr) || cut) return { vr: cut ? "UN" : vr, InlineBinary: value.toString("base64") };
  return { vr, Value: valuesOf(vr, value, encoding.decodeText) };
}

/**
 * Whether an element without a VR of its own (implicit, or UN) holds items of undefined length; then it is a sequence,
 * whatever the dictionary says (PS3.5 6.2.2).
 */
function isSequenceInDisguise(bytes: Buffer, { tag, vr, value }: ElementPlace): boolean {
  if (vr !== 0 && vr !== VR_UN) return false;
  const lengthAt = value - 4;
  return tag !== 0 && lengthAt >= 0 && bytes.readUInt32LE(lengthAt) === UNDEFINED_LENGTH;
}

/** VRs whose values are bytes and words of which nothing more is known. */
export const BINARY: ReadonlySet<string> = new Set(["OB", "OD", "OF", "OL", "OV", "OW", "UN"]);

/** VRs of one text, in which a backslash is a letter. */
const ONE_TEXT: ReadonlySet<string> = new Set(["LT", "ST", "UR", "UT"]);

/** VRs whose text Specific Character Set governs (PS3.5 6.1.2.2). */
export const IN_CHARACTER_SET: ReadonlySet<string> = new Set(["LO", "LT", "PN", "SH", "ST", "UC", "UT"]);

function placeOf(vr: string): TextPlace {
  if (vr === "PN") return "name";
  return ONE_TEXT.has(vr) ? "text" : "values";
}

function valuesOf(vr: string, value: Buffer, decodeText: TextDecoding): readonly unknown[] {
  const numbers = NUMBERS.get(vr);
  if (numbers !== undefined) return everyNth(value, numbers.width, numbers.read);
  const text = (IN_CHARACTER_SET.has(vr) ? decodeText(value, placeOf(vr)) : value.toString("latin1")).replaceAll("\0", "");
  if (ONE_TEXT.has(vr)) return [text.trimEnd()];
  return text.split("\\").map((part) => {
    const trimmed = part.trim();
    if (trimmed === "") return null;
    return vr === "PN" ? personName(trimmed) : trimmed;
  });
}

function personName(text: string): { readonly [group: string]: string } {
  const groups = text.split("=");
  return Object.fromEntries(
    ["Alphabetic", "Ideographic", "Phonetic"].flatMap((name, index) => {
      const group = groups[index]?.trim() ?? "";
      return group === "" ? [] : [[name, group] as const];
    }),
  );
}

type ReadNumber = (value: Buffer, at: number) => unknown;

/** JSON has no NaN and no infinity, and no integers beyond 2⁵³: these stand as strings. */
const inJson = (number: number): number | string => (Number.isFinite(number) ? number : String(number));
const bigInJson = (number: bigint): number | string => (Number.isSafeInteger(Number(number)) ? Number(number) : String(number));

const NUMBERS: ReadonlyMap<string, { readonly width: number; readonly read: ReadNumber }> = new Map([
  ["SS", { width: 2, read: (value: Buffer, at: number) => value.readInt16LE(at) as unknown }],
  ["US", { width: 2, read: (value, at) => value.readUInt16LE(at) }],
  ["SL", { width: 4, read: (value, at) => value.readInt32LE(at) }],
  ["UL", { width: 4, read: (value, at) => value.readUInt32LE(at) }],
  ["FL", { width: 4, read: (value, at) => inJson(value.readFloatLE(at)) }],
  ["FD", { width: 8, read: (value, at) => inJson(value.readDoubleLE(at)) }],
  ["SV", { width: 8, read: (value, at) => bigInJson(value.readBigInt64LE(at)) }],
  ["UV", { width: 8, read: (value, at) => bigInJson(value.readBigUInt64LE(at)) }],
  ["AT", { width: 4, read: (value, at) => jsonKey(((value.readUInt16LE(at) << 16) | value.readUInt16LE(at + 2)) >>> 0) }],
]);

function everyNth(value: Buffer, width: number, read: ReadNumber): readonly unknown[] {
  return Array.from({ length: value.length / width }, (_, index) => read(value, index * width));
}

function itemsJson(cursor: Cursor, place: ElementPlace, encoding: JsonEncoding, depth: number): readonly DicomJson[] {
  if (depth > MAX_DEPTH) throw malformedFile(`is nested deeper than ${MAX_DEPTH} sequences`, place.tag, place.value);
  const items: DicomJson[] = [];
  let position = place.value;
  while (position < place.valueEnd) {
    readHeader(cursor, position, false);
    if (cursor.tag !== ITEM) throw malformedFile("stands where an item of a sequence should begin", cursor.tag, position);
    const { value, length } = cursor;
    const defined = length !== UNDEFINED_LENGTH;
    const limit = defined ? value + length : place.valueEnd;
    if (limit > place.valueEnd) throw malformedFile("reaches past the end of its sequence", cursor.tag, position);
    const [item, end] = itemJson(cursor, value, limit, defined, encoding, depth);
    items.push(item);
    position = end;
  }
  return items;
}

/** One item, and where the next begins. */
function itemJson(
  cursor: Cursor,
  from: number,
  limit: number,
  defined: boolean,
  outer: JsonEncoding,
  depth: number,
): readonly [DicomJson, number] {
  let encoding = outer;
  const item: Record<string, DicomJsonElement> = {};
  let position = from;
  while (position < limit) {
    readHeader(cursor, position, encoding.explicitVr);
    const { tag, vr, value, length } = cursor;
    if (!defined && tag === ITEM_DELIMITATION) return [item, value];
    const valueEnd =
      length === UNDEFINED_LENGTH
        ? endOfItems(cursor.bytes, value, encoding.explicitVr && vr !== VR_UN, depth + 1)
        : value + length;
    if (valueEnd > limit) throw malformedFile("reaches past the end of its item", tag, position);
    const place = { tag, vr, value, valueEnd };
    if (tag === Tag.SpecificCharacterSet)
      encoding = { ...encoding, decodeText: textDecodingFor((cursor.bytes as Buffer).toString("latin1", value, valueEnd).trim()) };
    const element = jsonOf(cursor, place, encoding, depth + 1);
    if (element !== undefined && (tag & 0xffff) !== 0) item[jsonKey(tag)] = element;
    position = length === UNDEFINED_LENGTH ? valueEnd + DELIMITER_BYTES : valueEnd;
  }
  return [item, position];
}

/** Where the items of a sequence of undefined length end, before the delimitation item. The bytes hold all of it. */
function endOfItems(bytes: Uint8Array, from: number, explicitVr: boolean, depth: number): number {
  return walkItems(cursorOver(bytes, 0, bytes.length, 0), from, explicitVr, depth) - DELIMITER_BYTES;
}
