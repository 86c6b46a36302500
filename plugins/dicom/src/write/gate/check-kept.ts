import type { ElementTable } from "../../scan/element-table.ts";
import { isStaleGroupLength } from "../splice.ts";
import type { StoredForm } from "../stored-form.ts";
import { contradictingWindows } from "../windows.ts";
import { changeableTags, keepingRule, LASTING, staleTags } from "./meant-changes.ts";
import type { ReadBackFile } from "./read-back-file.ts";
import { must } from "./rule.ts";
import type { TemplateHeader } from "./template-header.ts";

const OVERLAY_DATA = 0x3000;

/** Tags of one kind of stored form, made once for a series. */
export interface TagRules {
  readonly changeable: ReadonlySet<number>;
  readonly stale: ReadonlySet<number>;
  /** Groups whose lengths (gggg,0000) are wrong as soon as something of the group changes. */
  readonly changedGroups: ReadonlySet<number>;
}

/** The rules about tags for instances of a stored form. */
export function tagRulesOf(form: StoredForm): TagRules {
  const changeable = changeableTags(form);
  const stale = staleTags(form);
  return { changeable, stale, changedGroups: new Set([...changeable, ...stale].map((tag) => tag >>> 16)) };
}

/**
 * Checks that a file and its template differ in nothing but what is meant: both tables are sorted, so that one walk finds what
 * is missing, changed or too much. Neighbours that are kept are compared together, tags and all.
 */
export function checkKept(file: ReadBackFile, template: TemplateHeader, rules: TagRules): void {
  const out = file.table;
  const kept = template.table;
  const overlays = overlaysInPixels(kept);
  const windows = new Set(contradictingWindows(template));
  const goes = (tag: number): boolean =>
    rules.stale.has(tag) || windows.has(tag) || isStaleGroupLength(tag, rules.changedGroups) || (tag >>> 24 === 0x60 && overlays.has(tag >>> 16));
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
      must(!LASTING.has(tag) || file.has(tag), "what the template says and a derived image says anew is still said", tag);
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
}

function nameDifference(file: ReadBackFile, template: TemplateHeader, from: number, to: number, fromKept: number): void {
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
