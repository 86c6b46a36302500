import { ITEM, VR_UN } from "../../scan/element-header.ts";
import { createElementTable, findElement } from "../../scan/element-table.ts";
import { scanDataSet } from "../../scan/scan-data-set.ts";
import { rawText, type ScannedHead } from "../../scan/values.ts";
import { must } from "./rule.ts";

const ITEM_HEADER_BYTES = 8;

/** One item of a sequence: its elements, and the encoding they are in. */
export interface Item extends ScannedHead {
  readonly explicitVr: boolean;
}

/**
 * The items of a sequence that our own writer wrote: all have defined lengths.
 * @param skip bytes at the beginning of the value that hold a template's items.
 */
export function itemsOf(head: Item, tag: number, rule: string, skip = 0): readonly Item[] {
  const { bytes, table } = head;
  const row = findElement(table, tag);
  must(row >= 0, rule, tag);
  const explicitVr = head.explicitVr && table.vr[row] !== VR_UN;
  const items: Item[] = [];
  const to = table.valueEnd[row] as number;
  let at = (table.value[row] as number) + skip;
  while (at < to) {
    must(at + ITEM_HEADER_BYTES <= to && ((bytes.readUInt16LE(at) << 16) | bytes.readUInt16LE(at + 2)) >>> 0 === ITEM, rule, tag);
    const end = at + ITEM_HEADER_BYTES + bytes.readUInt32LE(at + 4);
    must(end <= to, rule, tag);
    const own = createElementTable(16);
    scanDataSet(bytes, { bytesStart: 0, from: at + ITEM_HEADER_BYTES, fileSize: end, explicitVr }, own);
    items.push({ bytes, table: own, explicitVr });
    at = end;
  }
  return items;
}

/** Whether the first item of a code sequence holds this code. */
export function holdsCode(head: Item, tag: number, value: string, scheme: string, rule: string): boolean {
  const [code] = itemsOf(head, tag, rule);
  return code !== undefined && rawText(code, 0x00080100) === value && rawText(code, 0x00080102) === scheme && rawText(code, 0x00080104) !== undefined;
}
