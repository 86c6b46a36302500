import { HilumError } from "@hilum/core";
import { tagText } from "../scan/malformed-file.ts";
import { Tag } from "../scan/tags.ts";
import { rawText } from "../scan/values.ts";
import { FrameTag } from "../series/frames/frame-tags.ts";
import { codeItem } from "./code-item.ts";
import type { SeriesDerivation } from "./derivation-text.ts";
import { derivationItem } from "./derived-groups.ts";
import { doubleElement, sequenceElement, textElement, type EncodedElement } from "./encode-element.ts";
import { keptElement } from "./kept-identity.ts";
import type { StoredRange } from "./quantise.ts";
import type { SourceInstance } from "./source-instances.ts";
import type { TemplateFile } from "./template-file.ts";
import { contradictingWindows } from "./windows.ts";

const TAG = Object.freeze({
  derivationImageSequence: 0x00089124,
  voiLutFunction: 0x00281056,
  lutExplanation: 0x00283003,
  measurementUnitsCodeSequence: 0x004008ea,
  realWorldValueMappingSequence: 0x00409096,
  lutLabel: 0x00409210,
  lastValueMapped: 0x00409213,
  firstValueMapped: 0x00409214,
  realWorldValueIntercept: 0x00409224,
  realWorldValueSlope: 0x00409225,
  purposeOfReferenceCodeSequence: 0x0040a170,
});

/** Image Type and Frame Type (PS3.3 C.8.32.2.1). */
export const IMAGE_TYPE = ["DERIVED", "PRIMARY", "VOLUME", "QUANTITY"] as const;

/** Codes of UCUM by what the source calls its units. */
const UNITS: Readonly<Record<string, readonly [value: string, meaning: string]>> = {
  HU: ["[hnsf'U]", "Hounsfield unit"],
  BQML: ["Bq/ml", "Becquerels/milliliter"],
  GML: ["g/ml", "Grams/milliliter"],
};

/** Elements that a template has to have for its frames to lie somewhere: type 1 in Frame of Reference and the plane macros. */
const NEEDED = [Tag.FrameOfReferenceUID, Tag.ImagePositionPatient, Tag.ImageOrientationPatient, Tag.PixelSpacing, Tag.SliceThickness];

/**
 * The functional groups of all frames of a map (PS3.3 A.75.4).
 * @param template of the first.
 * @param units of the real values, as the reader found them.
 * @param range of the values.
 */
export function sharedItem(template: TemplateFile, units: string | undefined, range: StoredRange): readonly EncodedElement[] {
  const { explicitVr } = template;
  const sequence = (tag: number, item: readonly EncodedElement[]): EncodedElement => sequenceElement(tag, [item], explicitVr);
  return [
    sequence(FrameTag.PlaneOrientationSequence, [keptElement(template, Tag.ImageOrientationPatient) as EncodedElement]),
    sequence(FrameTag.PixelMeasuresSequence, [Tag.SliceThickness, Tag.SpacingBetweenSlices, Tag.PixelSpacing].flatMap((tag) => keptElement(template, tag) ?? [])),
    sequence(FrameTag.PixelValueTransformationSequence, [
      textElement(Tag.RescaleIntercept, "DS", "0"),
      textElement(Tag.RescaleSlope, "DS", "1"),
      textElement(Tag.RescaleType, "LO", "US"),
    ]),
    sequence(FrameTag.ParametricMapFrameTypeSequence, [textElement(FrameTag.FrameType, "CS", ...IMAGE_TYPE)]),
    sequence(TAG.realWorldValueMappingSequence, realWorldValueMapping(units, range, explicitVr)),
  ];
}

/**
 * The functional groups of one frame.
 * @param template whose place it takes.
 * @param number its place in the stack, 1-based.
 * @throws {HilumError} UNSUPPORTED_WRITE where the template does not say where it lies.
 */
export function frameItem(template: TemplateFile, number: number, derivation: SeriesDerivation, sources: readonly SourceInstance[]): readonly EncodedElement[] {
  for (const tag of NEEDED) if ((rawText(template, tag) ?? "") === "") throw lacks(tag);
  const { explicitVr } = template;
  const purpose = sequenceElement(TAG.purposeOfReferenceCodeSequence, [codeItem("121322", "DCM", "Source image for image processing operation")], explicitVr);
  return [
    sequenceElement(TAG.derivationImageSequence, [derivationItem(derivation, sources, purpose, explicitVr)], explicitVr),
    sequenceElement(
      FrameTag.FrameContentSequence,
      [[textElement(FrameTag.StackID, "SH", "1"), longElement(FrameTag.InStackPositionNumber, number), longElement(FrameTag.DimensionIndexValues, number)]],
      explicitVr,
    ),
    sequenceElement(FrameTag.PlanePositionSequence, [[keptElement(template, Tag.ImagePositionPatient) as EncodedElement]], explicitVr),
    ...frameWindow(template),
  ];
}

/** Windows of the template are of real values, and these are the pixels now. */
function frameWindow(template: TemplateFile): EncodedElement[] {
  const window = [Tag.WindowCenter, Tag.WindowWidth].flatMap((tag) => keptElement(template, tag) ?? []);
  if (window.length < 2 || window.some(({ value }) => value.length === 0) || contradictingWindows(template).length > 0) return [];
  const shape = keptElement(template, TAG.voiLutFunction);
  return [sequenceElement(FrameTag.FrameVOILUTSequence, [[...window, ...(shape === undefined ? [] : [shape])]], template.explicitVr)];
}

/** The stored values are the real ones (PS3.3 C.7.6.16.2.11). */
function realWorldValueMapping(units: string | undefined, { smallest, largest }: StoredRange, explicitVr: boolean): EncodedElement[] {
  const [value, meaning] = UNITS[units ?? ""] ?? ["1", "no units"];
  return [
    textElement(TAG.lutExplanation, "LO", "The stored value is the real value"),
    sequenceElement(TAG.measurementUnitsCodeSequence, [codeItem(value, "UCUM", meaning)], explicitVr),
    textElement(TAG.lutLabel, "SH", "REAL"),
    doubleElement(TAG.lastValueMapped, largest),
    doubleElement(TAG.firstValueMapped, smallest),
    doubleElement(TAG.realWorldValueIntercept, 0),
    doubleElement(TAG.realWorldValueSlope, 1),
  ];
}

function longElement(tag: number, number: number): EncodedElement {
  const value = Buffer.alloc(4);
  value.writeUInt32LE(number);
  return { tag, vr: "UL", value };
}

function lacks(tag: number): HilumError {
  return new HilumError("UNSUPPORTED_WRITE", `An image of the template lacks ${tagText(tag)}, which a Parametric Map must have.`, {
    details: { tag: tagText(tag) },
    remedy: "choose another value of rescale",
  });
}
