import { HilumError, nearestName, type Phase } from "@hilum/core";
import type { ImageHeader } from "./image-header.ts";
import { acquisitionTimeOf, contentTimeOf, secondsFromEarliest } from "./image-times.ts";
import { irregular } from "./irregular.ts";
import { pairOf, PHASE_IDENTIFIERS, type PhaseIdentifier } from "./phase-keys.ts";
import type { SlicePositions } from "./slice-positions.ts";

/** A key that did not tell the phases apart, and why. */
export interface RejectedKey {
  readonly key: string;
  readonly reason: string;
}

/** The phases of a stack: for each, its slices in ascending position. */
export interface PhaseSplit {
  /** What told the phases apart; "none" where there is one. */
  readonly key: string;
  readonly rejected: readonly RejectedKey[];
  readonly phases: readonly { readonly phase: Phase; readonly slices: Group }[];
}

/** Images of one phase, at their position index; undefined where the image is missing. */
export type Group = readonly (ImageHeader | undefined)[];

/** Phases by one key, in order; or the reason why it makes none. */
type Attempt = PhaseSplit["phases"] | string;

const INSTANCE_NUMBER_BLOCK = "Instance Number block";

/** Different sizes of groups that are told in a reason; more say no more. */
const MOST_SIZES = 4;

/**
 * Splits a stack that holds several images at every position into phases. Identifiers group: one of them, or else a pair, is
 * taken only if every position occurs exactly once in each of its groups. Where none does, times rank: the k-th image of
 * every position, by Acquisition Time, then Content Time, then Instance Number (where it goes through the images of one position
 * after the other), is of phase k. Phases are in order of their
 * times, else of their lowest Instance Number and frame, never of the key's value.
 *
 * Where images are missing, only identifiers split: a rank says nothing of which one is missing.
 * @param forced the name of the key to be taken, in place of the first that splits.
 * @throws {HilumError} IRREGULAR_GEOMETRY when nothing tells the images at a position apart; INVALID_CONFIG when the forced
 * key does not.
 */
export function splitPhases(positions: SlicePositions, forced?: string): PhaseSplit {
  if (positions.imagesAtEach === 1)
    return { key: "none", rejected: [], phases: [{ phase: { label: "all" }, slices: positions.at.map(([image]) => image) }] };
  if (forced !== undefined) return forcedSplit(positions, forced);
  const rejected: RejectedKey[] = [];
  for (const [key, phases] of attempts(positions)) {
    if (typeof phases !== "string") return { key, rejected, phases };
    rejected.push({ key, reason: phases });
  }
  const ranked = rankedSplit(positions);
  const blocks = instanceNumberBlocks(positions);
  if (typeof blocks === "string") rejected.push({ key: INSTANCE_NUMBER_BLOCK, reason: blocks });
  else if (ranked !== undefined && ranked.key !== "Instance Number" && !samePartition(blocks, ranked.groups))
    rejected.push({ key: INSTANCE_NUMBER_BLOCK, reason: `contradicts ${ranked.key}` });
  else return { key: INSTANCE_NUMBER_BLOCK, rejected, phases: byTimeLabels(inOrder(blocks)) };
  if (ranked !== undefined && (ranked.byTimes || isInterleaved(ranked.groups))) return { key: ranked.key, rejected, phases: byTimeLabels(inOrder(ranked.groups)) };
  const facts = { imagesAtEachPosition: positions.imagesAtEach, positions: positions.at.length, rejectedKeys: rejected.map(({ key }) => key) };
  throw lacksImages(positions)
    ? irregular("missing image", "Slices are missing, and no identifier tells of which phase they are.", facts, "Complete the series.")
    : irregular("duplicate position", `Each slice position holds ${positions.imagesAtEach} images, and nothing tells them apart.`, facts);
}

/** What every identifier, and then every pair of those with too few values, makes of the images; each is tried when it is asked for. */
function* attempts(positions: SlicePositions): Generator<readonly [key: string, phases: Attempt]> {
  const coarse: PhaseIdentifier[] = [];
  for (const identifier of PHASE_IDENTIFIERS) {
    const phases = splitBy(positions, identifier);
    if (typeof phases === "string" && isCoarse(positions, identifier)) coarse.push(identifier);
    yield [identifier.key, phases];
  }
  for (const [i, a] of coarse.entries())
    for (const b of coarse.slice(i + 1)) {
      const pair = pairOf(a, b);
      yield [pair.key, splitBy(positions, pair)];
    }
}

/** Whether an identifier has several values, and fewer than there are phases: with another it may split, while one with more never does. */
function isCoarse({ at, imagesAtEach }: SlicePositions, identifier: PhaseIdentifier): boolean {
  const values = new Set(at.flatMap((images) => images.map((image) => identifier.valueOf(image))));
  return values.size > 1 && values.size < imagesAtEach;
}

function splitBy(positions: SlicePositions, identifier: PhaseIdentifier): Attempt {
  const groups = groupBy(positions, (image) => identifier.valueOf(image));
  return typeof groups === "string" ? groups : labelledBy(identifier, groups);
}

function labelledBy(identifier: PhaseIdentifier, groups: readonly Group[]): PhaseSplit["phases"] {
  return inOrder(groups).map((slices) => ({ phase: identifier.phaseOf(slices.find((image) => image !== undefined) as ImageHeader), slices }));
}

/** The phases by one key that a person asked for. */
function forcedSplit(positions: SlicePositions, wanted: string): PhaseSplit {
  const byRank = (groups: readonly Group[] | string): Attempt => (typeof groups === "string" ? groups : byTimeLabels(inOrder(groups)));
  const known: readonly (readonly [key: string, phases: Attempt])[] = [
    ...attempts(positions),
    [INSTANCE_NUMBER_BLOCK, byRank(instanceNumberBlocks(positions))],
    ...ranksOf(positions).map((rank) => [rank.key, byRank(rankedBy(positions, [rank]) ?? "does not order the images of every position")] as const),
  ];
  const splitting = known.filter(([, phases]) => typeof phases !== "string").map(([key]) => key);
  const found = known.find(([key]) => key.toLowerCase() === wanted.toLowerCase());
  const keys = splitting.length === 0 ? "No key does." : `These do: ${splitting.join(", ")}.`;
  if (found === undefined) {
    const nearest = nearestName(wanted, known.map(([key]) => key));
    throw new HilumError("INVALID_CONFIG", `No phase key has the name that was given.${nearest === undefined ? "" : ` Did you mean ${nearest}?`}`, {
      details: { keys: splitting },
      remedy: `Give the name of a key that splits the phases. ${keys}`,
    });
  }
  const [key, phases] = found;
  if (typeof phases === "string")
    throw new HilumError("INVALID_CONFIG", `${key} does not split the phases: ${phases}.`, {
      details: { key, reason: phases, keys: splitting },
      remedy: `Give the name of a key that splits the phases. ${keys}`,
    });
  return { key, rejected: known.flatMap(([other, reason]) => (typeof reason === "string" ? [{ key: other, reason }] : [])), phases };
}

/** Groups by a value, or says why that makes no phases. */
function groupBy(positions: SlicePositions, valueOf: (image: ImageHeader) => string | number | undefined): readonly Group[] | string {
  const { at, imagesAtEach } = positions;
  const groups = new Map<string | number | undefined, { readonly slices: (ImageHeader | undefined)[]; size: number }>();
  let repeats = false;
  for (const [k, images] of at.entries())
    for (const image of images) {
      const value = valueOf(image);
      let group = groups.get(value);
      if (group === undefined) {
        group = { slices: [], size: 0 };
        groups.set(value, group);
      }
      if (group.slices[k] !== undefined) repeats = true;
      group.slices[k] = image;
      group.size++;
    }
  if (groups.size === 1) return groups.has(undefined) ? "absent" : "one value for all images";
  if (groups.size !== imagesAtEach) return `${groups.size} groups${sizesOf([...groups.values()])}, for ${imagesAtEach} phases`;
  if (repeats) return "a value repeats at a slice position";
  return [...groups.values()].map(({ slices }) => Array.from(at, (_, k) => slices[k]));
}

/** The sizes of groups, where they are few: " of 60 and 120 images". */
function sizesOf(groups: readonly { readonly size: number }[]): string {
  const sizes = [...new Set(groups.map(({ size }) => size))].sort((a, b) => a - b);
  if (sizes.length > MOST_SIZES) return "";
  const last = sizes.pop() as number;
  return ` of ${sizes.length === 0 ? "" : `${sizes.join(", ")} and `}${last} image${last === 1 ? "" : "s"}`;
}

function lacksImages({ at, imagesAtEach }: SlicePositions): boolean {
  return at.some(({ length }) => length < imagesAtEach);
}

/** Blocks of consecutive instance numbers (frames, inside of an instance), one block a phase. */
function instanceNumberBlocks(positions: SlicePositions): readonly Group[] | string {
  const images = positions.at.flat();
  if (lacksImages(positions)) return "images are missing";
  if (images.some(({ instanceNumber }) => instanceNumber === undefined)) return "absent from some images";
  const sorted = images.toSorted(byNumber);
  if (sorted.some((image, index) => index > 0 && byNumber(sorted[index - 1] as ImageHeader, image) === 0)) return "numbers repeat";
  const rank = new Map(sorted.map((image, index) => [image, index]));
  return groupBy(positions, (image) => Math.floor((rank.get(image) as number) / positions.at.length));
}

/** The order of Instance Number, then of frames. */
function byNumber(a: ImageHeader, b: ImageHeader): number {
  return (a.instanceNumber as number) - (b.instanceNumber as number) || placeIn(a) - placeIn(b);
}

/** The place of an image in its instance: its frame, or where it begins in a mosaic. */
function placeIn({ frameNumber, region, pixel }: ImageHeader): number {
  return region === undefined ? frameNumber : frameNumber + (region.top * pixel.columns + region.left) / (pixel.rows * pixel.columns);
}

/** A value that orders the images of a position. */
interface Rank {
  readonly key: string;
  of(image: ImageHeader): number;
}

/** What orders images, the times first; each is there only where every image has it, and they are not all the same. */
function ranksOf({ at }: SlicePositions): readonly Rank[] {
  const images = at.flat();
  const acquired = secondsFromEarliest(images, acquisitionTimeOf);
  const content = secondsFromEarliest(images, contentTimeOf);
  const ranks: Rank[] = [];
  const differ = (times: ReadonlyMap<ImageHeader, number>): boolean => [...times.values()].some((time, _, [first]) => time !== first);
  if (acquired !== undefined && differ(acquired)) ranks.push({ key: "Acquisition Time", of: (image) => acquired.get(image) as number });
  if (content !== undefined && differ(content)) ranks.push({ key: "Content Time", of: (image) => content.get(image) as number });
  if (images.every((image) => image.instanceNumber !== undefined))
    ranks.push({ key: "Instance Number", of: (image) => (image.instanceNumber as number) + placeIn(image) / (1 + image.pixel.frames) });
  return ranks;
}

/** The k-th image of every position by the first of the times, in order, that leave no doubt. */
function rankedSplit(positions: SlicePositions): { readonly key: string; readonly groups: readonly Group[]; readonly byTimes: boolean } | undefined {
  const ranks = ranksOf(positions);
  for (let depth = 1; depth <= ranks.length; depth++) {
    const groups = rankedBy(positions, ranks.slice(0, depth));
    if (groups !== undefined) return { key: ranks[depth - 1]?.key as string, groups, byTimes: ranks[0]?.key !== "Instance Number" };
  }
  return undefined;
}

/** The k-th image of every position; undefined where two are equal. */
function rankedBy(positions: SlicePositions, ranks: readonly Rank[]): readonly Group[] | undefined {
  if (lacksImages(positions)) return undefined;
  const compare = (a: ImageHeader, b: ImageHeader): number => {
    for (const rank of ranks) if (rank.of(a) !== rank.of(b)) return rank.of(a) - rank.of(b);
    return 0;
  };
  const rows = positions.at.map((images) => images.toSorted(compare));
  if (rows.some((row) => row.some((image, p) => p > 0 && compare(row[p - 1] as ImageHeader, image) === 0))) return undefined;
  return Array.from({ length: positions.imagesAtEach }, (_, p) => rows.map((row) => row[p] as ImageHeader));
}

/** Whether Instance Numbers go through all images of a position before the next; without blocks and times, any other numbers are chance. */
function isInterleaved(groups: readonly Group[]): boolean {
  const sorted = groups.flatMap(presentIn).toSorted(byNumber);
  const rank = new Map(sorted.map((image, index) => [image, index]));
  return groups.every((group, p) => presentIn(group).every((image) => (rank.get(image) as number) % groups.length === p));
}

function samePartition(a: readonly Group[], b: readonly Group[]): boolean {
  const groupOf = new Map(b.flatMap((group, index) => group.map((image) => [image, index] as const)));
  return a.every((group) => new Set(group.map((image) => groupOf.get(image))).size === 1);
}

function presentIn(group: Group): readonly ImageHeader[] {
  return group.filter((image) => image !== undefined);
}

/** Groups in order of their earliest times where these differ, else of their lowest Instance Number and frame. */
function inOrder(groups: readonly Group[]): readonly Group[] {
  const all = groups.flatMap(presentIn);
  const acquired = secondsFromEarliest(all, acquisitionTimeOf);
  const content = secondsFromEarliest(all, contentTimeOf);
  const keyed = groups.map((group) => {
    const images = presentIn(group);
    const lowest = (of: (image: ImageHeader) => number | undefined): number =>
      images.reduce((least, image) => Math.min(least, of(image) ?? Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
    const number = lowest((image) => image.instanceNumber);
    return {
      group,
      keys: [
        lowest((image) => acquired?.get(image) ?? 0),
        lowest((image) => content?.get(image) ?? 0),
        number,
        lowest((image) => ((image.instanceNumber ?? number) === number ? placeIn(image) : undefined)),
      ],
      // Decides where nothing else does, so that two runs agree.
      uid: images[0]?.sopInstanceUID ?? "",
    };
  });
  keyed.sort((a, b) => {
    const index = a.keys.findIndex((key, position) => key !== b.keys[position]);
    if (index >= 0) return (a.keys[index] as number) - (b.keys[index] as number);
    return a.uid < b.uid ? -1 : 1;
  });
  return keyed.map(({ group }) => group);
}

/** Labels phases by their earliest times where these differ, else by their place. */
function byTimeLabels(groups: readonly Group[]): PhaseSplit["phases"] {
  const all = groups.flatMap(presentIn);
  for (const [name, timeOf] of [
    ["Acquisition Time", acquisitionTimeOf],
    ["Content Time", contentTimeOf],
  ] as const) {
    const seconds = secondsFromEarliest(all, timeOf);
    if (seconds === undefined) continue;
    const starts = groups.map((group) => Math.min(...presentIn(group).map((image) => seconds.get(image) as number)));
    if (new Set(starts).size !== groups.length) continue;
    return groups.map((slices, index) => {
      const value = Number((starts[index] as number).toFixed(3));
      return { phase: { label: `${name} +${value} s`, value }, slices };
    });
  }
  return groups.map((slices, index) => ({ phase: { label: `Phase ${index + 1}` }, slices }));
}
