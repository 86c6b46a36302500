import { UNDEFINED_LENGTH, VR_UN } from "../scan/element-header.ts";
import { createElementTable, findElement } from "../scan/element-table.ts";
import { findItems, scanItem, type ScannedItem } from "../series/frames/item-places.ts";
import { put, spliceElements, spliceGrowth, type ElementEdit } from "./splice.ts";

const ITEM_HEADER_BYTES = 8;
/** Items of functional groups hold few elements; tables grow where they do not. */
const ROOM = 32;

/**
 * Edits elements inside the items of a sequence: everything else in it keeps its bytes, lengths and delimiters of the edited
 * items as they were. Nothing where the sequence is absent or no item changes.
 * @param editsOf is lent each item until the next: its edits, at most one for each tag, ascending.
 */
export function editItems(of: ScannedItem, tag: number, editsOf: (item: ScannedItem, index: number) => readonly ElementEdit[]): ElementEdit[] {
  const places = findItems(of, tag);
  const table = createElementTable(ROOM);
  const parts: Uint8Array[] = [];
  let isChanged = false;
  for (const [index, { start, from, to, end }] of places.items.entries()) {
    const edits = editsOf(scanItem(of, places, index, table), index);
    if (edits.length === 0) {
      parts.push(of.bytes.subarray(start, end));
      continue;
    }
    isChanged = true;
    const out = Buffer.allocUnsafe(ITEM_HEADER_BYTES + to - from + spliceGrowth(edits));
    of.bytes.copy(out, 0, start, from);
    const length = spliceElements(of.bytes, table, places.explicitVr, edits, out, ITEM_HEADER_BYTES) - ITEM_HEADER_BYTES;
    if (out.readUInt32LE(4) !== UNDEFINED_LENGTH) out.writeUInt32LE(length, 4);
    parts.push(out.subarray(0, ITEM_HEADER_BYTES + length), of.bytes.subarray(to, end));
  }
  return isChanged ? [put({ tag, vr: isUnknown(of, tag) ? "UN" : "SQ", value: Buffer.concat(parts) })] : [];
}

/**
 * Adds items behind those that a sequence has, or makes it.
 * @param items encodes them; a sequence that is carried as UN is in implicit VR whatever the file is (PS3.5 6.2.2).
 */
export function appendItems(to: ScannedItem, tag: number, items: (explicitVr: boolean) => Uint8Array): ElementEdit {
  if (findElement(to.table, tag) < 0) return put({ tag, vr: "SQ", value: items(to.explicitVr) });
  return { kind: "append", tag, items: items(to.explicitVr && !isUnknown(to, tag)) };
}

function isUnknown({ table }: ScannedItem, tag: number): boolean {
  const row = findElement(table, tag);
  return row >= 0 && table.vr[row] === VR_UN;
}
