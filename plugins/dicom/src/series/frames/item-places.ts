import { cursorOver, ITEM, ITEM_DELIMITATION, readHeader, UNDEFINED_LENGTH, VR_SQ, VR_UN, type Cursor } from "../../scan/element-header.ts";
import { findElement, type ElementTable } from "../../scan/element-table.ts";
import { malformedFile } from "../../scan/malformed-file.ts";
import { scanDataSet, walkItems } from "../../scan/scan-data-set.ts";
import type { ScannedHead } from "../../scan/values.ts";

/** Items of one sequence, and frames of one instance; more are refused. */
export const MAX_FRAMES = 100_000;

const DELIMITER_BYTES = 8;

/** A data set, of a file or of an item in it, that was scanned. */
export interface ScannedItem extends ScannedHead {
  readonly explicitVr: boolean;
}

/** Where the data sets of a sequence's items lie, bytes from the start of the file. */
export interface ItemPlaces {
  readonly explicitVr: boolean;
  /** Where the item itself begins, its elements begin and end, and the next item begins. */
  readonly items: readonly { readonly start: number; readonly from: number; readonly to: number; readonly end: number }[];
}

/**
 * The items of a sequence, found without reading what is in them; none where the sequence is absent or empty.
 * @throws {HilumError} MALFORMED_FILE.
 */
export function findItems({ bytes, table, explicitVr }: ScannedItem, tag: number): ItemPlaces {
  const row = findElement(table, tag);
  const items: ItemPlaces["items"][number][] = [];
  if (row < 0) return { explicitVr, items };
  const vr = table.vr[row] as number;
  if (vr !== 0 && vr !== VR_SQ && vr !== VR_UN) throw malformedFile("is no sequence", tag, table.start[row] as number);
  // A sequence that came by way of UN is implicit VR (PS3.5 6.2.2).
  const ofItems = explicitVr && vr !== VR_UN;
  const end = table.valueEnd[row] as number;
  const cursor = cursorOver(bytes.subarray(0, end), 0, end, 0);
  let position = table.value[row] as number;
  while (position < end) {
    // Elements are counted for each item: how many there can be of all follows from the bytes.
    cursor.walked = 0;
    readHeader(cursor, position, false);
    if (cursor.tag !== ITEM) throw malformedFile("stands where an item of a sequence should begin", cursor.tag, position);
    if (items.length === MAX_FRAMES) throw malformedFile(`has more than ${MAX_FRAMES} items`, tag, table.start[row] as number);
    const from = cursor.value;
    const defined = cursor.length !== UNDEFINED_LENGTH;
    if (defined && from + cursor.length > end) throw malformedFile("reaches past the end of its sequence", cursor.tag, position);
    const to = defined ? from + cursor.length : endOfElements(cursor, from, ofItems);
    const next = defined ? to : to + DELIMITER_BYTES;
    items.push({ start: position, from, to, end: next });
    position = next;
  }
  return { explicitVr: ofItems, items };
}

/** Where the elements of an item of undefined length end, before its delimitation item. */
function endOfElements(cursor: Cursor, from: number, explicitVr: boolean): number {
  let position = from;
  for (;;) {
    readHeader(cursor, position, explicitVr);
    const { tag, vr, value, length } = cursor;
    if (tag === ITEM_DELIMITATION) return position;
    if (length === UNDEFINED_LENGTH) position = walkItems(cursor, value, explicitVr && vr !== VR_UN, 2);
    else position = value + length;
  }
}

/**
 * Fills a table with the elements of one item, so that its values are read like those of a file.
 * @throws {HilumError} MALFORMED_FILE.
 */
export function scanItem({ bytes }: ScannedHead, { items, explicitVr }: ItemPlaces, index: number, table: ElementTable): ScannedItem {
  const { from, to } = items[index] as ItemPlaces["items"][number];
  scanDataSet(bytes.subarray(0, to), { bytesStart: 0, from, fileSize: to, explicitVr }, table);
  return { bytes, table, explicitVr };
}

/** The first item of a sequence, scanned into a table; undefined where there is none. @throws {HilumError} MALFORMED_FILE. */
export function firstItem(of: ScannedItem, tag: number, table: ElementTable): ScannedItem | undefined {
  const places = findItems(of, tag);
  return places.items.length === 0 ? undefined : scanItem(of, places, 0, table);
}
