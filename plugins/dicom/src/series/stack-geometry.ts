import { dot, HilumError, norm, scaleBy, subtract, type Vec3, type VolumeGeometry } from "@hilum/core";
import type { ImageHeader } from "./image-header.ts";
import { normalOf } from "./read-image-header.ts";

/** Images whose slice positions differ by no more than this, mm, lie at one position. */
export const SAME_POSITION_MM = 0.01;
/** Distances of slices differ from their median by no more than this part of it. */
export const SPACING_TOLERANCE = 0.01;
/** The step from slice to slice leaves the normal by no more than this part of its length; more is gantry tilt. */
export const PERPENDICULARITY_TOLERANCE = 1e-3;

/** Images in order of slice position, and where each position begins. */
export interface SlicePositions {
  /** All images, ascending position; those at one position in order of their Instance Number, then UID. */
  readonly images: readonly ImageHeader[];
  readonly count: number;
  /** How many images lie at every position. */
  readonly imagesAtEach: number;
}

/** Where the distance of slices was taken from. */
export type SliceSpacingSource = "slice positions" | "Spacing Between Slices" | "Slice Thickness" | "assumed: 1 mm";

/** The grid that a stack of slices makes, and how exactly it does. */
export interface StackGeometry {
  readonly geometry: VolumeGeometry;
  readonly sliceSpacingFrom: SliceSpacingSource;
  /** Smallest, median and largest distance of neighbouring slices, mm; absent for a single slice. */
  readonly gaps?: { readonly smallest: number; readonly median: number; readonly largest: number };
  /** Angle between the step from slice to slice and the normal, degrees. */
  readonly tiltDegrees: number;
}

function irregular(message: string, details: { readonly [fact: string]: number | readonly number[] }): HilumError {
  return new HilumError("IRREGULAR_GEOMETRY", message, { details });
}

/**
 * Puts the images of one stack in order of slice position (Image Position · normal), never of number or name.
 * @throws {HilumError} IRREGULAR_GEOMETRY when positions do not all hold the same number of images, or images at one
 * position lie beside each other.
 */
export function sortByPosition(stack: readonly ImageHeader[]): SlicePositions {
  const normal = normalOf(stack[0] as ImageHeader);
  const placed = stack.map((image) => ({ image, at: dot(image.imagePosition, normal) }));
  placed.sort((a, b) => a.at - b.at);
  const groups: ImageHeader[][] = [];
  let start = Number.NEGATIVE_INFINITY;
  for (const { image, at } of placed) {
    if (at - start > SAME_POSITION_MM) {
      groups.push([]);
      start = at;
    }
    groups.at(-1)?.push(image);
  }
  const counts = groups.map((group) => group.length);
  const imagesAtEach = Math.max(...counts);
  if (counts.some((count) => count !== imagesAtEach)) {
    const fewest = Math.min(...counts);
    throw irregular(
      `The slice positions do not all hold the same number of images (${fewest} to ${imagesAtEach} at ${groups.length} positions): images are missing or doubled.`,
      { positions: groups.length, images: stack.length, fewestAtAPosition: fewest, mostAtAPosition: imagesAtEach, positionsWithFewer: counts.filter((count) => count < imagesAtEach).length },
    );
  }
  for (const group of groups) {
    const [first] = group as [ImageHeader];
    const apart = Math.max(...group.map((image) => norm(subtract(image.imagePosition, first.imagePosition))));
    if (apart > 2 * SAME_POSITION_MM)
      throw irregular("Images at one slice position lie beside each other.", { distanceMm: apart, toleranceMm: 2 * SAME_POSITION_MM });
    group.sort(byNumberThenUid);
  }
  return { images: groups.flat(), count: groups.length, imagesAtEach };
}

function byNumberThenUid(a: ImageHeader, b: ImageHeader): number {
  return (a.instanceNumber ?? 0) - (b.instanceNumber ?? 0) || (a.sopInstanceUID < b.sopInstanceUID ? -1 : 1);
}

/**
 * The grid of one phase, whose slices are given in ascending position.
 * @throws {HilumError} IRREGULAR_GEOMETRY when slices are missing, unevenly spaced or sheared.
 */
export function stackGeometry(slices: readonly ImageHeader[]): StackGeometry {
  const first = slices[0] as ImageHeader;
  const last = slices.at(-1) as ImageHeader;
  const normal = normalOf(first);
  const spacingOf = (k: number): VolumeGeometry["spacing"] => [first.spacing[0], first.spacing[1], k];
  const shared = {
    size: [...first.size, slices.length] as Vec3,
    origin: first.imagePosition,
    ...(first.frameOfReferenceUID === "" ? {} : { frameOfReferenceUID: first.frameOfReferenceUID }),
  };
  if (slices.length === 1) {
    const [spacing, sliceSpacingFrom] = singleSliceSpacing(first);
    return {
      geometry: { ...shared, spacing: spacingOf(spacing), direction: [first.rowDirection, first.columnDirection, normal] },
      sliceSpacingFrom,
      tiltDegrees: 0,
    };
  }
  const gaps = checkedGaps(slices, normal);
  const step = scaleBy(subtract(last.imagePosition, first.imagePosition), 1 / (slices.length - 1));
  const spacing = dot(step, normal);
  const tiltDegrees = checkedTilt(slices, step, normal);
  return {
    // The third direction is the very step between slices, so that the last slice lies where its header says.
    geometry: { ...shared, spacing: spacingOf(spacing), direction: [first.rowDirection, first.columnDirection, scaleBy(step, 1 / spacing)] },
    sliceSpacingFrom: "slice positions",
    gaps,
    tiltDegrees,
  };
}

function singleSliceSpacing(slice: ImageHeader): readonly [number, SliceSpacingSource] {
  if ((slice.spacingBetweenSlices ?? 0) > 0) return [slice.spacingBetweenSlices as number, "Spacing Between Slices"];
  if ((slice.sliceThickness ?? 0) > 0) return [slice.sliceThickness as number, "Slice Thickness"];
  return [1, "assumed: 1 mm"];
}

function checkedGaps(slices: readonly ImageHeader[], normal: Vec3): NonNullable<StackGeometry["gaps"]> {
  const positions = slices.map((slice) => dot(slice.imagePosition, normal));
  const gaps = positions.slice(1).map((position, index) => position - (positions[index] as number));
  const sorted = gaps.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1
      ? (sorted[middle] as number)
      : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
  const smallest = sorted[0] as number;
  const largest = sorted.at(-1) as number;
  if (Math.max(largest - median, median - smallest) > SPACING_TOLERANCE * median)
    throw irregular(
      `The slices are not evenly spaced: their distances go from ${shown(smallest)} to ${shown(largest)} mm, with a median of ${shown(median)} mm.`,
      {
        slices: slices.length,
        smallestGapMm: smallest,
        medianGapMm: median,
        largestGapMm: largest,
        unevenGaps: gaps.filter((gap) => Math.abs(gap - median) > SPACING_TOLERANCE * median).length,
        tolerance: SPACING_TOLERANCE,
      },
    );
  return { smallest, median, largest };
}

/** The tilt in degrees, which is next to none. */
function checkedTilt(slices: readonly ImageHeader[], step: Vec3, normal: Vec3): number {
  const first = slices[0] as ImageHeader;
  const spacing = dot(step, normal);
  const shear = norm(subtract(step, scaleBy(normal, spacing))) / spacing;
  const tiltDegrees = (Math.atan(shear) * 180) / Math.PI;
  if (shear > PERPENDICULARITY_TOLERANCE)
    throw irregular(`The stack is sheared by ${shown(tiltDegrees)} degrees (gantry tilt), which cannot be read yet.`, {
      tiltDegrees,
      tolerance: PERPENDICULARITY_TOLERANCE,
    });
  const toleranceMm = Math.max(SPACING_TOLERANCE * spacing, SAME_POSITION_MM);
  slices.forEach((slice, k) => {
    const away = subtract(slice.imagePosition, first.imagePosition);
    const expected = scaleBy(step, dot(away, normal) / spacing);
    const offLine = norm(subtract(away, expected));
    if (offLine > toleranceMm)
      throw irregular("The slices do not lie on one line.", { slice: k, offLineMm: offLine, toleranceMm });
  });
  return tiltDegrees;
}

/** A number for people: six significant digits, no trailing zeros. */
function shown(value: number): string {
  return String(Number(value.toPrecision(6)));
}
