import { dot, norm, scaleBy, subtract, type Vec3, type VolumeGeometry } from "@hilum/core";
import type { AssemblyOptions } from "./assembly-options.ts";
import type { ImageHeader } from "./image-header.ts";
import { irregular, MOST_TOLD, shown, told } from "./irregular.ts";
import { normalOf } from "./read-image-header.ts";

/** Distances of slices differ from their median by no more than this part of it … */
export const SPACING_TOLERANCE = 0.01;
/** … or by no more than this, mm, where that is more, but never by more than a tenth of the median. */
export const SPACING_TOLERANCE_MM = 0.01;
/** The step from slice to slice leaves the normal by no more than this part of its length; more is gantry tilt. */
export const PERPENDICULARITY_TOLERANCE = 1e-3;

/** Where the distance of slices was taken from. */
export type SliceSpacingSource = "slice positions" | "Slice Location" | "Spacing Between Slices" | "Slice Thickness" | "assumed: 1 mm";

/** The grid that a stack of slices makes, and how exactly it does. */
export interface StackGeometry {
  readonly geometry: VolumeGeometry;
  readonly sliceSpacingFrom: SliceSpacingSource;
  /** Smallest, median and largest distance of neighbouring slices, mm; absent for a single slice. Slices that are missing do not count. */
  readonly gaps?: { readonly smallest: number; readonly median: number; readonly largest: number };
  /** Angle between the step from slice to slice and the normal, degrees. */
  readonly tiltDegrees: number;
  /** Whether the tilt is more than rounding. */
  readonly tilted: boolean;
}

/** Slices that were found at their place on the grid; undefined where one is missing. */
export type GridSlices = readonly (ImageHeader | undefined)[];

/**
 * Finds where slices are missing: distances that are whole multiples of the usual one, as a list with undefined in the gaps.
 * Slices are given in ascending position, one for each.
 * @throws {HilumError} IRREGULAR_GEOMETRY when slices are missing and the options do not pad, or they are unevenly spaced.
 */
export function placeOnGrid(slices: readonly ImageHeader[], { onMissing }: AssemblyOptions): GridSlices {
  if (slices.length < 3) return slices;
  const gaps = gapsOf(slices);
  const median = medianOf(gaps);
  if (gaps.every((gap) => Math.abs(gap - median) <= toleranceOf(median))) return slices;
  const steps = stepsOf(gaps, median) ?? stepsOf(gaps, extremesOf(gaps)[0]);
  if (steps === undefined) throw uneven(slices, gaps, median);
  const missing = steps.reduce((sum, count) => sum + count - 1, 0);
  // As many as there are would make most of the volume up.
  if (onMissing !== "pad" || missing >= slices.length) throw missingSlices(slices, gaps, steps, missing);
  const placed: (ImageHeader | undefined)[] = [slices[0]];
  for (const [index, count] of steps.entries()) {
    for (let k = 1; k < count; k++) placed.push(undefined);
    placed.push(slices[index + 1]);
  }
  return placed;
}

/**
 * The grid of slices in ascending position, the first and the last of which are there.
 * @throws {HilumError} IRREGULAR_GEOMETRY when slices are unevenly spaced or beside their line, or sheared and the options refuse it.
 */
export function stackGeometry(slices: GridSlices, { onTilt }: Pick<AssemblyOptions, "onTilt">): StackGeometry {
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
      tilted: false,
    };
  }
  const gaps = checkedGaps(slices);
  const step = scaleBy(subtract(last.imagePosition, first.imagePosition), 1 / (slices.length - 1));
  const spacing = dot(step, normal);
  const tilt = checkedTilt(slices, step, normal, onTilt);
  return {
    // The third direction is the very step between slices, so that the last slice lies where its header says.
    geometry: { ...shared, spacing: spacingOf(spacing), direction: [first.rowDirection, first.columnDirection, scaleBy(step, 1 / spacing)] },
    sliceSpacingFrom: SPACING_SOURCES[first.placedBy],
    gaps,
    ...tilt,
  };
}

const SPACING_SOURCES: Readonly<Record<ImageHeader["placedBy"], SliceSpacingSource>> = {
  "image position": "slice positions",
  "slice location": "Slice Location",
  none: "assumed: 1 mm",
};

function singleSliceSpacing(slice: ImageHeader): readonly [number, SliceSpacingSource] {
  if ((slice.spacingBetweenSlices ?? 0) > 0) return [slice.spacingBetweenSlices as number, "Spacing Between Slices"];
  if ((slice.sliceThickness ?? 0) > 0) return [slice.sliceThickness as number, "Slice Thickness"];
  return [1, "assumed: 1 mm"];
}

/**
 * Spacing Between Slices (0018,0088), mm, where positions contradict it: the slices lie neither as far apart as it says, along the normal or
 * along their tilted line, nor by Slice Thickness further, as where a writer gives the gap between slices.
 */
export function contradictedSpacing({ geometry, gaps }: StackGeometry, { placedBy, spacingBetweenSlices = 0, sliceThickness = 0 }: ImageHeader): number | undefined {
  if (gaps === undefined || placedBy === "none" || spacingBetweenSlices === 0) return undefined;
  const distance = geometry.spacing[2];
  const said = Math.abs(spacingBetweenSlices);
  const agrees = [distance, distance * norm(geometry.direction[2])].some((found) => [said, said + sliceThickness].some((each) => Math.abs(found - each) <= toleranceOf(distance)));
  return agrees ? undefined : said;
}

/** The slice positions, mm. */
export function slicePositionsOf(slices: readonly ImageHeader[]): readonly number[] {
  const normal = normalOf(slices[0] as ImageHeader);
  return slices.map((slice) => dot(slice.imagePosition, normal));
}

function gapsOf(slices: readonly ImageHeader[]): readonly number[] {
  const positions = slicePositionsOf(slices);
  return positions.slice(1).map((position, index) => position - (positions[index] as number));
}

function medianOf(gaps: readonly number[]): number {
  const sorted = gaps.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

function extremesOf(gaps: readonly number[]): readonly [smallest: number, largest: number] {
  let [smallest, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const gap of gaps) {
    smallest = Math.min(smallest, gap);
    largest = Math.max(largest, gap);
  }
  return [smallest, largest];
}

function toleranceOf(median: number): number {
  return Math.max(SPACING_TOLERANCE * median, Math.min(SPACING_TOLERANCE_MM, median / 10));
}

/** How many steps of a spacing each distance is; undefined where one is no whole number of them. */
function stepsOf(gaps: readonly number[], spacing: number): readonly number[] | undefined {
  const tolerance = toleranceOf(spacing);
  const steps = gaps.map((gap) => Math.max(1, Math.round(gap / spacing)));
  return gaps.every((gap, index) => Math.abs(gap - (steps[index] as number) * spacing) <= tolerance * (steps[index] as number)) ? steps : undefined;
}

function checkedGaps(slices: GridSlices): NonNullable<StackGeometry["gaps"]> {
  const present = slices.flatMap((slice, k) => (slice === undefined ? [] : [{ slice, k }]));
  const images = present.map(({ slice }) => slice);
  const distances = gapsOf(images);
  const gaps = distances.map((gap, index) => gap / ((present[index + 1]?.k as number) - (present[index]?.k as number)));
  const median = medianOf(gaps);
  const [smallest, largest] = extremesOf(gaps);
  if (Math.max(largest - median, median - smallest) > toleranceOf(median)) throw uneven(images, distances, median);
  return { smallest, median, largest };
}

function uneven(slices: readonly ImageHeader[], gaps: readonly number[], median: number) {
  const [smallest, largest] = extremesOf(gaps);
  const positions = slicePositionsOf(slices);
  const wrong = gaps.flatMap((gap, index) => (Math.abs(gap - median) > toleranceOf(median) ? [{ from: positions[index] as number, to: positions[index + 1] as number, gap }] : []));
  return irregular(
    "uneven spacing",
    `The slices are not evenly spaced: their distances go from ${shown(smallest)} to ${shown(largest)} mm, with a median of ${shown(median)} mm.`,
    { slices: slices.length, smallestGapMm: smallest, medianGapMm: median, largestGapMm: largest, unevenGaps: wrong.length, unevenGapsMm: told(wrong), toleranceMm: toleranceOf(median) },
    "Resample the series to even spacing with a program made for it, or take the part of it that is even.",
  );
}

function missingSlices(slices: readonly ImageHeader[], gaps: readonly number[], steps: readonly number[], missing: number) {
  const positions = slicePositionsOf(slices);
  const missingPositionsMm = told(
    steps.flatMap((count, index) =>
      // A distance of a header can be any number of steps: no more are made than are told.
      Array.from({ length: Math.min(count - 1, MOST_TOLD) }, (_, k) => (positions[index] as number) + ((gaps[index] as number) * (k + 1)) / count),
    ),
  );
  const median = medianOf(gaps);
  const [smallest, largest] = extremesOf(gaps);
  return irregular(
    "missing slice",
    `${missing} slice${missing === 1 ? " is" : "s are"} missing: the distances of the ${slices.length} that are there go from ${shown(smallest)} to ${shown(largest)} mm.`,
    { slices: slices.length, missingSlices: missing, missingPositionsMm, medianGapMm: median, smallestGapMm: smallest, largestGapMm: largest, unevenGaps: steps.filter((count) => count > 1).length, toleranceMm: toleranceOf(median) },
    missing >= slices.length ? "Complete the series: more is missing than is there." : "Complete the series, or fill what is missing with masked slices (--on-missing pad).",
  );
}

/** The tilt, and whether it is one. */
function checkedTilt(slices: GridSlices, step: Vec3, normal: Vec3, onTilt: AssemblyOptions["onTilt"]): Pick<StackGeometry, "tiltDegrees" | "tilted"> {
  const first = slices[0] as ImageHeader;
  const spacing = dot(step, normal);
  const shear = norm(subtract(step, scaleBy(normal, spacing))) / spacing;
  const tiltDegrees = (Math.atan(shear) * 180) / Math.PI;
  const tilted = shear > PERPENDICULARITY_TOLERANCE;
  if (tilted && onTilt === "refuse")
    throw irregular(
      "gantry tilt",
      `The stack is sheared by ${shown(tiltDegrees)} degrees (gantry tilt).`,
      { tiltDegrees, tolerance: PERPENDICULARITY_TOLERANCE },
      "Keep the shear in the grid (--on-tilt shear).",
    );
  const toleranceMm = toleranceOf(spacing);
  for (const [k, slice] of slices.entries()) {
    if (slice === undefined) continue;
    const away = subtract(slice.imagePosition, first.imagePosition);
    const expected = scaleBy(step, dot(away, normal) / spacing);
    const offLine = norm(subtract(away, expected));
    if (offLine > toleranceMm) throw irregular("off the line", "The slices do not lie on one line.", { slice: k, offLineMm: offLine, toleranceMm });
  }
  return { tiltDegrees, tilted };
}
