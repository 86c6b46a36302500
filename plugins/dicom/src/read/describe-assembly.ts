import { hash } from "node:crypto";
import { dot, type CodecContext, type Frame, type Json, type Mat3 } from "@hilum/core";
import { tagText } from "../scan/malformed-file.ts";
import type { AssembledStack } from "../series/assemble.ts";
import type { ImageHeader } from "../series/image-header.ts";
import { acquisitionTimeOf, contentTimeOf, passMidnightUndated } from "../series/image-times.ts";
import { shown } from "../series/irregular.ts";
import { normalOf, type PaddingRule } from "../series/read-image-header.ts";
import { contradictedSpacing, SPACING_TOLERANCE } from "../series/stack-geometry.ts";
import type { FoundImages } from "./find-images.ts";

/** Name and version of the form that `assembly.schema.json` describes. */
export const ASSEMBLY_FORM = { name: "hilum-assembly", version: "1" } as const;

/** What the plan of a series says besides its stack. */
export interface AssemblyFacts {
  /** Which series of the source it is, from 1. */
  readonly index: number;
  readonly padding: PaddingRule;
  readonly found: FoundImages;
}

/** What Images in Acquisition or Number of Slices says of completeness: an end slice that is missing shows in nothing else. */
type CountCheck = "verified" | "not verifiable" | { readonly expected: number; readonly found: number };

/** Warns of what a person has to judge about the stacks of a source; of the images that a series should have, once for each series. */
export function warnOfAssembly(stacks: readonly AssembledStack[], found: FoundImages, context: CodecContext): void {
  const counted = new Set<string>();
  for (const stack of stacks) {
    const [{ seriesInstanceUID }] = stack.images as readonly [ImageHeader];
    const count = checkCount(stack, found);
    if (typeof count === "object" && !counted.has(seriesInstanceUID))
      context.warn({
        code: "SLICE_COUNT_DIFFERS",
        message: `The header counts ${count.expected} images and ${count.found} are there: slices at an end may be missing.`,
      });
    counted.add(seriesInstanceUID);
    warnOfStack(stack, context);
  }
}

function warnOfStack(stack: AssembledStack, context: CodecContext): void {
  const { grid, images, slots, duplicates, split } = stack;
  const [first] = images as readonly [ImageHeader];
  const contradicted = contradictedSpacing(grid, first);
  if (contradicted !== undefined)
    context.warn({
      code: "SLICE_SPACING_DIFFERS",
      message: `The slices lie ${shown(grid.geometry.spacing[2])} mm apart by their positions, which were taken, and Spacing Between Slices (0018,0088) says ${shown(contradicted)} mm (tolerance ${SPACING_TOLERANCE * 100} %): slices may be missing.`,
    });
  if (split.phases.length > 1 && (passMidnightUndated(images, acquisitionTimeOf) || passMidnightUndated(images, contentTimeOf)))
    context.warn({ code: "MIDNIGHT_ASSUMED", message: "The times of the images are more than 12 hours apart and have no date; they were taken to go past midnight." });
  if (grid.sliceSpacingFrom === "assumed: 1 mm")
    context.warn({
      code: "SLICE_SPACING_ASSUMED",
      message: images.length === 1 ? "A single slice says nothing of its thickness; 1 mm was assumed." : "The images say nothing of their distance; 1 mm was assumed.",
    });
  if (first.placedBy === "slice location")
    context.warn({ code: "PLACED_BY_SLICE_LOCATION", message: "The images have no Image Position; they were put in order of Slice Location, and where they lie across it is not known." });
  if (first.placedBy === "none" && images.length > 1)
    context.warn({ code: "PLACED_BY_NUMBER", message: "The images have no position; they were put in order of Instance Number, and where they lie is not known." });
  if (grid.tilted)
    context.warn({ code: "GANTRY_TILT", message: `The stack is sheared by ${grid.tiltDegrees.toFixed(2)} degrees (gantry tilt), which its third direction keeps: nothing was resampled, and filters work along the sheared grid.` });
  const colours = first.pixel.photometricInterpretation;
  if (colours === "PALETTE COLOR")
    context.warn({ code: "PALETTE_INDICES", message: "The voxels are indices into a palette, which are no amounts: nothing that computes with them makes sense." });
  else if (colours.startsWith("YBR_FULL") && first.pixel.samplesPerPixel === 3)
    context.warn({ code: "COLOURS_AS_STORED", message: `The samples are given in the colours of the file, ${colours}, and not as RGB.` });
  const padded = slots.length - images.length;
  if (padded > 0)
    context.warn({ code: "SLICES_PADDED", message: `${padded} missing slice${padded === 1 ? " is" : "s are"} filled with masked voxels of real value 0, which may lie outside of [0, 1] where the others are normalised to it.` });
  if (duplicates > 0)
    context.warn({ code: "DUPLICATES_LEFT_OUT", message: `${duplicates} image${duplicates === 1 ? " was" : "s were"} left out, since another lies at the same place.` });
}

/**
 * The assembly plan of a series, as `assembly.schema.json` describes it: how it was made of its files, in counts, distances
 * and rules, with hashes for UIDs and no patient's values. Given back as the reader's option `plan`, it makes the same series.
 * @param frames of the series, in the order of the stack's slots.
 */
export function describeAssembly(stack: AssembledStack, frames: readonly Frame[], { index, padding, found }: AssemblyFacts): Json {
  const { grid, split, slots, images, options: { phaseKey, ...options } } = stack;
  const [first] = images as readonly [ImageHeader];
  const { pixel } = first;
  const { size, spacing } = grid.geometry;
  const slices = size[2];
  const positions = slicePositionsOf(grid.geometry.direction, frames.slice(0, slices));
  const planned = slots.map((image, row) => (image === undefined ? null : plannedImageOf(image, frames[row]?.derivedFrom[0]?.sopInstanceUIDHash ?? "")));
  return {
    schema: ASSEMBLY_FORM,
    index,
    seriesInstanceUIDHash: sha256(first.seriesInstanceUID),
    modality: first.modality ?? null,
    options: { padding, ...options, ...(phaseKey === undefined ? {} : { phaseKey }) },
    grouping: {
      files: new Set(images.map(({ file }) => file)).size,
      images: images.length,
      sopClassUID: first.sopClassUID,
      hasFrameOfReference: first.frameOfReferenceUID !== "",
      columns: size[0],
      rows: size[1],
      pixelSpacingMm: [spacing[0], spacing[1]],
      rowDirection: first.rowDirection,
      columnDirection: first.columnDirection,
      placedBy: first.placedBy,
    },
    phaseKey: split.key,
    rejectedPhaseKeys: split.rejected.map(({ key, reason }) => ({ key, reason })),
    phases: split.phases.map(({ phase }, p) => ({ ...phase, images: planned.slice(p * slices, (p + 1) * slices) })),
    positions: slices,
    slicePositionsMm: positions,
    sliceSpacingMm: spacing[2],
    sliceSpacingFrom: grid.sliceSpacingFrom,
    ...(grid.gaps === undefined ? {} : { sliceGapsMm: { ...grid.gaps } }),
    tiltDegrees: grid.tiltDegrees,
    sheared: grid.tilted,
    paddedSlices: frames.flatMap(({ phase, slice }, row) => (slots[row] === undefined ? [{ phase, slice, positionMm: positions[slice] as number }] : [])),
    duplicatePositionsDropped: stack.duplicates,
    sliceCount: checkCount(stack, found),
    transferSyntaxes: countOf(images.map((image) => image.transferSyntaxUID)),
    bits: { allocated: pixel.bitsAllocated, stored: pixel.bitsStored, high: pixel.highBit, signed: pixel.signed, float: pixel.float },
    samplesPerPixel: pixel.samplesPerPixel,
    photometricInterpretation: pixel.photometricInterpretation,
    rescaleSlope: rangeOf(images.map((image) => image.modalityLut.scale)),
    rescaleIntercept: rangeOf(images.map((image) => image.modalityLut.offset)),
    modalityTables: images.filter((image) => image.modalityTable !== undefined).length,
    padding: { rule: padding, masked: images.some((image) => image.paddingRange !== undefined) },
    skipped: Object.fromEntries(found.skipped),
    duplicatesDropped: found.duplicatesDropped,
    unreadableAttributes: [...new Set(images.flatMap((image) => image.unreadable))].sort((a, b) => a - b).map(tagText),
    ...(stack.notInPlan === undefined ? {} : { imagesNotInPlan: stack.notInPlan }),
  };
}

/** Slice positions of frames, mm along the normal of their plane, to a nanometre. */
function slicePositionsOf([row, column]: Mat3, frames: readonly Frame[]): readonly number[] {
  const normal = normalOf({ rowDirection: row, columnDirection: column });
  return frames.map(({ imagePosition }) => Number(dot(imagePosition, normal).toFixed(6)));
}

/** Names an image as a saved plan does: by the hash of its instance, its frame, and where in the frame it begins. */
function plannedImageOf({ frameNumber, region }: ImageHeader, sopInstanceUIDHash: string): Json {
  return { instance: sopInstanceUIDHash, frame: frameNumber, ...(region === undefined ? {} : { region: [region.left, region.top] }) };
}

/** Compares what the header counts with the images of the stack, of a phase, and, over all stacks of the series, of each acquisition. */
function checkCount({ images, grid }: AssembledStack, found: FoundImages): CountCheck {
  const [{ expectedImages: expected, seriesInstanceUID }] = images as readonly [ImageHeader];
  if (expected === undefined || expected < 1 || images.some((image) => image.expectedImages !== expected)) return "not verifiable";
  if (expected === images.length || expected === grid.geometry.size[2]) return "verified";
  const ofSeries = found.images.filter((image) => image.seriesInstanceUID === seriesInstanceUID);
  const perAcquisition = countOf(ofSeries.map((image) => String(image.acquisitionNumber)));
  if (images.every((image) => perAcquisition[String(image.acquisitionNumber)] === expected)) return "verified";
  return { expected, found: ofSeries.length };
}

function countOf(values: readonly string[]): { readonly [value: string]: number } {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Object.fromEntries(counts);
}

function rangeOf(values: readonly number[]): Json {
  let [smallest, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
  }
  return { smallest, largest };
}

function sha256(text: string): string {
  return hash("sha256", text, "hex");
}
