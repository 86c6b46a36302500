import { HilumError } from "@hilum/core";
import type { ElementTable } from "./element-table.ts";
import {
  cursorOver,
  GROUP_OF_ITEMS,
  ITEM,
  ITEM_DELIMITATION,
  MAX_DEPTH,
  readHeader,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
  VR_SQ,
  VR_UN,
  type Cursor,
} from "./element-header.ts";
import { malformedFile, tagText } from "./malformed-file.ts";
import { Tag } from "./tags.ts";

/** What the scanner has to know of the bytes it is given. */
export interface ScanOptions {
  /** Offset of `bytes[0]` in the file. */
  readonly bytesStart: number;
  /** Offset in the file where the scan begins: the data set, or the `resumeAt` of an earlier scan. */
  readonly from: number;
  /** Size of the file; no element may reach past it. */
  readonly fileSize: number;
  /** Whether the data set is in explicit VR (little endian in any case). */
  readonly explicitVr: boolean;
  /** Adds to what the table holds already, to go on from `resumeAt`; the table is emptied first otherwise. */
  readonly append?: boolean;
  /** Stops before the first element of another group: the file meta information is group 0x0002 alone. */
  readonly group?: number;
  /**
   * The data set of a file as it was received: it is over at Data Set Trailing Padding (PS3.10 7.2), whatever stands behind that,
   * and where the file ends inside of it nothing is lost.
   */
  readonly received?: true;
}

/** How a scan ended: at the end of the file (or group), or where the bytes given ended. */
export type ScanEnd =
  | {
      readonly complete: true;
      /** Where the scanned elements end, bytes from the start of the file: before its end where there is rubbish, or padding that was cut. */
      readonly end: number;
    }
  | {
      readonly complete: false;
      /** Where the first element that is not in the table begins, bytes from the start of the file. */
      readonly resumeAt: number;
      /** At least the bytes before this offset are needed to go on. */
      readonly neededTo: number;
      /**
       * Set where `resumeAt` is the first item of encapsulated Pixel Data: its row is in the table, and its end is not known.
       * The scan goes on behind its fragments, which are not walked here since they are not to be loaded.
       */
      readonly inFragments?: true;
    };

const FLOAT_PIXEL_DATA = 0x7fe00008;
const PIXEL_DATA = 0x7fe00010;

/** What a walk returns instead of a position when it needs bytes that are not there. */
const NEEDS_MORE = -1;

/** The limit of what has undefined length: its delimitation item ends it. */
const OPEN = Number.POSITIVE_INFINITY;

/**
 * Finds where the top-level elements of a data set lie (PS3.5 section 7), little endian, explicit or implicit VR. `bytes`
 * may be the head of the file only: a value of defined length is skipped over, whether its bytes are there or not.
 *
 * Tags must ascend strictly, so that the table is sorted.
 * @throws {HilumError} TRUNCATED_PIXEL_DATA when Pixel Data reaches past the end of the file; MALFORMED_FILE for anything
 * else that breaks the rules, with tag and offset.
 */
export function scanDataSet(bytes: Uint8Array, options: ScanOptions, table: ElementTable): ScanEnd {
  const { bytesStart, fileSize, explicitVr, group } = options;
  if (options.append !== true) table.count = 0;
  const cursor = cursorOver(bytes, bytesStart, fileSize, table.count);
  let previous = table.count === 0 ? -1 : (table.tag[table.count - 1] as number);
  let position = options.from;
  while (position < fileSize) {
    const at = position - bytesStart;
    if (group !== undefined && at + 2 <= bytes.length && ((bytes[at] as number) | ((bytes[at + 1] as number) << 8)) !== group) break;
    if (!readHeader(cursor, position, explicitVr)) return { complete: false, resumeAt: position, neededTo: cursor.neededTo };
    const { tag, vr, value, length } = cursor;
    if (tag >>> 16 === GROUP_OF_ITEMS) throw malformedFile("stands outside of any sequence", tag, position);
    if (tag <= previous) throw malformedFile("does not come after the element before it", tag, position);
    let end: number;
    const isPadding = options.received === true && tag === Tag.DataSetTrailingPadding;
    const inFragments = length === UNDEFINED_LENGTH && tag === PIXEL_DATA;
    if (inFragments) end = fileSize;
    else if (length === UNDEFINED_LENGTH) {
      if (explicitVr && vr !== VR_SQ && vr !== VR_UN) throw malformedFile("has undefined length and is no sequence", tag, position);
      end = walkItems(cursor, value, explicitVr && vr !== VR_UN, 1);
      if (end === NEEDS_MORE) return { complete: false, resumeAt: position, neededTo: cursor.neededTo };
    } else {
      end = value + length;
      if (end > fileSize && isPadding) break;
      if (end > fileSize) throw reachesPastEnd(tag, position, value, length, fileSize);
      // Only an explicit VR tells a sequence of defined length from other values.
      if (explicitVr && vr === VR_SQ && walkItems(cursor, value, true, 1, end) === NEEDS_MORE)
        return { complete: false, resumeAt: position, neededTo: cursor.neededTo };
    }
    if (table.count === table.tag.length) enlarge(table);
    const row = table.count++;
    table.tag[row] = tag;
    table.vr[row] = vr;
    table.start[row] = position;
    table.value[row] = value;
    table.valueEnd[row] = length === UNDEFINED_LENGTH && !inFragments ? end - 8 : end;
    table.end[row] = end;
    if (inFragments) return { complete: false, resumeAt: value, neededTo: value, inFragments: true };
    previous = tag;
    position = end;
    if (isPadding) break;
  }
  return { complete: true, end: position };
}

/**
 * Walks the items of a sequence. @returns where it ends, after its delimitation item where its length is undefined, or −1
 * when the bytes end before it does, with `neededTo` of the cursor set.
 * @param limit where a sequence of defined length ends, bytes from the start of the file.
 * @throws {HilumError} MALFORMED_FILE.
 */
export function walkItems(cursor: Cursor, from: number, explicitVr: boolean, depth: number, limit = OPEN): number {
  if (depth > MAX_DEPTH) throw malformedFile(`is nested deeper than ${MAX_DEPTH} sequences`, cursor.tag, from);
  let position = from;
  while (position < limit) {
    if (!readHeader(cursor, position, false)) return NEEDS_MORE;
    const { tag, value, length } = cursor;
    if (limit === OPEN && tag === SEQUENCE_DELIMITATION) return value;
    if (tag !== ITEM) throw malformedFile("stands where an item of a sequence should begin", tag, position);
    const isOpen = length === UNDEFINED_LENGTH;
    const end = isOpen ? OPEN : value + length;
    if (!isOpen && end > Math.min(limit, cursor.fileSize)) throw malformedFile("reaches past the end of its sequence", tag, position);
    position = walkElements(cursor, value, explicitVr, depth, end);
    if (position === NEEDS_MORE) return NEEDS_MORE;
  }
  if (position > limit) throw malformedFile("reaches past the end of its sequence", ITEM, from);
  return limit;
}

/** Walks the elements of an item; where it ends, after its delimitation item where its length is undefined. */
function walkElements(cursor: Cursor, from: number, explicitVr: boolean, depth: number, limit = OPEN): number {
  let position = from;
  while (position < limit) {
    if (!readHeader(cursor, position, explicitVr)) return NEEDS_MORE;
    const { tag, vr, value, length } = cursor;
    if (limit === OPEN && tag === ITEM_DELIMITATION) return value;
    if (tag >>> 16 === GROUP_OF_ITEMS) throw malformedFile("stands where an element of an item should begin", tag, position);
    const isSequence = explicitVr && vr === VR_SQ;
    if (length === UNDEFINED_LENGTH) {
      if (explicitVr && !isSequence && vr !== VR_UN) throw malformedFile("has undefined length and is no sequence", tag, position);
      position = walkItems(cursor, value, explicitVr && vr !== VR_UN, depth + 1);
    } else {
      const end = value + length;
      if (end > Math.min(limit, cursor.fileSize)) throw malformedFile(`reaches past the end of ${limit === OPEN ? "the file" : "its item"}`, tag, position);
      position = isSequence ? walkItems(cursor, value, true, depth + 1, end) : end;
    }
    if (position === NEEDS_MORE) return NEEDS_MORE;
  }
  if (position > limit) throw malformedFile("reaches past the end of its item", ITEM, from);
  return limit;
}

function reachesPastEnd(tag: number, position: number, value: number, length: number, fileSize: number): HilumError {
  if (!isPixelData(tag)) return malformedFile("reaches past the end of the file", tag, position);
  return new HilumError("TRUNCATED_PIXEL_DATA", `Pixel Data promises ${length} bytes and the file holds ${fileSize - value}.`, {
    details: { tag: tagText(tag), offset: position, promisedBytes: length, presentBytes: fileSize - value },
  });
}

function isPixelData(tag: number): boolean {
  return tag >= FLOAT_PIXEL_DATA && tag <= PIXEL_DATA;
}

function grown<T extends Uint32Array | Uint16Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

function enlarge(table: ElementTable): void {
  const capacity = table.tag.length * 2;
  table.tag = grown(table.tag, new Uint32Array(capacity));
  table.vr = grown(table.vr, new Uint16Array(capacity));
  table.start = grown(table.start, new Float64Array(capacity));
  table.value = grown(table.value, new Float64Array(capacity));
  table.valueEnd = grown(table.valueEnd, new Float64Array(capacity));
  table.end = grown(table.end, new Float64Array(capacity));
}
