import { HilumError } from "@hilum/core";
import { tagText } from "../scan/malformed-file.ts";
import { Tag } from "../scan/tags.ts";
import { rawText } from "../scan/values.ts";
import { FrameTag } from "../series/frames/frame-tags.ts";
import { codeItem } from "./code-item.ts";
import type { SeriesDerivation } from "./derivation-text.ts";
import { derivationItem } from "./derived-groups.ts";
import { doubleElement, paddedText, sequenceElement, shortElement, textElement, type EncodedElement } from "./encode-element.ts";
import { keptElement, keptIdentity } from "./kept-identity.ts";
import type { StoredRange } from "./quantise.ts";
import { referenceTo, type SourceInstance } from "./source-instances.ts";
import type { TemplateFile } from "./template-file.ts";
import { contradictingWindows } from "./windows.ts";
import { WRITER } from "./writer-identity.ts";
import { PARAMETRIC_MAP_STORAGE } from "./written-classes.ts";

const TAG = Object.freeze({
  pixelPresentation: 0x00089205,
  referencedSeriesSequence: 0x00081115,
  referencedInstanceSequence: 0x0008114a,
  derivationImageSequence: 0x00089124,
  manufacturer: 0x00080070,
  manufacturerModelName: 0x00081090,
  deviceSerialNumber: 0x00181000,
  softwareVersions: 0x00181020,
  contentQualification: 0x00189004,
  contributingEquipmentSequence: 0x0018a001,
  dimensionOrganizationUID: 0x00209164,
  functionalGroupPointer: 0x00209167,
  dimensionOrganizationSequence: 0x00209221,
  dimensionDescriptionLabel: 0x00209421,
  floatPixelPaddingValue: 0x00280122,
  burnedInAnnotation: 0x00280301,
  recognizableVisualFeatures: 0x00280302,
  voiLutFunction: 0x00281056,
  lossyImageCompression: 0x00282110,
  lossyImageCompressionRatio: 0x00282112,
  lossyImageCompressionMethod: 0x00282114,
  lutExplanation: 0x00283003,
  acquisitionContextSequence: 0x00400555,
  measurementUnitsCodeSequence: 0x004008ea,
  realWorldValueMappingSequence: 0x00409096,
  lutLabel: 0x00409210,
  lastValueMapped: 0x00409213,
  firstValueMapped: 0x00409214,
  realWorldValueIntercept: 0x00409224,
  realWorldValueSlope: 0x00409225,
  purposeOfReferenceCodeSequence: 0x0040a170,
  contentLabel: 0x00700080,
  contentDescription: 0x00700081,
  contentCreatorName: 0x00700084,
  presentationLUTShape: 0x20500020,
});

/** Image Type and Frame Type (PS3.3 C.8.32.2.1). */
const IMAGE_TYPE = ["DERIVED", "PRIMARY", "VOLUME", "QUANTITY"] as const;

/** Codes of UCUM by what the source calls its units. */
const UNITS: Readonly<Record<string, readonly [value: string, meaning: string]>> = {
  HU: ["[hnsf'U]", "Hounsfield unit"],
  BQML: ["Bq/ml", "Becquerels/milliliter"],
  GML: ["g/ml", "Grams/milliliter"],
};

/** Elements that a template has to have for its frames to lie somewhere: type 1 in Frame of Reference and the plane macros. */
const NEEDED = [Tag.FrameOfReferenceUID, Tag.ImagePositionPatient, Tag.ImageOrientationPatient, Tag.PixelSpacing, Tag.SliceThickness];

/** What is the same for all maps of a series. */
export interface MapSeries {
  readonly derivation: SeriesDerivation;
  readonly dimensionOrganizationUID: string;
  /** Units of the real values, as the reader found them. */
  readonly units: string | undefined;
  /** The real value of masked voxels; undefined where none are. */
  readonly padding: number | undefined;
  /** Whether the source's pixels have lost something. */
  readonly lossy: boolean;
}

/**
 * What a Parametric Map (PS3.3 A.75) says besides its identity and times; in no order.
 * @param template of its first frame.
 * @param perFrame the items of {@link frameItem}.
 * @param range of its values.
 */
export function mapElements(template: TemplateFile, series: MapSeries, perFrame: readonly (readonly EncodedElement[])[], sources: readonly SourceInstance[], range: StoredRange): EncodedElement[] {
  const { explicitVr } = template;
  const { derivation } = series;
  const sequence = (tag: number, ...items: (readonly EncodedElement[])[]): EncodedElement => sequenceElement(tag, items, explicitVr);
  const organization = textElement(TAG.dimensionOrganizationUID, "UI", series.dimensionOrganizationUID);
  return [
    ...keptIdentity(template),
    textElement(Tag.ImageType, "CS", ...IMAGE_TYPE),
    textElement(Tag.SOPClassUID, "UI", PARAMETRIC_MAP_STORAGE),
    // What made this instance; who made its source contributed (C.7.5.1, C.7.5.2).
    textElement(TAG.manufacturer, "LO", WRITER.manufacturer),
    textElement(TAG.manufacturerModelName, "LO", WRITER.model),
    textElement(TAG.deviceSerialNumber, "LO", "NONE"),
    textElement(TAG.softwareVersions, "LO", ...derivation.programs),
    ...contributors(template),
    sequence(TAG.referencedSeriesSequence, ...referencedSeries(sources, explicitVr)),
    textElement(TAG.pixelPresentation, "CS", "MONOCHROME"),
    textElement(TAG.contentQualification, "CS", "RESEARCH"),
    sequence(TAG.dimensionOrganizationSequence, [organization]),
    sequence(FrameTag.DimensionIndexSequence, [
      organization,
      tagElement(FrameTag.DimensionIndexPointer, FrameTag.InStackPositionNumber),
      tagElement(TAG.functionalGroupPointer, FrameTag.FrameContentSequence),
      textElement(TAG.dimensionDescriptionLabel, "LO", "In-Stack Position Number"),
    ]),
    shortElement(Tag.SamplesPerPixel, "US", 1),
    textElement(Tag.PhotometricInterpretation, "CS", "MONOCHROME2"),
    textElement(Tag.NumberOfFrames, "IS", `${perFrame.length}`),
    keptElement(template, Tag.Rows) as EncodedElement,
    keptElement(template, Tag.Columns) as EncodedElement,
    shortElement(Tag.BitsAllocated, "US", 32),
    ...(series.padding === undefined ? [] : [floatElement(TAG.floatPixelPaddingValue, series.padding)]),
    keptElement(template, TAG.burnedInAnnotation) ?? textElement(TAG.burnedInAnnotation, "CS", "NO"),
    // Nobody who did not look can say that a face is not to be recognised.
    keptElement(template, TAG.recognizableVisualFeatures) ?? textElement(TAG.recognizableVisualFeatures, "CS", "YES"),
    textElement(TAG.lossyImageCompression, "CS", series.lossy ? "01" : "00"),
    ...(series.lossy ? [TAG.lossyImageCompressionRatio, TAG.lossyImageCompressionMethod].flatMap((tag) => keptElement(template, tag) ?? []) : []),
    sequence(TAG.acquisitionContextSequence),
    textElement(TAG.contentLabel, "CS", "REAL_VALUES"),
    textElement(TAG.contentDescription, "LO", `Real values (${derivation.label})`.slice(0, 64)),
    { tag: TAG.contentCreatorName, vr: "PN", value: new Uint8Array(0) },
    textElement(TAG.presentationLUTShape, "CS", "IDENTITY"),
    sequence(FrameTag.SharedFunctionalGroupsSequence, [
      sequence(FrameTag.PlaneOrientationSequence, [keptElement(template, Tag.ImageOrientationPatient) as EncodedElement]),
      sequence(FrameTag.PixelMeasuresSequence, [Tag.SliceThickness, Tag.SpacingBetweenSlices, Tag.PixelSpacing].flatMap((tag) => keptElement(template, tag) ?? [])),
      sequence(FrameTag.PixelValueTransformationSequence, [
        textElement(Tag.RescaleIntercept, "DS", "0"),
        textElement(Tag.RescaleSlope, "DS", "1"),
        textElement(Tag.RescaleType, "LO", "US"),
      ]),
      sequence(FrameTag.ParametricMapFrameTypeSequence, [textElement(FrameTag.FrameType, "CS", ...IMAGE_TYPE)]),
      sequence(TAG.realWorldValueMappingSequence, realWorldValueMapping(series.units, range, explicitVr)),
    ]),
    sequence(FrameTag.PerFrameFunctionalGroupsSequence, ...perFrame),
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

/** The equipment that made the source, behind that which the source names. */
function contributors(template: TemplateFile): EncodedElement[] {
  const said = keptElement(template, TAG.contributingEquipmentSequence);
  // Items in UN are in another encoding than ours (PS3.5 6.2.2).
  const earlier = said === undefined || (template.explicitVr && said.vr === "UN") ? new Uint8Array(0) : said.value;
  const equipment = [TAG.manufacturer, TAG.manufacturerModelName, TAG.deviceSerialNumber, TAG.softwareVersions].flatMap((tag) => keptElement(template, tag) ?? []);
  const purpose = sequenceElement(TAG.purposeOfReferenceCodeSequence, [codeItem("109101", "DCM", "Acquisition Equipment")], template.explicitVr);
  const isNamed = (rawText(template, TAG.manufacturer) ?? "") !== "";
  const own = isNamed ? sequenceElement(TAG.contributingEquipmentSequence, [[...equipment, purpose]], template.explicitVr).value : new Uint8Array(0);
  const value = Buffer.concat([earlier, own]);
  return value.length === 0 ? [] : [{ tag: TAG.contributingEquipmentSequence, vr: "SQ", value }];
}

/** All sources by their series (PS3.3 C.12.2); those of series that nobody knows cannot be in it. */
function referencedSeries(sources: readonly SourceInstance[], explicitVr: boolean): EncodedElement[][] {
  const bySeries = new Map<string, Map<string, SourceInstance>>();
  for (const source of sources) {
    if (source.seriesInstanceUID === undefined) continue;
    const ofSeries = bySeries.get(source.seriesInstanceUID) ?? new Map<string, SourceInstance>();
    bySeries.set(source.seriesInstanceUID, ofSeries.set(source.sopInstanceUID, source));
  }
  return [...bySeries].map(([seriesInstanceUID, instances]) => [
    sequenceElement(
      TAG.referencedInstanceSequence,
      [...instances.values()].map(({ sopClassUID, sopInstanceUID }) => referenceTo(sopClassUID, sopInstanceUID)),
      explicitVr,
    ),
    { tag: Tag.SeriesInstanceUID, vr: "UI", value: paddedText("UI", seriesInstanceUID) },
  ]);
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

function floatElement(tag: number, number: number): EncodedElement {
  const value = Buffer.alloc(4);
  value.writeFloatLE(number);
  return { tag, vr: "FL", value };
}

function tagElement(tag: number, pointsTo: number): EncodedElement {
  const value = Buffer.alloc(4);
  value.writeUInt16LE(pointsTo >>> 16, 0);
  value.writeUInt16LE(pointsTo & 0xffff, 2);
  return { tag, vr: "AT", value };
}

function lacks(tag: number): HilumError {
  return new HilumError("UNSUPPORTED_WRITE", `An image of the template lacks ${tagText(tag)}, which a Parametric Map must have.`, {
    details: { tag: tagText(tag) },
    remedy: "choose another value of rescale",
  });
}
