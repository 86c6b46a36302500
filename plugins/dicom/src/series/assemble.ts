import { isHilumError } from "@hilum/core";
import type { AssemblyOptions } from "./assembly-options.ts";
import { differingImages, groupIntoStacks } from "./grouping.ts";
import type { ImageHeader } from "./image-header.ts";
import { splitPhases, type PhaseSplit } from "./phases.ts";
import { sortByPosition } from "./slice-positions.ts";
import { placeOnGrid, stackGeometry, type StackGeometry } from "./stack-geometry.ts";

/** Images put in order: one regular grid, and one volume of it for each phase. */
export interface AssembledStack {
  readonly grid: StackGeometry;
  readonly split: PhaseSplit;
  /** One for each frame in [phase, slice] order; undefined where a missing slice is filled by a masked one. */
  readonly slots: readonly (ImageHeader | undefined)[];
  /** The images in the slots. */
  readonly images: readonly ImageHeader[];
  /** How the images were put in order. */
  readonly options: AssemblyOptions;
  /** Images left out because another lies at their place. */
  readonly duplicates: number;
  /** Images of the series that a saved plan leaves out; absent without one. */
  readonly notInPlan?: number;
}

/**
 * Makes volumes of images (PS3.3 C.7.6.2), one stack for each series that is in them. Where a stack has gaps that other images of its
 * series fill, it is told in what they differ.
 * @throws {HilumError} MIXED_SERIES, IRREGULAR_GEOMETRY when they cannot be put in order exactly; INVALID_CONFIG when the
 * phase key of the options splits no phases.
 */
export function assembleStacks(images: readonly ImageHeader[], options: AssemblyOptions): readonly AssembledStack[] {
  const stacks = groupIntoStacks(images);
  return stacks.map((stack) => {
    try {
      return assembleStack(stack, options);
    } catch (error) {
      const others = stacks.filter((other) => other !== stack && other[0]?.seriesInstanceUID === stack[0]?.seriesInstanceUID);
      const other = others.find((some) => isWhole([...stack, ...some], { ...options, onMissing: "refuse" }));
      throw other === undefined ? error : differingImages(stack, other);
    }
  });
}

/** Whether images make a stack, whatever else they differ in. */
function isWhole(images: readonly ImageHeader[], options: AssemblyOptions): boolean {
  try {
    assembleStack(images, options);
    return true;
  } catch (error) {
    if (isHilumError(error)) return false;
    throw error;
  }
}

function assembleStack(stack: readonly ImageHeader[], options: AssemblyOptions): AssembledStack {
  const positions = sortByPosition(stack, options);
  const split = splitPhases(positions, options.phaseKey);
  // The phases lie at the same positions, so that the grid of one image at each is that of all.
  const places = placeOnGrid(positions.at.map(([image]) => image as ImageHeader), options);
  const grid = stackGeometry(places, options);
  const slots = split.phases.flatMap(({ slices }) => {
    if (places.length === slices.length) return slices;
    let next = 0;
    return places.map((place) => (place === undefined ? undefined : slices[next++]));
  });
  return { grid, split, slots, images: slots.filter((image) => image !== undefined), options, duplicates: positions.duplicates };
}
