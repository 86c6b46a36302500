import { HilumError, isHilumError, type DicomJson, type DicomJsonElement } from "@hilum/core";
import { BINARY, IN_CHARACTER_SET } from "../scan/data-set-json.ts";
import { isShortForm, isVr, MAX_DEPTH } from "../scan/element-header.ts";
import { tagText } from "../scan/malformed-file.ts";
import { Tag } from "../scan/tags.ts";
import { paddedText, sequenceElement, type EncodedElement } from "./encode-element.ts";
import { TEMPLATE_REMEDY } from "./template-remedy.ts";

/** In what text goes that is more than ASCII: it has every character that the DICOM JSON model can hold. */
export const UTF_8 = "ISO_IR 192";

/** Longest value behind a length of two bytes, even. */
const MAX_SHORT_FORM_BYTES = 0xfffe;

/** What cannot be decoded became this when the attributes were made, so that the bytes behind it are not known. */
const UNDECODABLE = "\uFFFD";

/**
 * The elements of a data set in the DICOM JSON model (PS3.18 F.2), in order of tags, to be written in explicit VR little endian.
 * Text in ASCII keeps the Specific Character Set that it had; with anything beyond, all of the data set is UTF-8 and says so.
 * @throws {HilumError} MALFORMED_FILE where a value is none of its VR; UNSUPPORTED_WRITE where the attributes do not hold what the
 * source had, or explicit VR has no room for it. Both name the tag.
 */
export function encodeAttributes(attributes: DicomJson): EncodedElement[] {
  if (isAscii(attributes)) return elementsOf(attributes, false, 0);
  return elementsOf({ ...attributes, [SPECIFIC_CHARACTER_SET]: { vr: "CS" } }, true, 0);
}

/** Whether all texts in something are; what is nested too deep for a data set is refused later. */
function isAscii(something: unknown, depth = 0): boolean {
  if (typeof something === "string") return !/\P{ASCII}/u.test(something);
  if (typeof something !== "object" || something === null || depth > MAX_DEPTH * LEVELS_OF_A_SEQUENCE) return true;
  return Object.values(something).every((inner) => isAscii(inner, depth + 1));
}

/** An element, its values, an item. */
const LEVELS_OF_A_SEQUENCE = 3;

const SPECIFIC_CHARACTER_SET = "00080005";
const KEY = /^[0-9A-F]{8}$/;

function elementsOf(attributes: DicomJson, inUtf8: boolean, depth: number): EncodedElement[] {
  return Object.entries(attributes)
    .map(([key, element]) => {
      if (!KEY.test(key)) throw malformed(0);
      const tag = Number.parseInt(key, 16);
      try {
        // An item may name a set of its own.
        if (inUtf8 && tag === Tag.SpecificCharacterSet) return { tag, vr: "CS", value: paddedText("CS", UTF_8) };
        return elementOf(tag, element, inUtf8, depth);
      } catch (cause) {
        if (isHilumError(cause)) throw cause;
        throw malformed(tag, cause);
      }
    })
    .toSorted((a, b) => a.tag - b.tag);
}

function elementOf(tag: number, element: DicomJsonElement, inUtf8: boolean, depth: number): EncodedElement {
  const { vr } = element;
  const [first, second] = [vr.charCodeAt(0), vr.charCodeAt(1)];
  if (vr.length !== 2 || !isVr(first, second) || depth > MAX_DEPTH) throw malformed(tag);
  if (vr === "SQ") {
    const items = (element.Value ?? []) as readonly DicomJson[];
    return sequenceElement(tag, items.map((item) => elementsOf(item, inUtf8, depth + 1)), true);
  }
  const value = valueOf(tag, element, inUtf8);
  if (value.length > MAX_SHORT_FORM_BYTES && isShortForm(first, second))
    throw new HilumError("UNSUPPORTED_WRITE", `The value of ${tagText(tag)} has ${value.length} bytes, and explicit VR has no room for as many.`, {
      details: { tag: tagText(tag), bytes: value.length },
      remedy: TEMPLATE_REMEDY,
    });
  return { tag, vr, value };
}

function valueOf(tag: number, { vr, Value, InlineBinary }: DicomJsonElement, inUtf8: boolean): Uint8Array {
  if (InlineBinary !== undefined) return evenly(Buffer.from(InlineBinary, "base64"));
  if (Value === undefined) return new Uint8Array(0);
  if (BINARY.has(vr)) throw malformed(tag);
  const number = NUMBERS.get(vr);
  if (number !== undefined) {
    const bytes = Buffer.alloc(Value.length * number.width);
    Value.forEach((value, index) => number.write(bytes, index * number.width, value as number));
    return bytes;
  }
  const text = Value.map((value) => textOf(value)).join("\\");
  if (text.includes(UNDECODABLE))
    throw new HilumError("UNSUPPORTED_WRITE", `The text of ${tagText(tag)} could not be decoded when the attributes were taken from their source, so that they do not hold it.`, {
      details: { tag: tagText(tag) },
      remedy: TEMPLATE_REMEDY,
    });
  // A value that is there and blank, other than one that is not there.
  if (text === "") return paddedText(vr, " ");
  return paddedText(vr, text, inUtf8 && IN_CHARACTER_SET.has(vr) ? "utf8" : "latin1");
}

/** One value of a text: a string, a number that stands for one (IS, DS), a name in its groups, or nothing. */
function textOf(value: unknown): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  const { Alphabetic = "", Ideographic = "", Phonetic = "" } = value as Readonly<Record<string, string>>;
  return `${Alphabetic}=${Ideographic}=${Phonetic}`.replace(/=+$/, "");
}

function evenly(bytes: Buffer): Buffer {
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
}

type WriteNumber = (into: Buffer, at: number, value: number | string) => void;

/** Numbers that JSON does not have stand as strings. */
const NUMBERS: ReadonlyMap<string, { readonly width: number; readonly write: WriteNumber }> = new Map([
  ["SS", { width: 2, write: ((into, at, value) => into.writeInt16LE(Number(value), at)) as WriteNumber }],
  ["US", { width: 2, write: (into, at, value) => into.writeUInt16LE(Number(value), at) }],
  ["SL", { width: 4, write: (into, at, value) => into.writeInt32LE(Number(value), at) }],
  ["UL", { width: 4, write: (into, at, value) => into.writeUInt32LE(Number(value), at) }],
  ["FL", { width: 4, write: (into, at, value) => into.writeFloatLE(Number(value), at) }],
  ["FD", { width: 8, write: (into, at, value) => into.writeDoubleLE(Number(value), at) }],
  ["SV", { width: 8, write: (into, at, value) => into.writeBigInt64LE(BigInt(value), at) }],
  ["UV", { width: 8, write: (into, at, value) => into.writeBigUInt64LE(BigInt(value), at) }],
  ["AT", { width: 4, write: (into, at, value) => into.writeUInt32LE(groupFirst(Number.parseInt(String(value), 16)), at) }],
]);

/** A tag as the number whose little-endian bytes are its group and then its element. */
function groupFirst(tag: number): number {
  return ((tag << 16) | (tag >>> 16)) >>> 0;
}

function malformed(tag: number, cause?: unknown): HilumError {
  return new HilumError("MALFORMED_FILE", `The attributes that the input carries hold no value of its VR for ${tagText(tag)}.`, { details: { tag: tagText(tag) }, cause });
}
