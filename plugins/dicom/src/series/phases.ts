import { HilumError, type Phase } from "@hilum/core";
import type { ImageHeader } from "./image-header.ts";
import { acquisitionTimeOf, contentTimeOf, secondsFromEarliest } from "./image-times.ts";
import type { SlicePositions } from "./stack-geometry.ts";

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
  readonly phases: readonly { readonly phase: Phase; readonly slices: readonly ImageHeader[] }[];
}

/** Images of one phase, at their position index. */
type Group = readonly ImageHeader[];

/** An identifier that groups images into phases, in the words that a person knows it by. */
interface Identifier {
  readonly key: string;
  /** Images of one phase have equal values; undefined where an image has none. */
  valueOf(image: ImageHeader): string | number | undefined;
  phaseOf(image: ImageHeader): Phase;
}

/** In the order in which they are tried. */
const IDENTIFIERS: readonly Identifier[] = [
  {
    key: "Temporal Position Identifier",
    valueOf: (image) => image.temporalPosition,
    phaseOf: (image) => labelled("Temporal Position", image.temporalPosition),
  },
  { key: "Echo Numbers", valueOf: (image) => image.echoNumber, phaseOf: echoLabel },
  { key: "Echo Time", valueOf: (image) => image.echoTimeMs, phaseOf: echoLabel },
  { key: "Diffusion b-value", valueOf: (image) => image.bValue, phaseOf: diffusionLabel },
  {
    key: "Diffusion b-value and direction",
    valueOf: (image) => (image.bValue === undefined ? undefined : `${image.bValue} ${image.diffusionDirection ?? ""}`),
    phaseOf: diffusionLabel,
  },
  {
    key: "Trigger Time",
    valueOf: (image) => image.triggerTimeMs,
    phaseOf: (image) => labelled("Trigger Time", image.triggerTimeMs, "ms"),
  },
  {
    key: "Nominal Percentage of Cardiac Phase",
    valueOf: (image) => image.cardiacPhasePercent,
    phaseOf: (image) => labelled("Cardiac Phase", image.cardiacPhasePercent, "%"),
  },
  { key: "Image Type", valueOf: (image) => image.imageType, phaseOf: (image) => ({ label: `Image Type ${image.imageType ?? "absent"}` }) },
  {
    key: "Acquisition Number",
    valueOf: (image) => image.acquisitionNumber,
    phaseOf: (image) => labelled("Acquisition Number", image.acquisitionNumber),
  },
];

const INSTANCE_NUMBER_BLOCK = "Instance Number block";

function labelled(name: string, value: number | undefined, unit?: string): Phase {
  if (value === undefined) return { label: `${name} absent` };
  return { label: `${name} ${value}${unit === undefined ? "" : ` ${unit}`}`, value };
}

function echoLabel(image: ImageHeader): Phase {
  if (image.echoTimeMs === undefined) return { label: `Echo ${image.echoNumber ?? "absent"}` };
  return labelled("Echo Time", image.echoTimeMs, "ms");
}

function diffusionLabel(image: ImageHeader): Phase {
  return labelled("b-value", image.bValue, "s/mm²");
}

/**
 * Splits a stack that holds several images at every position into phases. Identifiers group: one of them is taken only if
 * every position occurs exactly once in each of its groups. Where none does, times rank: the k-th image of every position, by
 * Acquisition Time, then Content Time, then Instance Number, is of phase k. Phases are in order of their times, else of
 * their lowest Instance Number, never of the key's value.
 * @throws {HilumError} IRREGULAR_GEOMETRY when nothing tells the images at a position apart.
 */
export function splitPhases(positions: SlicePositions): PhaseSplit {
  if (positions.imagesAtEach === 1) return { key: "none", rejected: [], phases: [{ phase: { label: "all" }, slices: positions.images }] };
  const rejected: RejectedKey[] = [];
  for (const identifier of IDENTIFIERS) {
    const groups = groupBy(positions, (image) => identifier.valueOf(image));
    if (typeof groups === "string") rejected.push({ key: identifier.key, reason: groups });
    else
      return {
        key: identifier.key,
        rejected,
        phases: inOrder(groups).map((slices) => ({ phase: identifier.phaseOf(slices[0] as ImageHeader), slices })),
      };
  }
  const ranked = rankByTimes(positions);
  const blocks = instanceNumberBlocks(positions);
  if (typeof blocks === "string") rejected.push({ key: INSTANCE_NUMBER_BLOCK, reason: blocks });
  else if (ranked !== undefined && ranked.key !== "Instance Number" && !samePartition(blocks, ranked.groups))
    rejected.push({ key: INSTANCE_NUMBER_BLOCK, reason: `contradicts ${ranked.key}` });
  else return { key: INSTANCE_NUMBER_BLOCK, rejected, phases: byTimeLabels(inOrder(blocks)) };
  if (ranked === undefined)
    throw new HilumError("IRREGULAR_GEOMETRY", `Each slice position holds ${positions.imagesAtEach} images, and nothing tells them apart.`, {
      details: { imagesAtEachPosition: positions.imagesAtEach, positions: positions.count, rejectedKeys: rejected.map(({ key }) => key) },
    });
  return { key: ranked.key, rejected, phases: byTimeLabels(inOrder(ranked.groups)) };
}

/** Groups by a value, or says why that makes no phases. */
function groupBy(positions: SlicePositions, valueOf: (image: ImageHeader) => string | number | undefined): readonly Group[] | string {
  const { images, count, imagesAtEach } = positions;
  const groups = new Map<string | number | undefined, ImageHeader[]>();
  let repeats = false;
  images.forEach((image, index) => {
    const value = valueOf(image);
    const group = groups.get(value) ?? [];
    groups.set(value, group);
    // Images come position by position, so a group that is ahead of its position holds this position already.
    if (group.length > Math.floor(index / imagesAtEach)) repeats = true;
    group.push(image);
  });
  if (groups.size === 1) return groups.has(undefined) ? "absent" : "one value for all images";
  if (groups.size !== imagesAtEach) return `${groups.size} values over ${imagesAtEach} phases`;
  if (repeats || [...groups.values()].some((group) => group.length !== count)) return "a value repeats at a slice position";
  return [...groups.values()];
}

/** Blocks of consecutive instance numbers, one block a phase. */
function instanceNumberBlocks(positions: SlicePositions): readonly Group[] | string {
  const { images, count } = positions;
  const numbers = new Set(images.map((image) => image.instanceNumber));
  if (numbers.has(undefined)) return "absent from some images";
  if (numbers.size !== images.length) return "numbers repeat";
  const rank = new Map([...numbers].sort((a, b) => (a as number) - (b as number)).map((number, index) => [number, index]));
  return groupBy(positions, (image) => Math.floor((rank.get(image.instanceNumber) as number) / count));
}

/** The k-th image of every position by the first of the times, in order, that leave no doubt. */
function rankByTimes(positions: SlicePositions): { readonly key: string; readonly groups: readonly Group[] } | undefined {
  const { images, count, imagesAtEach } = positions;
  const acquired = secondsFromEarliest(images, acquisitionTimeOf);
  const content = secondsFromEarliest(images, contentTimeOf);
  const ranks: { readonly key: string; readonly of: (image: ImageHeader) => number }[] = [];
  if (acquired !== undefined) ranks.push({ key: "Acquisition Time", of: (image) => acquired.get(image) as number });
  if (content !== undefined) ranks.push({ key: "Content Time", of: (image) => content.get(image) as number });
  if (images.every((image) => image.instanceNumber !== undefined))
    ranks.push({ key: "Instance Number", of: (image) => image.instanceNumber as number });
  for (let depth = 1; depth <= ranks.length; depth++) {
    const used = ranks.slice(0, depth);
    const compare = (a: ImageHeader, b: ImageHeader): number => {
      for (const { of } of used) if (of(a) !== of(b)) return of(a) - of(b);
      return 0;
    };
    const rows = Array.from({ length: count }, (_, k) => images.slice(k * imagesAtEach, (k + 1) * imagesAtEach).sort(compare));
    if (rows.some((row) => row.some((image, p) => p > 0 && compare(row[p - 1] as ImageHeader, image) === 0))) continue;
    const groups = Array.from({ length: imagesAtEach }, (_, p) => rows.map((row) => row[p] as ImageHeader));
    return { key: used.at(-1)?.key as string, groups };
  }
  return undefined;
}

function samePartition(a: readonly Group[], b: readonly Group[]): boolean {
  const groupOf = new Map(b.flatMap((group, index) => group.map((image) => [image, index] as const)));
  return a.every((group) => new Set(group.map((image) => groupOf.get(image))).size === 1);
}

/** Groups in order of their earliest times where these differ, else of their lowest Instance Number. */
function inOrder(groups: readonly Group[]): readonly Group[] {
  const all = groups.flat();
  const acquired = secondsFromEarliest(all, acquisitionTimeOf);
  const content = secondsFromEarliest(all, contentTimeOf);
  const lowest = (group: Group, of: (image: ImageHeader) => number | undefined): number =>
    Math.min(...group.map((image) => of(image) ?? Number.MAX_SAFE_INTEGER));
  const keyed = groups.map((group) => ({
    group,
    keys: [
      lowest(group, (image) => acquired?.get(image) ?? 0),
      lowest(group, (image) => content?.get(image) ?? 0),
      lowest(group, (image) => image.instanceNumber),
    ],
    // Decides where nothing else does, so that two runs agree.
    uid: group[0]?.sopInstanceUID ?? "",
  }));
  keyed.sort((a, b) => {
    const index = a.keys.findIndex((key, position) => key !== b.keys[position]);
    if (index >= 0) return (a.keys[index] as number) - (b.keys[index] as number);
    return a.uid < b.uid ? -1 : 1;
  });
  return keyed.map(({ group }) => group);
}

/** Labels phases by their earliest times where these differ, else by their place. */
function byTimeLabels(groups: readonly Group[]): PhaseSplit["phases"] {
  const all = groups.flat();
  for (const [name, timeOf] of [
    ["Acquisition Time", acquisitionTimeOf],
    ["Content Time", contentTimeOf],
  ] as const) {
    const seconds = secondsFromEarliest(all, timeOf);
    if (seconds === undefined) continue;
    const starts = groups.map((group) => Math.min(...group.map((image) => seconds.get(image) as number)));
    if (new Set(starts).size !== groups.length) continue;
    return groups.map((slices, index) => {
      const value = Number((starts[index] as number).toFixed(3));
      return { phase: { label: `${name} +${value} s`, value }, slices };
    });
  }
  return groups.map((slices, index) => ({ phase: { label: `Phase ${index + 1}` }, slices }));
}
