import type { ImageHeader } from "./image-header.ts";
import { groupIntoStacks } from "./grouping.ts";
import { splitPhases, type PhaseSplit } from "./phases.ts";
import { sortByPosition, stackGeometry, type StackGeometry } from "./stack-geometry.ts";

/** Images put in order: one regular grid, and one volume of it for each phase. */
export interface AssembledStack {
  readonly grid: StackGeometry;
  readonly split: PhaseSplit;
  /** All images in [phase, slice] order. */
  readonly images: readonly ImageHeader[];
}

/**
 * Makes volumes of images (PS3.3 C.7.6.2), one stack for each series that is in them.
 * @throws {HilumError} MIXED_SERIES, IRREGULAR_GEOMETRY when they cannot be put in order exactly.
 */
export function assembleStacks(images: readonly ImageHeader[]): readonly AssembledStack[] {
  return groupIntoStacks(images).map((stack) => {
    const split = splitPhases(sortByPosition(stack));
    // The phases lie at the same positions, so that the grid of the first is that of all.
    const grid = stackGeometry(split.phases[0]?.slices ?? []);
    return { grid, split, images: split.phases.flatMap(({ slices }) => slices) };
  });
}
