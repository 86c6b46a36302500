import { isDeepStrictEqual } from "node:util";
import type { DicomJson, DicomJsonElement } from "@hilum/core";
import { elementJson, jsonKey } from "../../scan/data-set-json.ts";
import { Tag } from "../../scan/tags.ts";
import { textDecodingFor } from "../../scan/text.ts";
import type { DicomInstance } from "../../series/dicom-instance.ts";
import { goesFrom } from "./check-kept.ts";
import { keepingRule } from "./meant-changes.ts";
import type { ReadBackFile } from "./read-back-file.ts";
import { must } from "./rule.ts";
import type { TagRules } from "./tag-rules.ts";
import type { TemplateHeader } from "./template-header.ts";

const CHARACTER_SET = jsonKey(Tag.SpecificCharacterSet);

/**
 * Checks that a file says what the attributes say that its template was made of, where it was made of any: the template's own
 * bytes came from the writer's encoder. Compared in the DICOM JSON model, read from the file by the reader's decoder; what set
 * of characters the text is in may differ, and the text may not.
 */
export function checkAttributes(file: ReadBackFile, header: TemplateHeader, rules: TagRules, { attributes, pixel: { signed } }: DicomInstance): void {
  if (attributes === undefined) return;
  const { bytes, table } = file;
  const goes = goesFrom(header, rules);
  const isCompared = (tag: number): boolean => !rules.changeable.has(tag) && tag !== Tag.SpecificCharacterSet;
  const encoding = { explicitVr: true, signed, decodeText: textDecodingFor(file.text(Tag.SpecificCharacterSet)) };
  for (let row = 0; row < table.count; row++) {
    const tag = table.tag[row] as number;
    if (!isCompared(tag)) continue;
    const place = { tag, vr: table.vr[row] as number, value: table.value[row] as number, valueEnd: table.valueEnd[row] as number };
    const given = attributes[jsonKey(tag)];
    must(given !== undefined, "nothing is added but what a derived image says", tag);
    must(isDeepStrictEqual(withoutSets(elementJson(bytes, place, encoding)), withoutSets(given)), keepingRule(tag), tag);
  }
  for (const key of Object.keys(attributes)) {
    const tag = Number.parseInt(key, 16);
    must(!isCompared(tag) || goes(tag) || file.has(tag), keepingRule(tag), tag);
  }
}

/** An element without the character sets that items in it name. */
function withoutSets(element: DicomJsonElement | undefined): DicomJsonElement | undefined {
  if (element?.vr !== "SQ" || element.Value === undefined) return element;
  const items = element.Value as readonly DicomJson[];
  return {
    ...element,
    Value: items.map((item) => Object.fromEntries(Object.entries(item).flatMap(([key, inner]) => (key === CHARACTER_SET ? [] : [[key, withoutSets(inner)]])))),
  };
}
