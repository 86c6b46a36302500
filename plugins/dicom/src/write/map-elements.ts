import { Tag } from "../scan/tags.ts";
import { rawText } from "../scan/values.ts";
import { FrameTag } from "../series/frames/frame-tags.ts";
import { codeItem } from "./code-item.ts";
import type { SeriesDerivation } from "./derivation-text.ts";
import { sequenceElement, shortElement, textElement, type EncodedElement } from "./encode-element.ts";
import { keptElement, keptIdentity } from "./kept-identity.ts";
import { IMAGE_TYPE, sharedItem } from "./map-groups.ts";
import type { StoredRange } from "./quantise.ts";
import { seriesItems, type SourceInstance } from "./source-instances.ts";
import type { TemplateFile } from "./template-file.ts";
import { WRITER } from "./writer-identity.ts";
import { PARAMETRIC_MAP_STORAGE } from "./written-classes.ts";

const TAG = Object.freeze({
  pixelPresentation: 0x00089205,
  referencedSeriesSequence: 0x00081115,
  referencedInstanceSequence: 0x0008114a,
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
  lossyImageCompression: 0x00282110,
  lossyImageCompressionRatio: 0x00282112,
  lossyImageCompressionMethod: 0x00282114,
  acquisitionContextSequence: 0x00400555,
  purposeOfReferenceCodeSequence: 0x0040a170,
  contentLabel: 0x00700080,
  contentDescription: 0x00700081,
  contentCreatorName: 0x00700084,
  presentationLUTShape: 0x20500020,
});

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
 * @param perFrame the functional groups of each frame.
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
    // Common Instance Reference (C.12.2).
    sequence(TAG.referencedSeriesSequence, ...seriesItems(sources, TAG.referencedInstanceSequence, explicitVr)),
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
    saidElement(template, TAG.burnedInAnnotation) ?? textElement(TAG.burnedInAnnotation, "CS", "NO"),
    // Nobody who did not look can say that a face is not to be recognised.
    saidElement(template, TAG.recognizableVisualFeatures) ?? textElement(TAG.recognizableVisualFeatures, "CS", "YES"),
    textElement(TAG.lossyImageCompression, "CS", series.lossy ? "01" : "00"),
    ...(series.lossy ? [TAG.lossyImageCompressionRatio, TAG.lossyImageCompressionMethod].flatMap((tag) => keptElement(template, tag) ?? []) : []),
    sequence(TAG.acquisitionContextSequence),
    textElement(TAG.contentLabel, "CS", "REAL_VALUES"),
    textElement(TAG.contentDescription, "LO", `Real values (${derivation.label})`.slice(0, 64)),
    { tag: TAG.contentCreatorName, vr: "PN", value: new Uint8Array(0) },
    textElement(TAG.presentationLUTShape, "CS", "IDENTITY"),
    sequence(FrameTag.SharedFunctionalGroupsSequence, sharedItem(template, series.units, range)),
    sequence(FrameTag.PerFrameFunctionalGroupsSequence, ...perFrame),
  ];
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

/** An element of a template that has a value. */
function saidElement(template: TemplateFile, tag: number): EncodedElement | undefined {
  const kept = keptElement(template, tag);
  return kept?.value.length === 0 ? undefined : kept;
}
