import { cross, isHilumError, norm, scaleBy, type LinearMap, type SourceFile, type Vec3 } from "@hilum/core";
import { findElement } from "../scan/element-table.ts";
import type { KeptHeads } from "../scan/kept-heads.ts";
import { IMPLICIT_VR_LITTLE_ENDIAN, type FileMeta } from "../scan/read-head.ts";
import { Tag } from "../scan/tags.ts";
import { textDecodingFor } from "../scan/text.ts";
import { code, days, decimal, decimals, doubles, integer, integer16, isUid, rawBytes, rawText, seconds, uid, type ScannedHead } from "../scan/values.ts";
import type { PixelLayout } from "./dicom-instance.ts";
import type { FilePlace } from "./file-place.ts";
import type { ImageHeader } from "./image-header.ts";
import { required } from "./read-pixel-layout.ts";
import { faultOf, type Plane } from "./read-plane.ts";
import { CT_IMAGE_STORAGE } from "./sop-classes.ts";

/** Whether voxels of Pixel Padding Value are masked: "auto" masks CT and PT, where padding lies outside of the image's range. */
export type PaddingRule = "auto" | "mask" | "data";

/** An instance whose data set was scanned. The head is lent: the next file takes its place. */
export interface ScannedInstance {
  readonly file: SourceFile;
  readonly place: FilePlace;
  readonly meta: FileMeta;
  readonly head: ScannedHead;
  readonly pixel: PixelLayout;
  readonly padding: PaddingRule;
  readonly keptHeads: KeptHeads;
}

/** Reads an attribute that only informs: what cannot be read does not stop a series, and its tag is noted. */
export type Informing = <T>(read: (head: ScannedHead, tag: number) => T | undefined, tag: number, from?: ScannedHead) => T | undefined;

/** Attributes of `head` that only inform, and of items in it; adds the tags of those that cannot be read to `unreadable`. */
export function informingOf(head: ScannedHead, unreadable: number[]): Informing {
  return (read, tag, from = head) => {
    try {
      return read(from, tag);
    } catch (error) {
      if (!isHilumError(error)) throw error;
      if (!unreadable.includes(tag)) unreadable.push(tag);
      return undefined;
    }
  };
}

/**
 * Reads what decides an image's place and meaning, but for the plane that it lies in, and keeps the head's bytes where there
 * is room.
 * @throws {HilumError} MISSING_ATTRIBUTE, MALFORMED_FILE.
 */
export function readImageHeader({ file, place, meta, head, pixel, padding, keptHeads }: ScannedInstance, plane: Plane): ImageHeader {
  const unreadable: number[] = [];
  const informing = informingOf(head, unreadable);
  // Only compared while reading, so that any text will do; the writer takes none that is no UID.
  const identifier = (tag: number): string | undefined => {
    const text = rawText(head, tag);
    if (text !== undefined && !isUid(text)) unreadable.push(tag);
    return text;
  };
  const sopClassUID = required(uid(head, Tag.SOPClassUID), "SOP Class UID", Tag.SOPClassUID);
  const modality = code(head, Tag.Modality);
  const paddingRange = readPaddingRange(head, pixel.signed, masks(padding, modality));
  return {
    file,
    place,
    frameNumber: 1,
    sopInstanceUID: required(identifier(Tag.SOPInstanceUID), "SOP Instance UID", Tag.SOPInstanceUID),
    sopClassUID,
    seriesInstanceUID: required(identifier(Tag.SeriesInstanceUID), "Series Instance UID", Tag.SeriesInstanceUID),
    transferSyntaxUID: meta.transferSyntaxUID,
    explicitVr: meta.transferSyntaxUID !== IMPLICIT_VR_LITTLE_ENDIAN,
    dataSetStart: meta.dataSetStart,
    head: keptHeads.keep(head.bytes.subarray(0, pixel.offset)),
    pixel,
    size: [pixel.columns, pixel.rows],
    modalityLut: readModalityLut(head),
    ...(paddingRange === undefined ? {} : { paddingRange }),
    studyInstanceUID: required(identifier(Tag.StudyInstanceUID), "Study Instance UID", Tag.StudyInstanceUID),
    frameOfReferenceUID: identifier(Tag.FrameOfReferenceUID) ?? "",
    patient: {
      patientID: rawText(head, Tag.PatientID) ?? "",
      patientName: rawText(head, Tag.PatientName) ?? "",
      patientBirthDate: rawText(head, Tag.PatientBirthDate) ?? "",
    },
    modality,
    seriesDescription: readText(head, Tag.SeriesDescription),
    units: readUnits(head, modality, sopClassUID),
    ...plane,
    spacingBetweenSlices: informing(decimal, Tag.SpacingBetweenSlices),
    sliceThickness: informing(decimal, Tag.SliceThickness),
    imageType: rawText(head, Tag.ImageType),
    temporalPosition: integer(head, Tag.TemporalPositionIdentifier),
    echoNumber: rawText(head, Tag.EchoNumbers),
    echoTimeMs: decimal(head, Tag.EchoTime),
    bValue: doubles(head, Tag.DiffusionBValue)?.[0],
    diffusionDirection: doubles(head, Tag.DiffusionGradientOrientation)?.join(" "),
    triggerTimeMs: decimal(head, Tag.TriggerTime),
    cardiacPhasePercent: doubles(head, Tag.NominalPercentageOfCardiacPhase)?.[0],
    acquisitionNumber: informing(integer, Tag.AcquisitionNumber),
    instanceNumber: informing(integer, Tag.InstanceNumber),
    acquired: { day: informing(days, Tag.AcquisitionDate), seconds: informing(seconds, Tag.AcquisitionTime) },
    content: { day: informing(days, Tag.ContentDate), seconds: informing(seconds, Tag.ContentTime) },
    expectedImages:
      informing(integer, Tag.ImagesInAcquisition) ??
      informing((scanned, tag) => integer16(scanned, tag, false), Tag.NumberOfSlices),
    sliceLocation: informing(decimal, Tag.SliceLocation),
    windowCenter: informing(decimals, Tag.WindowCenter)?.[0],
    windowWidth: informing(decimals, Tag.WindowWidth)?.[0],
    unreadable,
  };
}

function masks(padding: PaddingRule, modality: string | undefined): boolean {
  return padding === "mask" || (padding === "auto" && (modality === "CT" || modality === "PT"));
}

/** Pixel Padding Value, or the range up to Pixel Padding Range Limit, whichever of the two is smaller (PS3.3 C.7.5.1.1.2). */
function readPaddingRange(head: ScannedHead, signed: boolean, masked: boolean): readonly [number, number] | undefined {
  if (!masked) return undefined;
  const value = integer16(head, Tag.PixelPaddingValue, signed);
  if (value === undefined) return undefined;
  const limit = integer16(head, Tag.PixelPaddingRangeLimit, signed) ?? value;
  return [Math.min(value, limit), Math.max(value, limit)];
}

/** Rescale Slope and Intercept. @throws {HilumError} MALFORMED_FILE. */
export function readModalityLut(head: ScannedHead): LinearMap {
  const scale = decimal(head, Tag.RescaleSlope) ?? 1;
  const offset = decimal(head, Tag.RescaleIntercept) ?? 0;
  if (scale === 0) throw faultOf(head, Tag.RescaleSlope, "is zero");
  return { scale, offset };
}

function readText(head: ScannedHead, tag: number): string | undefined {
  const bytes = rawBytes(head, tag);
  if (bytes === undefined) return undefined;
  const text = textDecodingFor(rawText(head, Tag.SpecificCharacterSet))(bytes).replaceAll("\0", "").trim();
  return text === "" ? undefined : text;
}

/** Units for PT; else Rescale Type, but for "US" (unspecified), and HU where a CT image has none (PS3.3 C.11.1.1.2). */
export function readUnits(head: ScannedHead, modality: string | undefined, sopClassUID: string): string | undefined {
  const units = modality === "PT" ? code(head, Tag.Units) : undefined;
  const said = units ?? rawText(head, Tag.RescaleType);
  // A free text is not passed on: units are short defined terms.
  if (said !== undefined) return said !== "US" && /^[A-Z0-9_/%-]{1,16}$/i.test(said) ? said : undefined;
  return sopClassUID === CT_IMAGE_STORAGE && findElement(head.table, Tag.RescaleSlope) >= 0 ? "HU" : undefined;
}

/** The normal of an image: the direction in which slice positions ascend. */
export function normalOf(image: Pick<ImageHeader, "rowDirection" | "columnDirection">): Vec3 {
  const normal = cross(image.rowDirection, image.columnDirection);
  return scaleBy(normal, 1 / norm(normal));
}
