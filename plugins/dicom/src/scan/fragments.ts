import { HilumError, type SourceFile } from "@hilum/core";
import { ITEM, MAX_ELEMENTS, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from "./element-header.ts";
import { malformedFile, tagText } from "./malformed-file.ts";
import { Tag } from "./tags.ts";

const WINDOW_BYTES = 4 * 1024;
const ITEM_HEADER_BYTES = 8;

/**
 * Walks the items of encapsulated Pixel Data (PS3.5 A.4) by their lengths, without loading them; a delimiter inside of a
 * fragment is none.
 * @param from where the value begins, bytes from the start of the file: the Basic Offset Table item.
 * @param visit is given each item's value, the Basic Offset Table first: where it begins, and its length.
 * @returns where the next element begins, after the delimitation item.
 * @throws {HilumError} TRUNCATED_PIXEL_DATA when the file ends before the delimitation item; MALFORMED_FILE.
 */
export function walkFragments(file: SourceFile, from: number, visit?: (position: number, length: number) => void): number {
  const window = Buffer.allocUnsafe(WINDOW_BYTES);
  let windowStart = 0;
  let windowEnd = 0;
  let position = from;
  for (let count = 0; ; count++) {
    if (position + ITEM_HEADER_BYTES > file.size) throw endsEarly(position, file.size);
    if (position < windowStart || position + ITEM_HEADER_BYTES > windowEnd) {
      windowStart = position;
      windowEnd = position + file.read(window, position);
      if (position + ITEM_HEADER_BYTES > windowEnd) throw endsEarly(position, file.size);
    }
    const at = position - windowStart;
    const tag = ((window.readUInt16LE(at) << 16) | window.readUInt16LE(at + 2)) >>> 0;
    const length = window.readUInt32LE(at + 4);
    const value = position + ITEM_HEADER_BYTES;
    if (tag === SEQUENCE_DELIMITATION) {
      if (count === 0) throw malformedFile("stands where the Basic Offset Table should begin", tag, position);
      return value;
    }
    if (tag !== ITEM) throw malformedFile("stands where a fragment of Pixel Data should begin", tag, position);
    if (length === UNDEFINED_LENGTH) throw malformedFile("is a fragment of undefined length", tag, position);
    if (count > MAX_ELEMENTS) throw malformedFile(`is one of more than ${MAX_ELEMENTS} fragments`, tag, position);
    if (value + length > file.size) throw endsEarly(position, file.size);
    visit?.(value, length);
    position = value + length;
  }
}

function endsEarly(position: number, fileSize: number): HilumError {
  return new HilumError("TRUNCATED_PIXEL_DATA", `The file ends inside the fragments of Pixel Data, after the item at offset ${position}.`, {
    details: { tag: tagText(Tag.PixelData), offset: position, fileBytes: fileSize },
  });
}
