import { createElementTable } from "../../scan/element-table.ts";
import { Tag } from "../../scan/tags.ts";
import { code, decimal, decimals, doubles, integer16, rawText, type ScannedHead } from "../../scan/values.ts";
import type { ImageHeader } from "../image-header.ts";
import { informingOf, readModalityLut, readUnits, type Informing } from "../read-image-header.ts";
import { required } from "../read-pixel-layout.ts";
import { readDirections, readPixelSpacing, readPosition } from "../read-plane.ts";
import { FRAME_TYPE_SEQUENCES, FrameTag } from "./frame-tags.ts";
import { attributeTags, dateTime, unsignedLongs } from "./frame-values.ts";
import { FunctionalGroups } from "./functional-groups.ts";
import { findItems, firstItem, scanItem, type ScannedItem } from "./item-places.ts";

/** Dimensions that tell a frame's place in its stack, and not what else sets it apart. */
const PLACES: ReadonlySet<number> = new Set([FrameTag.InStackPositionNumber, Tag.ImagePositionPatient]);

/**
 * The frames of an instance with functional groups (PS3.3 C.7.6.16). What a group of the frame says comes before what a
 * shared one says, and that before the instance's own attributes.
 * @param base what the instance says of all of them; its plane is left aside.
 * @throws {HilumError} MISSING_ATTRIBUTE when a frame has no place; MALFORMED_FILE, also when frames and items differ in number.
 */
export function readEnhancedFrames(head: ScannedItem, base: ImageHeader): readonly ImageHeader[] {
  const groups = new FunctionalGroups(head, base.pixel.frames);
  const unreadable = [...base.unreadable];
  const informing = informingOf(head, unreadable);
  const dimensions = readDimensions(head);
  return Array.from({ length: base.pixel.frames }, (_, frame) => {
    groups.goTo(frame);
    return {
      ...base,
      frameNumber: frame + 1,
      placedBy: "image position" as const,
      ...readPlace(groups, head, base.pixel.frames),
      ...readMeasures(groups, head, informing),
      ...readRealValues(groups, base),
      ...readFrameContent(groups, base, informing, dimensions),
      ...readWindow(groups, informing),
      ...readContrast(groups, base, informing),
      imageType: readFrameType(groups) ?? base.imageType,
      expectedImages: undefined,
      sliceLocation: undefined,
      unreadable,
    };
  });
}

function readPlace(groups: FunctionalGroups, head: ScannedHead, frames: number): Pick<ImageHeader, "imagePosition" | "rowDirection" | "columnDirection"> {
  const ofFrame = groups.group(FrameTag.PlanePositionSequence);
  // A position beside the groups is that of one frame at most.
  const position = (ofFrame && readPosition(ofFrame)) ?? (frames === 1 ? readPosition(head) : undefined);
  const oriented = groups.group(FrameTag.PlaneOrientationSequence);
  const directions = (oriented && readDirections(oriented)) ?? readDirections(head);
  return {
    imagePosition: required(position, "Image Position (Patient)", Tag.ImagePositionPatient),
    ...required(directions, "Image Orientation (Patient)", Tag.ImageOrientationPatient),
  };
}

function readMeasures(
  groups: FunctionalGroups,
  head: ScannedHead,
  informing: Informing,
): Pick<ImageHeader, "spacing" | "spacingBetweenSlices" | "sliceThickness"> {
  const measures = groups.group(FrameTag.PixelMeasuresSequence) ?? head;
  return {
    spacing: required(readPixelSpacing(measures) ?? readPixelSpacing(head), "Pixel Spacing", Tag.PixelSpacing),
    spacingBetweenSlices: informing(decimal, Tag.SpacingBetweenSlices, measures),
    sliceThickness: informing(decimal, Tag.SliceThickness, measures),
  };
}

function readRealValues(groups: FunctionalGroups, base: ImageHeader): Partial<Pick<ImageHeader, "modalityLut" | "units">> {
  const transformation = groups.group(FrameTag.PixelValueTransformationSequence);
  if (transformation === undefined) return {};
  return {
    modalityLut: readModalityLut(transformation),
    units: base.units ?? readUnits(transformation, base.modality, base.sopClassUID),
  };
}

function readFrameContent(
  groups: FunctionalGroups,
  base: ImageHeader,
  informing: Informing,
  dimensions: readonly number[],
): Partial<Pick<ImageHeader, "temporalPosition" | "acquisitionNumber" | "acquired" | "stackId" | "dimensionIndexValues">> {
  const content = groups.group(FrameTag.FrameContentSequence);
  if (content === undefined) return {};
  const stackId = rawText(content, FrameTag.StackID);
  const indexes = informing(unsignedLongs, FrameTag.DimensionIndexValues, content);
  return {
    temporalPosition: unsignedLongs(content, FrameTag.TemporalPositionIndex)?.[0] ?? base.temporalPosition,
    acquisitionNumber: informing((item, tag) => integer16(item, tag, false), FrameTag.FrameAcquisitionNumber, content) ?? base.acquisitionNumber,
    acquired: informing(dateTime, FrameTag.FrameAcquisitionDateTime, content) ?? base.acquired,
    ...(stackId === undefined ? {} : { stackId }),
    // Without the dimensions' meanings nobody knows which of the values is the place.
    ...(indexes?.length === dimensions.length ? { dimensionIndexValues: indexes.filter((_, at) => !PLACES.has(dimensions[at] as number)) } : {}),
  };
}

function readWindow(groups: FunctionalGroups, informing: Informing): Partial<Pick<ImageHeader, "windowCenter" | "windowWidth">> {
  const voi = groups.group(FrameTag.FrameVOILUTSequence);
  if (voi === undefined) return {};
  return {
    windowCenter: informing(decimals, Tag.WindowCenter, voi)?.[0],
    windowWidth: informing(decimals, Tag.WindowWidth, voi)?.[0],
  };
}

function readContrast(
  groups: FunctionalGroups,
  base: ImageHeader,
  informing: Informing,
): Pick<ImageHeader, "echoTimeMs" | "bValue" | "diffusionDirection" | "triggerTimeMs" | "cardiacPhasePercent"> {
  const echo = groups.group(FrameTag.MREchoSequence);
  const echoTimeMs = (echo && doubles(echo, FrameTag.EffectiveEchoTime)?.[0]) ?? base.echoTimeMs;
  const cardiac = groups.group(FrameTag.CardiacSynchronizationSequence);
  const triggerTimeMs = (cardiac && informing(doubles, FrameTag.NominalCardiacTriggerDelayTime, cardiac)?.[0]) ?? base.triggerTimeMs;
  const cardiacPhasePercent = (cardiac && informing(doubles, Tag.NominalPercentageOfCardiacPhase, cardiac)?.[0]) ?? base.cardiacPhasePercent;
  const diffusion = groups.group(FrameTag.MRDiffusionSequence);
  return {
    echoTimeMs,
    triggerTimeMs,
    cardiacPhasePercent,
    bValue: (diffusion && doubles(diffusion, Tag.DiffusionBValue)?.[0]) ?? base.bValue,
    diffusionDirection: (diffusion && readDiffusionDirection(diffusion)) ?? base.diffusionDirection,
  };
}

/** The gradient's direction; ISOTROPIC or BMATRIX where there is none, so that such images are told from directional ones. */
function readDiffusionDirection(diffusion: ScannedItem): string | undefined {
  const directionality = code(diffusion, FrameTag.DiffusionDirectionality);
  if (directionality === "NONE") return undefined;
  const gradient = firstItem(diffusion, FrameTag.DiffusionGradientDirectionSequence, createElementTable(4));
  return (gradient && doubles(gradient, Tag.DiffusionGradientOrientation)?.join(" ")) ?? directionality;
}

/** Frame Type, and behind it the part of a complex image (MAGNITUDE, PHASE, REAL, IMAGINARY) where it is said. */
function readFrameType(groups: FunctionalGroups): string | undefined {
  for (const sequence of FRAME_TYPE_SEQUENCES) {
    const type = groups.group(sequence);
    if (type === undefined) continue;
    const parts = [rawText(type, FrameTag.FrameType), rawText(type, FrameTag.ComplexImageComponent)].filter((part) => part !== undefined);
    if (parts.length > 0) return parts.join("\\");
  }
  return undefined;
}

/** The attribute that each of the Dimension Index Values counts (PS3.3 C.7.6.17). */
function readDimensions(head: ScannedItem): readonly number[] {
  const places = findItems(head, FrameTag.DimensionIndexSequence);
  const table = createElementTable(8);
  return places.items.map((_, index) => attributeTags(scanItem(head, places, index, table), FrameTag.DimensionIndexPointer)?.[0] ?? 0);
}
