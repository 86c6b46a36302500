import type { CodecContext, Json } from "@hilum/core";
import { tagText } from "../scan/malformed-file.ts";
import type { AssembledStack } from "../series/assemble.ts";
import type { ImageHeader } from "../series/image-header.ts";
import type { PaddingRule } from "../series/read-image-header.ts";
import type { FoundImages } from "./find-images.ts";

/** What Images in Acquisition or Number of Slices says of completeness: an end slice that is missing shows in nothing else. */
type CountCheck = "verified" | "not verifiable" | { readonly expected: number; readonly found: number };

/**
 * Tells how a series was made of its files: counts, distances and rules, and no patient's values. Warns of what a person has
 * to judge.
 */
export function describeAssembly(stack: AssembledStack, found: FoundImages, padding: PaddingRule, context: CodecContext): Json {
  const { grid, split, images } = stack;
  const [first] = images as readonly [ImageHeader];
  const count = checkCount(stack);
  if (typeof count === "object")
    context.warn({
      code: "SLICE_COUNT_DIFFERS",
      message: `The header counts ${count.expected} images and ${count.found} are there: slices at an end may be missing.`,
    });
  if (grid.sliceSpacingFrom === "assumed: 1 mm")
    context.warn({ code: "SLICE_SPACING_ASSUMED", message: "A single slice says nothing of its thickness; 1 mm was assumed." });
  return {
    phaseKey: split.key,
    rejectedPhaseKeys: split.rejected.map(({ key, reason }) => ({ key, reason })),
    phases: split.phases.length,
    positions: grid.geometry.size[2],
    sliceSpacingFrom: grid.sliceSpacingFrom,
    ...(grid.gaps === undefined ? {} : { sliceGapsMm: { ...grid.gaps } }),
    tiltDegrees: grid.tiltDegrees,
    sliceCount: count,
    transferSyntaxes: countOf(images.map((image) => image.transferSyntaxUID)),
    bits: {
      allocated: first.pixel.bitsAllocated,
      stored: first.pixel.bitsStored,
      high: first.pixel.highBit,
      signed: first.pixel.signed,
    },
    photometricInterpretation: first.pixel.photometricInterpretation,
    rescaleSlope: rangeOf(images.map((image) => image.modalityLut.scale)),
    rescaleIntercept: rangeOf(images.map((image) => image.modalityLut.offset)),
    padding: { rule: padding, masked: images.some((image) => image.paddingRange !== undefined) },
    skipped: Object.fromEntries(found.skipped),
    duplicatesDropped: found.duplicatesDropped,
    unreadableAttributes: [...new Set(images.flatMap((image) => image.unreadable))].sort((a, b) => a - b).map(tagText),
  };
}

/** Compares what the header counts with all images, the images of a phase, and those of each acquisition. */
function checkCount({ images, grid }: AssembledStack): CountCheck {
  const [first] = images as readonly [ImageHeader];
  const expected = first.expectedImages;
  if (expected === undefined || expected < 1 || images.some((image) => image.expectedImages !== expected)) return "not verifiable";
  const perAcquisition = Object.values(countOf(images.map((image) => String(image.acquisitionNumber))));
  const counts = [images.length, grid.geometry.size[2]];
  if (counts.includes(expected) || perAcquisition.every((count) => count === expected)) return "verified";
  return { expected, found: images.length };
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
