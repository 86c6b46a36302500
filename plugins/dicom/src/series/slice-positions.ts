import { dot, norm, scaleBy, subtract, type Vec3 } from "@hilum/core";
import type { AssemblyOptions } from "./assembly-options.ts";
import type { ImageHeader } from "./image-header.ts";
import { irregular, told } from "./irregular.ts";
import { normalOf } from "./read-image-header.ts";

/** Images whose slice positions differ by no more than this, mm, lie at one position; of finer pixels, a tenth of their spacing. */
export const SAME_POSITION_MM = 0.01;

/** The images of one stack by slice position. */
export interface SlicePositions {
  /** The images at each position, positions ascending; those of one position in order of Instance Number, UID, frame. */
  readonly at: readonly (readonly ImageHeader[])[];
  /** How many images a position holds; one where images are missing holds fewer. */
  readonly imagesAtEach: number;
  /** Images left out because another lies at their place. */
  readonly duplicates: number;
}

/**
 * Puts the images of one stack in order of slice position (Image Position · normal), never of number or name; only those
 * without a position lie in order of Instance Number.
 * @throws {HilumError} IRREGULAR_GEOMETRY when images at one position lie beside each other; when positions hold more or fewer
 * images than the others do, and the options do not say what to make of it.
 */
export function sortByPosition(stack: readonly ImageHeader[], options: AssemblyOptions): SlicePositions {
  const [first] = stack as readonly [ImageHeader];
  const normal = normalOf(first);
  const tolerance = samePositionMm(first);
  const images = first.placedBy === "none" ? stack.toSorted(byNumberThenUid).map(inARow) : stack;
  const placed = images.map((image) => ({ image, at: dot(image.imagePosition, normal) }));
  placed.sort((a, b) => a.at - b.at);
  const groups: ImageHeader[][] = [];
  let start = Number.NEGATIVE_INFINITY;
  for (const { image, at } of placed) {
    if (at - start > tolerance) {
      groups.push([]);
      start = at;
    }
    groups.at(-1)?.push(image);
  }
  for (const group of groups) {
    if (group.length === 1) continue;
    const apart = widthOf(group);
    if (apart > 2 * tolerance)
      throw irregular("beside each other", "Images at one slice position lie beside each other.", { distanceMm: apart, toleranceMm: 2 * tolerance });
    group.sort(byNumberThenUid);
  }
  const imagesAtEach = commonestLength(groups);
  if (groups.every((group) => group.length === imagesAtEach)) return { at: groups, imagesAtEach, duplicates: 0 };
  return settleCounts(groups, imagesAtEach, normal, options);
}

/** An image without a position, as the k-th of those that lie 1 mm apart. */
export function inARow(image: ImageHeader, k: number): ImageHeader {
  return { ...image, imagePosition: scaleBy(normalOf(image), k) };
}

/** Positions that differ by no more than this, mm, are one. */
export function samePositionMm({ spacing }: ImageHeader): number {
  return Math.min(SAME_POSITION_MM, spacing[0] / 10, spacing[1] / 10);
}

/** The largest distance of images from the first of them, mm. */
export function widthOf(images: readonly ImageHeader[]): number {
  const [first] = images as readonly [ImageHeader];
  return images.reduce((widest, image) => Math.max(widest, norm(subtract(image.imagePosition, first.imagePosition))), 0);
}

function byNumberThenUid(a: ImageHeader, b: ImageHeader): number {
  const byNumber = (a.instanceNumber ?? 0) - (b.instanceNumber ?? 0);
  if (byNumber !== 0) return byNumber;
  if (a.sopInstanceUID !== b.sopInstanceUID) return a.sopInstanceUID < b.sopInstanceUID ? -1 : 1;
  return a.frameNumber - b.frameNumber;
}

/** How many images most positions hold; of two numbers that are as common, the smaller. */
function commonestLength(groups: readonly (readonly ImageHeader[])[]): number {
  const tally = new Map<number, number>();
  for (const { length } of groups) tally.set(length, (tally.get(length) ?? 0) + 1);
  return [...tally].reduce((best, one) => (one[1] > best[1] || (one[1] === best[1] && one[0] < best[0]) ? one : best))[0];
}

/** Makes of positions with too many or too few images what the options say. */
function settleCounts(groups: readonly (readonly ImageHeader[])[], usual: number, normal: Vec3, options: AssemblyOptions): SlicePositions {
  const facts = (wrong: readonly (readonly ImageHeader[])[]) => ({
    positions: groups.length,
    images: groups.reduce((sum, { length }) => sum + length, 0),
    imagesAtMostPositions: usual,
    fewestAtAPosition: Math.min(...wrong.map(({ length }) => length), usual),
    mostAtAPosition: Math.max(...wrong.map(({ length }) => length), usual),
    wrongPositions: wrong.length,
    wrongPositionsMm: told(wrong.map(([image]) => dot((image as ImageHeader).imagePosition, normal))),
  });
  const taken = options.onDuplicate === "refuse" ? groups : groups.map((group) => (group.length > usual ? withoutTwins(group, usual, options.onDuplicate) : group));
  const crowded = taken.filter(({ length }) => length > usual);
  if (crowded.length > 0)
    throw irregular(
      "duplicate position",
      options.onDuplicate === "refuse"
        ? `${crowded.length} of ${groups.length} slice positions hold more images than the ${usual} of the others: slices are doubled.`
        : `${crowded.length} of ${groups.length} slice positions hold more images than the ${usual} of the others, and their headers differ: which to leave out cannot be told.`,
      facts(crowded),
      options.onDuplicate === "refuse" ? "Remove the images that do not belong to the series, or say which to take (--on-duplicate first or last)." : undefined,
    );
  const sparse = taken.filter(({ length }) => length < usual);
  if (sparse.length > 0 && options.onMissing !== "pad")
    throw irregular(
      "missing image",
      `${sparse.length} of ${groups.length} slice positions hold fewer images than the ${usual} of the others: slices are missing.`,
      facts(sparse),
      "Complete the series, or fill what is missing with masked slices (--on-missing pad).",
    );
  return { at: taken, imagesAtEach: usual, duplicates: groups.reduce((sum, { length }, k) => sum + length - (taken[k]?.length ?? 0), 0) };
}

/** Of images at one position that are of one phase, the first or the last; among several phases, those that no identifier and no time tells apart. */
function withoutTwins(group: readonly ImageHeader[], usual: number, choice: "first" | "last" | "refuse"): readonly ImageHeader[] {
  if (usual === 1) return [(choice === "last" ? group.at(-1) : group[0]) as ImageHeader];
  const kept = new Map<string, ImageHeader>();
  for (const image of group) {
    const key = JSON.stringify([
      [image.temporalPosition, image.echoNumber, image.echoTimeMs, image.bValue, image.diffusionDirection, image.triggerTimeMs],
      [image.cardiacPhasePercent, image.imageType, image.acquisitionNumber, image.stackId, image.dimensionIndexValues],
      [image.acquired.day, image.acquired.seconds],
    ]);
    if (choice === "last" || !kept.has(key)) kept.set(key, image);
  }
  return [...kept.values()].sort(byNumberThenUid);
}
