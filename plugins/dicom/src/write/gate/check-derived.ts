import { isLossySyntax } from "../../scan/transfer-syntaxes.ts";
import { rawText, type ScannedHead } from "../../scan/values.ts";
import type { StoredForm } from "../stored-form.ts";
import { isEnhanced } from "../written-classes.ts";
import { WRITER } from "../writer-identity.ts";
import { checkGroups } from "./check-groups.ts";
import type { ExpectedInstance } from "./expected-series.ts";
import type { FrameGroups } from "./frame-groups.ts";
import { holdsCode, itemsOf } from "./items.ts";
import { valueIn, type ReadBackFile } from "./read-back-file.ts";
import { must } from "./rule.ts";
import type { TemplateHeader } from "./template-header.ts";

const PIXEL_VALUE_TRANSFORMATION_SEQUENCE = 0x00289145;

const TAG = Object.freeze({
  mediaStorageSOPClassUID: 0x00020002,
  mediaStorageSOPInstanceUID: 0x00020003,
  transferSyntaxUID: 0x00020010,
  implementationClassUID: 0x00020012,
  imageType: 0x00080008,
  sopClassUID: 0x00080016,
  sopInstanceUID: 0x00080018,
  modality: 0x00080060,
  manufacturer: 0x00080070,
  referencedSOPClassUID: 0x00081150,
  referencedSOPInstanceUID: 0x00081155,
  derivationDescription: 0x00082111,
  sourceImageSequence: 0x00082112,
  contributingEquipmentSequence: 0x0018a001,
  seriesInstanceUID: 0x0020000e,
  windowCenter: 0x00281050,
  windowWidth: 0x00281051,
  rescaleIntercept: 0x00281052,
  rescaleSlope: 0x00281053,
  windowExplanation: 0x00281055,
  lossyImageCompression: 0x00282110,
  realWorldValueMappingSequence: 0x00409096,
  realWorldValueIntercept: 0x00409224,
  realWorldValueSlope: 0x00409225,
  purposeOfReferenceCodeSequence: 0x0040a170,
});

/** What may be in a text that the writer wrote, and how long it may be (PS3.5 table 6.2-1); by tag, since implicit VR names none. */
const TEXT: readonly (readonly [tag: number, vr: string, length: number, value: RegExp])[] = [
  [TAG.imageType, "CS", 16, /^[A-Z0-9 _]*$/],
  [0x00080012, "DA", 8, /^\d{8}$/],
  [0x00080013, "TM", 14, /^\d{6}(?:\.\d{1,6})?$/],
  [TAG.sopInstanceUID, "UI", 64, /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))*$/],
  [0x00080023, "DA", 8, /^\d{8}$/],
  [0x00080033, "TM", 14, /^\d{6}(?:\.\d{1,6})?$/],
  [0x0008103e, "LO", 64, /^[\x20-\x5b\x5d-\x7e]*$/],
  [TAG.derivationDescription, "ST", 1024, /^[\x20-\x7e]+$/],
  [TAG.seriesInstanceUID, "UI", 64, /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))*$/],
  [0x00200011, "IS", 12, /^ *[-+]?\d+ *$/],
  [TAG.windowCenter, "DS", 16, /^ *[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)? *$/],
  [TAG.windowWidth, "DS", 16, /^ *[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)? *$/],
  [TAG.rescaleIntercept, "DS", 16, /^ *[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)? *$/],
  [TAG.rescaleSlope, "DS", 16, /^ *[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)? *$/],
  [TAG.lossyImageCompression, "CS", 16, /^0[01]$/],
];

/** Checks what a derived instance says of itself (dicom.md §4; PS3.3 C.7.6.1, C.12.1). */
export function checkDerived(file: ReadBackFile, groups: FrameGroups, template: TemplateHeader, expected: ExpectedInstance): void {
  checkIdentifiers(file, expected);
  checkTexts(file, template);
  checkImageType(file, template);
  if (isEnhanced(expected.template.sopClassUID)) checkGroups(file, groups, template, expected);
  else checkSources(file, expected);
  checkEquipment(file, template);
  for (const [i, { form }] of expected.frames.entries()) checkMeaning(file, groups(i, PIXEL_VALUE_TRANSFORMATION_SEQUENCE), form);
  checkWindows(file);
  const isLossy = rawText(template, TAG.lossyImageCompression) === "01" || isLossySyntax(expected.template.transferSyntaxUID);
  must(file.text(TAG.lossyImageCompression) === (isLossy ? "01" : rawText(template, TAG.lossyImageCompression)), "lossy compression is told for ever", TAG.lossyImageCompression);
}

/** Checks what file and instance are. */
export function checkIdentifiers(file: ReadBackFile, expected: ExpectedInstance): void {
  const { meta } = file;
  const sopInstanceUID = file.text(TAG.sopInstanceUID);
  must(sopInstanceUID === expected.sopInstanceUID, "SOP Instance UID is the derived one", TAG.sopInstanceUID);
  must(rawText(meta, TAG.mediaStorageSOPInstanceUID) === sopInstanceUID, "Media Storage SOP Instance UID is the SOP Instance UID", TAG.mediaStorageSOPInstanceUID);
  must(rawText(meta, TAG.mediaStorageSOPClassUID) === file.text(TAG.sopClassUID), "Media Storage SOP Class UID is the SOP Class UID", TAG.mediaStorageSOPClassUID);
  must(rawText(meta, TAG.transferSyntaxUID) === expected.transferSyntaxUID, "the Transfer Syntax is that of the data set", TAG.transferSyntaxUID);
  must(rawText(meta, TAG.implementationClassUID) === WRITER.implementationClassUID, "the Implementation Class is the writer's own", TAG.implementationClassUID);
}

/** Values that are the template's are the template's affair. */
function checkTexts(file: ReadBackFile, template: TemplateHeader): void {
  for (const [tag, vr, length, grammar] of TEXT) {
    const value = file.value(tag);
    const kept = valueIn(template, tag);
    if (value === undefined || (kept !== undefined && value.equals(kept))) continue;
    const rule = `a ${vr} has its form and at most ${length} characters`;
    must((file.vr(tag) ?? vr) === vr, rule, tag);
    const text = value.toString("latin1").replace(vr === "UI" ? /\0$/ : / $/, "");
    const keptParts = new Set(kept?.toString("latin1").split("\\"));
    for (const part of vr === "ST" || vr === "LO" ? [text] : text.split("\\")) must(keptParts.has(part) || (part.length <= length && grammar.test(part)), rule, tag);
  }
}

function checkImageType(file: ReadBackFile, template: TemplateHeader): void {
  const rule = "Image Type says DERIVED, and keeps or completes its other values";
  const values = (file.text(TAG.imageType) ?? "").split("\\");
  const modality = rawText(template, TAG.modality);
  const [, second, ...others] = (rawText(template, TAG.imageType) ?? "").split("\\");
  must(values[0] === "DERIVED" && values.length >= 2, rule, TAG.imageType);
  must(values[1] === (modality === "PT" ? "PRIMARY" : (second ?? "PRIMARY")), rule, TAG.imageType);
  must(values.length >= 3 || (modality !== "MR" && modality !== "CT"), rule, TAG.imageType);
  // What was a tile of a mosaic is none any more.
  must(others.filter((value) => value.trim() !== "MOSAIC").every((value, i) => values[i + 2] === value), rule, TAG.imageType);
  must(!values.includes("MOSAIC"), rule, TAG.imageType);
}

function checkSources(file: ReadBackFile, { template }: ExpectedInstance): void {
  const rule = "Source Image Sequence names the template instance first, and why";
  const tag = TAG.sourceImageSequence;
  const items = itemsOf(file, tag, rule);
  const [first] = items;
  must(first !== undefined && rawText(first, TAG.referencedSOPInstanceUID) === template.sopInstanceUID, rule, tag);
  must(first !== undefined && rawText(first, TAG.referencedSOPClassUID) === template.sopClassUID, rule, tag);
  must(items.every((item) => holdsCode(item, TAG.purposeOfReferenceCodeSequence, "121322", "DCM", rule)), rule, tag);
}

function checkEquipment(file: ReadBackFile, template: TemplateHeader): void {
  const rule = "Contributing Equipment Sequence keeps what it had, and names the writer with its purpose";
  const tag = TAG.contributingEquipmentSequence;
  const kept = valueIn(template, tag) ?? Buffer.alloc(0);
  must(file.value(tag)?.subarray(0, kept.length).equals(kept) === true, rule, tag);
  const [own, ...more] = itemsOf(file, tag, rule, kept.length);
  must(own !== undefined && more.length === 0 && rawText(own, TAG.manufacturer) === WRITER.manufacturer, rule, tag);
  must(own !== undefined && holdsCode(own, TAG.purposeOfReferenceCodeSequence, "109102", "DCM", rule), rule, tag);
}

/** What the header says that a stored value means is what quantising took it to mean. @param transformation of the frame. */
function checkMeaning(file: ReadBackFile, transformation: ScannedHead, form: StoredForm): void {
  const rule = "Rescale Slope and Intercept are those of the stored values";
  const { scale, offset } = form.format.modalityLut;
  if (form.declaredBy === "real world value mapping") {
    const tag = TAG.realWorldValueMappingSequence;
    const [item, ...more] = itemsOf(file, tag, rule);
    must(item !== undefined && more.length === 0, rule, tag);
    must(item !== undefined && doubleOf(valueIn(item, TAG.realWorldValueSlope)) === scale && doubleOf(valueIn(item, TAG.realWorldValueIntercept)) === offset, rule, tag);
    return;
  }
  must(Number(rawText(transformation, TAG.rescaleSlope) ?? file.text(TAG.rescaleSlope) ?? 1) === scale, rule, TAG.rescaleSlope);
  must(Number(rawText(transformation, TAG.rescaleIntercept) ?? file.text(TAG.rescaleIntercept) ?? 0) === offset, rule, TAG.rescaleIntercept);
  const isPet = file.text(TAG.modality) === "PT" && form.declaredBy === "rescale";
  must(!isPet || offset === 0, "the Rescale Intercept of PET is 0", TAG.rescaleIntercept);
}

function checkWindows(file: ReadBackFile): void {
  const [center, width, explanation] = [TAG.windowCenter, TAG.windowWidth, TAG.windowExplanation].map((tag) => file.text(tag)?.split("\\").length);
  const rule = "Window Center, Width and Explanation have as many values";
  must(center === width, rule, TAG.windowWidth);
  must(explanation === undefined || explanation === center, rule, TAG.windowExplanation);
}

function doubleOf(value: Buffer | undefined): number | undefined {
  return value?.length === 8 ? value.readDoubleLE(0) : undefined;
}
