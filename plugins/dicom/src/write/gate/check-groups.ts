import { createElementTable } from "../../scan/element-table.ts";
import { rawText } from "../../scan/values.ts";
import { findItems, firstItem, scanItem, type ScannedItem } from "../../series/frames/item-places.ts";
import type { ExpectedInstance } from "./expected-series.ts";
import { frameGroupsOf, type FrameGroups } from "./frame-groups.ts";
import { holdsCode, itemsOf, type Item } from "./items.ts";
import { DERIVED_GROUPS, FRAME_TYPES, referencesTag } from "./meant-group-changes.ts";
import { valueIn, type ReadBackFile } from "./read-back-file.ts";
import { must } from "./rule.ts";
import type { TemplateHeader } from "./template-header.ts";

const TAG = Object.freeze({
  modality: 0x00080060,
  referencedSeriesSequence: 0x00081115,
  referencedSOPClassUID: 0x00081150,
  referencedSOPInstanceUID: 0x00081155,
  referencedFrameNumber: 0x00081160,
  referencedInstanceSequence: 0x0008114a,
  referencedSOPSequence: 0x00081199,
  sourceImageSequence: 0x00082112,
  derivationCodeSequence: 0x00089215,
  studyInstanceUID: 0x0020000d,
  seriesInstanceUID: 0x0020000e,
  purposeOfReferenceCodeSequence: 0x0040a170,
});

/** Checks what an enhanced instance says of its derivation, frame by frame (PS3.3 C.7.6.16.2.6, C.8.16.1). */
export function checkGroups(file: ReadBackFile, groups: FrameGroups, template: TemplateHeader, { template: source, frames }: ExpectedInstance): void {
  const kept = frameGroupsOf(template, source.sopClassUID, frames.length);
  const isPet = file.text(TAG.modality) === "PT";
  for (const i of frames.keys()) for (const tag of FRAME_TYPES) checkFrameType(groups(i, tag), kept(i, tag), isPet);
  checkDerivations(file, template, source);
  checkReferences(file, template, source);
}

function checkFrameType(type: ScannedItem, kept: ScannedItem, isPet: boolean): void {
  const before = rawText(kept, DERIVED_GROUPS.frameType)?.split("\\");
  if (before === undefined) return;
  const [, second = "PRIMARY", ...others] = before;
  const expected = ["DERIVED", isPet ? "PRIMARY" : second, ...others];
  must(rawText(type, DERIVED_GROUPS.frameType) === expected.join("\\"), "Frame Type says DERIVED, and keeps its other values", DERIVED_GROUPS.frameType);
}

function checkDerivations(file: ReadBackFile, template: TemplateHeader, source: ExpectedInstance["template"]): void {
  const rule = "the derivation of each frame keeps what it had, and names the template's frame first, and why";
  const tag = DERIVED_GROUPS.derivationImageSequence;
  const sharedBefore = sharedDerivation(template);
  must(sharedDerivation(file) === undefined, rule, tag);
  const [written, before] = [findItems(file, DERIVED_GROUPS.perFrameFunctionalGroupsSequence), findItems(template, DERIVED_GROUPS.perFrameFunctionalGroupsSequence)];
  for (const i of written.items.keys()) {
    const item = scanItem(file, written, i, createElementTable(32));
    const ofFrame = before.items.length === 0 ? undefined : valueIn(scanItem(template, before, i, createElementTable(32)), tag);
    const kept = ofFrame ?? sharedBefore ?? Buffer.alloc(0);
    must(valueIn(item, tag)?.subarray(0, kept.length).equals(kept) === true, rule, tag);
    const [own, ...more] = itemsOf(item, tag, rule, kept.length);
    if (own === undefined || more.length > 0) return must(false, rule, tag);
    const sources = itemsOf(own, TAG.sourceImageSequence, rule);
    const [first] = sources;
    must(first !== undefined && rawText(first, TAG.referencedSOPInstanceUID) === source.sopInstanceUID, rule, tag);
    must(first !== undefined && rawText(first, TAG.referencedSOPClassUID) === source.sopClassUID, rule, tag);
    must(first !== undefined && rawText(first, TAG.referencedFrameNumber) === `${i + 1}`, rule, tag);
    must(sources.every((each) => holdsCode(each, TAG.purposeOfReferenceCodeSequence, "121322", "DCM", rule)), rule, tag);
    must(itemsOf(own, TAG.derivationCodeSequence, rule).length > 0, rule, tag);
  }
}

function sharedDerivation(of: ScannedItem): Buffer | undefined {
  const shared = firstItem(of, DERIVED_GROUPS.sharedFunctionalGroupsSequence, createElementTable(32));
  return shared && valueIn(shared, DERIVED_GROUPS.derivationImageSequence);
}

function checkReferences(file: ReadBackFile, template: TemplateHeader, source: ExpectedInstance["template"]): void {
  const tag = referencesTag(source.sopClassUID);
  const isMap = tag === DERIVED_GROUPS.referencedSeriesSequence;
  const rule = isMap
    ? "Referenced Series Sequence keeps what it had, and names the template instance by its series"
    : "Source Image Evidence Sequence keeps what it had, and names the template instance by its study and series";
  const kept = valueIn(template, tag) ?? Buffer.alloc(0);
  must(file.value(tag)?.subarray(0, kept.length).equals(kept) === true, rule, tag);
  const [own, ...more] = itemsOf(file, tag, rule, kept.length);
  if (own === undefined || more.length > 0) return must(false, rule, tag);
  if (isMap) return checkSeries(own, TAG.referencedInstanceSequence, source, rule, tag);
  must(rawText(own, TAG.studyInstanceUID) === rawText(template, TAG.studyInstanceUID), rule, tag);
  const series = itemsOf(own, TAG.referencedSeriesSequence, rule).find((item) => rawText(item, TAG.seriesInstanceUID) === source.seriesInstanceUID);
  if (series === undefined) return must(false, rule, tag);
  checkSeries(series, TAG.referencedSOPSequence, source, rule, tag);
}

/** Checks that the item of a series names an instance of it. @param instances tag of the sequence of its instances. */
function checkSeries(series: Item, instances: number, source: ExpectedInstance["template"], rule: string, tag: number): void {
  const named = itemsOf(series, instances, rule);
  must(rawText(series, TAG.seriesInstanceUID) === source.seriesInstanceUID, rule, tag);
  must(named.some((item) => rawText(item, TAG.referencedSOPInstanceUID) === source.sopInstanceUID && rawText(item, TAG.referencedSOPClassUID) === source.sopClassUID), rule, tag);
}
