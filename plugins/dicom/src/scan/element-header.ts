import { HilumError } from "@hilum/core";
import { malformedFile } from "./malformed-file.ts";

/** Sequences inside sequences inside …; deeper ones are refused. */
export const MAX_DEPTH = 64;
/** Elements and items that are walked in one data set; more are refused. */
export const MAX_ELEMENTS = 100_000;

export const UNDEFINED_LENGTH = 0xffffffff;
export const ITEM = 0xfffee000;
export const ITEM_DELIMITATION = 0xfffee00d;
export const SEQUENCE_DELIMITATION = 0xfffee0dd;
export const VR_SQ = 0x5351;
export const VR_UN = 0x554e;

export const GROUP_OF_ITEMS = 0xfffe;

/** By first and second letter: 1 where a 2-byte length follows the VR, 2 where 2 reserved bytes and a 4-byte length do (PS3.5 7.1.2). */
const VR_FORM = new Uint8Array(26 * 26);
for (const vr of "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split(" ")) VR_FORM[vrIndex(vr)] = 1;
for (const vr of "OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(" ")) VR_FORM[vrIndex(vr)] = 2;

function vrIndex(vr: string): number {
  return (vr.charCodeAt(0) - 65) * 26 + vr.charCodeAt(1) - 65;
}

function vrForm(first: number, second: number): number {
  if (first < 65 || first > 90 || second < 65 || second > 90) return 0;
  return VR_FORM[(first - 65) * 26 + second - 65] as number;
}

/** Whether two letters are a VR. */
export function isVr(first: number, second: number): boolean {
  return vrForm(first, second) !== 0;
}

/** Whether a 2-byte length follows the VR. */
export function isShortForm(first: number, second: number): boolean {
  return vrForm(first, second) === 1;
}

/** The bytes, and the header read last: one object for a whole scan, so that an element costs no allocation. */
export interface Cursor {
  readonly bytes: Uint8Array;
  readonly bytesStart: number;
  readonly fileSize: number;
  walked: number;
  neededTo: number;
  tag: number;
  vr: number;
  value: number;
  length: number;
}

/** A cursor over the bytes of a file from `bytesStart` on; `walked` elements have been counted before. */
export function cursorOver(bytes: Uint8Array, bytesStart: number, fileSize: number, walked: number): Cursor {
  return { bytes, bytesStart, fileSize, walked, neededTo: 0, tag: 0, vr: 0, value: 0, length: 0 };
}

/**
 * Reads tag, VR (0 in implicit VR), length and place of the value into the cursor; false where the bytes end before the
 * header does, with `neededTo` set.
 * @throws {HilumError} MALFORMED_FILE when the file ends inside the header, the VR is none, or elements are too many.
 */
export function readHeader(cursor: Cursor, position: number, explicitVr: boolean): boolean {
  const { bytes } = cursor;
  const at = position - cursor.bytesStart;
  if (at + 8 > bytes.length) return lacks(cursor, position, 8);
  const tag =
    (((bytes[at] as number) << 16) |
      ((bytes[at + 1] as number) << 24) |
      (bytes[at + 2] as number) |
      ((bytes[at + 3] as number) << 8)) >>>
    0;
  cursor.tag = tag;
  if (++cursor.walked > MAX_ELEMENTS) throw malformedFile(`is one of more than ${MAX_ELEMENTS} elements`, tag, position);
  if (!explicitVr || tag >>> 16 === GROUP_OF_ITEMS) {
    cursor.vr = 0;
    cursor.value = position + 8;
    cursor.length = uint32(bytes, at + 4);
    return true;
  }
  const first = bytes[at + 4] as number;
  const second = bytes[at + 5] as number;
  const form = vrForm(first, second);
  if (form === 0) throw malformedFile("has no valid VR", tag, position);
  cursor.vr = (first << 8) | second;
  if (form === 1) {
    cursor.value = position + 8;
    cursor.length = (bytes[at + 6] as number) | ((bytes[at + 7] as number) << 8);
    return true;
  }
  if (at + 12 > bytes.length) return lacks(cursor, position, 12);
  cursor.value = position + 12;
  cursor.length = uint32(bytes, at + 8);
  return true;
}

function lacks(cursor: Cursor, position: number, headerLength: number): false {
  if (position + headerLength > cursor.fileSize)
    throw new HilumError("MALFORMED_FILE", `The file ends inside an element that begins at offset ${position}.`, {
      details: { offset: position },
    });
  cursor.neededTo = position + headerLength;
  return false;
}

function uint32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}
