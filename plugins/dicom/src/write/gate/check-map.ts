import { crc32 } from "node:zlib";
import { createElementTable } from "../../scan/element-table.ts";
import { rawText } from "../../scan/values.ts";
import { findItems, firstItem, scanItem, type ScannedItem } from "../../series/frames/item-places.ts";
import { checkIdentifiers } from "./check-derived.ts";
import type { FrameMemory } from "./check-pixels.ts";
import type { ExpectedFrame, ExpectedInstance } from "./expected-series.ts";
import { holdsCode, itemsOf } from "./items.ts";
import { valueIn, type ReadBackFile } from "./read-back-file.ts";
import { must } from "./rule.ts";
import type { TemplateHeader } from "./template-header.ts";

const PARAMETRIC_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.30";

const TAG = Object.freeze({
  imageType: 0x00080008,
  sopClassUID: 0x00080016,
  referencedSOPInstanceUID: 0x00081155,
  sourceImageSequence: 0x00082112,
  derivationImageSequence: 0x00089124,
  derivationCodeSequence: 0x00089215,
  inStackPositionNumber: 0x00209057,
  frameContentSequence: 0x00209111,
  dimensionIndexValues: 0x00209157,
  planePositionSequence: 0x00209113,
  planeOrientationSequence: 0x00209116,
  samplesPerPixel: 0x00280002,
  numberOfFrames: 0x00280008,
  rows: 0x00280010,
  columns: 0x00280011,
  pixelSpacing: 0x00280030,
  imageOrientation: 0x00200037,
  bitsAllocated: 0x00280100,
  bitsStored: 0x00280101,
  pixelMeasuresSequence: 0x00289110,
  lossyImageCompression: 0x00282110,
  realWorldValueMappingSequence: 0x00409096,
  realWorldValueIntercept: 0x00409224,
  realWorldValueSlope: 0x00409225,
  purposeOfReferenceCodeSequence: 0x0040a170,
  sharedFunctionalGroupsSequence: 0x52009229,
  perFrameFunctionalGroupsSequence: 0x52009230,
  floatPixelData: 0x7fe00008,
});

/** What a map has of its template (PS3.3 C.7.1, C.7.2, C.7.4.1): absent and empty are the same here, as type 2 elements are never absent. */
const IDENTITY: readonly (readonly [tag: number, rule: string])[] = [
  [0x00080005, "the character set is the template's"],
  ...[0x00080020, 0x00080030, 0x00080050, 0x00080090, 0x0020000d, 0x00200010].map((tag) => [tag, "the study is the template's"] as const),
  [0x00080060, "Modality is the template's"],
  [0x00200052, "Frame of Reference UID is the template's"],
];

/** The first and last group of the patient and of clinical trials. */
const [PATIENT, TRIAL] = [0x0010, 0x0012];

/** Checks that an instance is a Parametric Map of its template's patient, and holds the real values (PS3.3 A.75). @param template of its first frame. */
export function checkMap(file: ReadBackFile, template: TemplateHeader, expected: ExpectedInstance, memory: FrameMemory): void {
  const { frames, template: source } = expected;
  checkIdentifiers(file, expected);
  must(file.text(TAG.sopClassUID) === PARAMETRIC_MAP_STORAGE, "SOP Class UID is that of a Parametric Map", TAG.sopClassUID);
  must(file.text(TAG.imageType)?.startsWith("DERIVED\\PRIMARY\\") === true, "Image Type says DERIVED", TAG.imageType);
  checkIdentity(file, template);
  const isLossy = rawText(template, TAG.lossyImageCompression) === "01";
  must(!isLossy || file.text(TAG.lossyImageCompression) === "01", "lossy compression is told for ever", TAG.lossyImageCompression);
  checkShared(file, template);
  checkFrames(file, frames);
  checkReals(file, source.size, frames, memory);
}

function checkIdentity(file: ReadBackFile, template: TemplateHeader): void {
  for (const [tag, rule] of IDENTITY) must(sameValue(file, template, tag), rule, tag);
  for (const head of [file, template])
    for (let row = 0; row < head.table.count; row++) {
      const tag = head.table.tag[row] as number;
      const group = tag >>> 16;
      must((group & 1) === 0 || head === template, "a map has no private elements", tag);
      if ((group === PATIENT || group === TRIAL) && (tag & 0xffff) !== 0) must(sameValue(file, template, tag), "the patient is the template's", tag);
    }
}

function checkShared(file: ReadBackFile, template: TemplateHeader): void {
  const shared = firstItem(file, TAG.sharedFunctionalGroupsSequence, createElementTable(16));
  const inGroup = (group: number, tag: number): Buffer | undefined => {
    const item = shared && firstItem(shared, group, createElementTable(8));
    return item && valueIn(item, tag);
  };
  for (const [group, tag] of [
    [TAG.planeOrientationSequence, TAG.imageOrientation],
    [TAG.pixelMeasuresSequence, TAG.pixelSpacing],
  ] as const)
    must(inGroup(group, tag)?.equals(valueIn(template, tag) ?? Buffer.alloc(0)) === true, "place, orientation and spacing are the template's", tag);
  const tag = TAG.realWorldValueMappingSequence;
  must(inGroup(tag, TAG.realWorldValueSlope)?.readDoubleLE(0) === 1 && inGroup(tag, TAG.realWorldValueIntercept)?.readDoubleLE(0) === 0, "the stored values are the real values", tag);
}

function checkFrames(file: ReadBackFile, frames: readonly ExpectedFrame[]): void {
  must(Number(file.text(TAG.numberOfFrames)) === frames.length, "Number of Frames is that of the frames", TAG.numberOfFrames);
  const groups = findItems(file, TAG.perFrameFunctionalGroupsSequence);
  must(groups.items.length === frames.length, "every frame has its functional groups", TAG.perFrameFunctionalGroupsSequence);
  for (const [i, { sourceSOPInstanceUID }] of frames.entries()) {
    const item = scanItem(file, groups, i, createElementTable(16));
    const content = firstItem(item, TAG.frameContentSequence, createElementTable(8));
    for (const tag of [TAG.inStackPositionNumber, TAG.dimensionIndexValues]) must(content !== undefined && valueIn(content, tag)?.readUInt32LE(0) === i + 1, "frames are indexed in order of slices", tag);
    checkDerivation(item, sourceSOPInstanceUID);
  }
}

function checkDerivation(item: ScannedItem, sourceSOPInstanceUID: string): void {
  const rule = "the derivation of each frame names the template's image first, and why";
  const [own, ...more] = itemsOf(item, TAG.derivationImageSequence, rule);
  if (own === undefined || more.length > 0) return must(false, rule, TAG.derivationImageSequence);
  const sources = itemsOf(own, TAG.sourceImageSequence, rule);
  must(sources[0] !== undefined && rawText(sources[0], TAG.referencedSOPInstanceUID) === sourceSOPInstanceUID, rule, TAG.sourceImageSequence);
  must(sources.every((each) => holdsCode(each, TAG.purposeOfReferenceCodeSequence, "121322", "DCM", rule)), rule, TAG.sourceImageSequence);
  must(itemsOf(own, TAG.derivationCodeSequence, rule).length > 0, rule, TAG.derivationCodeSequence);
}

function checkReals(file: ReadBackFile, [columns, rows]: readonly [number, number], frames: readonly ExpectedFrame[], memory: FrameMemory): void {
  const said = (tag: number): number | undefined => (file.value(tag)?.length === 2 ? file.value(tag)?.readUInt16LE(0) : undefined);
  for (const [tag, value] of [
    [TAG.samplesPerPixel, 1],
    [TAG.rows, rows],
    [TAG.columns, columns],
    [TAG.bitsAllocated, 32],
    // Floats have neither Bits Stored nor a sign (C.7.6.24).
    [TAG.bitsStored, undefined],
  ] as const)
    must(said(tag) === value, "rows, columns and bits are those of the real values", tag);
  const frameBytes = columns * rows * 4;
  must(file.pixelBytes === frameBytes * frames.length && file.has(TAG.floatPixelData), "Float Pixel Data has the length of its image", TAG.floatPixelData);
  if (memory.frame.length < frameBytes) memory.frame = Buffer.allocUnsafeSlow(frameBytes);
  const pixels = memory.frame.subarray(0, frameBytes);
  for (const [i, { checksum }] of frames.entries()) {
    file.readPixels(pixels, i * frameBytes);
    must(crc32(pixels) === checksum, "Float Pixel Data holds the real values of its own slice", TAG.floatPixelData);
    const values = new Float32Array(pixels.buffer, pixels.byteOffset, frameBytes / 4);
    must(values.every(Number.isFinite), "every real value is a finite number", TAG.floatPixelData);
  }
}

function sameValue(file: ReadBackFile, template: TemplateHeader, tag: number): boolean {
  return (file.value(tag) ?? Buffer.alloc(0)).equals(valueIn(template, tag) ?? Buffer.alloc(0));
}
