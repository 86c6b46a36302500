import { createElementTable, findElement, type ElementTable } from "../../scan/element-table.ts";
import type { ScannedHead } from "../../scan/values.ts";
import { findItems, scanItem, type ScannedItem } from "../../series/frames/item-places.ts";
import { isStaleGroupLength } from "../splice.ts";
import { contradictingWindows } from "../windows.ts";
import { keepingRule, LASTING } from "./meant-changes.ts";
import { must } from "./rule.ts";
import type { TagRules } from "./tag-rules.ts";

const OVERLAY_DATA = 0x3000;
/** Items of functional groups hold few elements; tables grow where they do not. */
const ROOM = 32;

/**
 * Checks that a file and its template differ in nothing but what is meant: both tables are sorted, so that one walk finds what
 * is missing, changed or too much. Neighbours that are kept are compared together, tags and all; where something may change
 * inside a sequence, so are its items.
 */
export function checkKept(file: ScannedItem, template: ScannedItem, rules: TagRules): void {
  const out = file.table;
  const kept = template.table;
  const goes = goesFrom(template, rules);
  const stays = (tag: number): boolean => !rules.changeable.has(tag) && !goes(tag);
  let row = 0;
  const passChanged = (): void => {
    for (; row < out.count; row++) {
      const tag = out.tag[row] as number;
      if (stays(tag)) return;
      must(!goes(tag), "nothing stale is left", tag);
    }
  };
  for (let i = 0; i < kept.count; i++) {
    const tag = kept.tag[i] as number;
    if (!stays(tag)) {
      must(goes(tag) || !LASTING.has(tag) || findElement(out, tag) >= 0, "what the template says and a derived image says anew is still said", tag);
      continue;
    }
    passChanged();
    must(row < out.count && (out.tag[row] as number) <= tag, keepingRule(tag), tag);
    must(out.tag[row] === tag, "nothing is added but what a derived image says", out.tag[row]);
    const from = row;
    const fromKept = i;
    // A new element may stand between two that were neighbours.
    while (row + 1 < out.count && out.tag[row + 1] === kept.tag[i + 1] && stays(kept.tag[i + 1] as number)) {
      i++;
      row++;
    }
    if (template.bytes.compare(file.bytes, out.start[from], out.end[row], kept.start[fromKept], kept.end[i]) !== 0) nameDifference(file, template, from, row, fromKept);
    row++;
  }
  passChanged();
  must(row === out.count, "nothing is added but what a derived image says", out.tag[row]);
  for (const [tag, inner] of rules.within) checkItems(file, template, tag, inner);
}

/** Tells which elements of a template must not be in what is derived of it. */
export function goesFrom(template: ScannedHead, rules: TagRules): (tag: number) => boolean {
  const overlays = overlaysInPixels(template.table);
  const windows = new Set(contradictingWindows(template));
  return (tag) => rules.stale.has(tag) || windows.has(tag) || isStaleGroupLength(tag, rules.changedGroups) || (tag >>> 24 === 0x60 && overlays.has(tag >>> 16));
}

/** Items that the template has; where it lacks the whole sequence, every item is new, and says nothing but what it may. */
function checkItems(file: ScannedItem, template: ScannedItem, tag: number, rules: TagRules): void {
  const written = findItems(file, tag);
  const kept = findItems(template, tag);
  const isNew = findElement(template.table, tag) < 0;
  must(isNew || written.items.length === kept.items.length, "sequences have as many items as the template's", tag);
  const ofFile = createElementTable(ROOM);
  const ofTemplate = createElementTable(ROOM);
  for (const index of written.items.keys())
    checkKept(scanItem(file, written, index, ofFile), isNew ? { ...template, table: ofTemplate } : scanItem(template, kept, index, ofTemplate), rules);
}

function nameDifference(file: ScannedItem, template: ScannedItem, from: number, to: number, fromKept: number): void {
  const { table } = file;
  const kept = template.table;
  for (let row = from; row <= to; row++) {
    const i = fromKept + row - from;
    const isEqual = template.bytes.compare(file.bytes, table.start[row], table.end[row], kept.start[i], kept.end[i]) === 0;
    must(isEqual, keepingRule(table.tag[row] as number), table.tag[row]);
  }
}

/** Groups of overlays without data of their own: they lay in bits of the pixels, which are gone. */
function overlaysInPixels({ tag, count }: ElementTable): ReadonlySet<number> {
  const groups = new Set<number>();
  for (let row = 0; row < count; row++) if ((tag[row] as number) >>> 24 === 0x60) groups.add((tag[row] as number) >>> 16);
  for (let row = 0; row < count; row++) if (((tag[row] as number) & 0xffff) === OVERLAY_DATA) groups.delete((tag[row] as number) >>> 16);
  return groups;
}
