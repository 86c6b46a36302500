import { cross, dot, norm, subtract, type Vec3 } from "@hilum/core";
import { decimalsOf } from "../../scan/values.ts";
import { isEnhanced } from "../written-classes.ts";
import type { ExpectedInstance } from "./expected-series.ts";
import type { FrameGroups } from "./frame-groups.ts";
import { must } from "./rule.ts";

const IMAGE_POSITION = 0x00200032;
const IMAGE_ORIENTATION = 0x00200037;
const PLANE_POSITION_SEQUENCE = 0x00209113;
const PLANE_ORIENTATION_SEQUENCE = 0x00209116;

/** A position that was computed anew is written with 16 characters. */
const TOLERANCE_MM = 1e-6;

/** Slice positions by phase and slice, mm. */
export type SlicePositions = Map<number, Map<number, number>>;

/** Checks that the frames of a file lie where the template's do, and notes their distances along the normal; some images tell no place. */
export function checkPlaces(groups: FrameGroups, { frames, template }: ExpectedInstance, positions: SlicePositions): void {
  for (const [i, { phase, slice, imagePosition }] of frames.entries()) {
    // Others of a file without functional groups lie where its kept elements put them, as the Grid Frame Offset Vector does.
    if (i > 0 && !isEnhanced(template.sopClassUID)) break;
    const position = decimalsOf(groups(i, PLANE_POSITION_SEQUENCE), IMAGE_POSITION, 3) as Vec3 | undefined;
    const cosines = decimalsOf(groups(i, PLANE_ORIENTATION_SEQUENCE), IMAGE_ORIENTATION, 6);
    if (position === undefined || cosines === undefined) continue;
    must(norm(subtract(position, imagePosition)) <= TOLERANCE_MM, "every frame lies where the template's does", IMAGE_POSITION);
    const normal = cross(cosines.slice(0, 3) as unknown as Vec3, cosines.slice(3) as unknown as Vec3);
    const ofPhase = positions.get(phase) ?? new Map<number, number>();
    positions.set(phase, ofPhase.set(slice, dot(position, normal)));
  }
}

/** Checks that the slices of each phase, in their order, lie one behind the other. */
export function checkOrder(positions: SlicePositions): void {
  for (const ofPhase of positions.values()) {
    const inOrder = [...ofPhase].sort(([a], [b]) => a - b).map(([, position]) => position);
    must(inOrder.every((position, i) => i === 0 || position > (inOrder[i - 1] as number)), "slices ascend in each phase", IMAGE_POSITION);
  }
}
