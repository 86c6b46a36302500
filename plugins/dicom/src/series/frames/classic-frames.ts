import { HilumError, scaleBy, type Vec3 } from "@hilum/core";
import { Tag } from "../../scan/tags.ts";
import { decimal, decimals, type ScannedHead } from "../../scan/values.ts";
import type { ImageHeader } from "../image-header.ts";
import { normalOf } from "../read-image-header.ts";
import { required } from "../read-pixel-layout.ts";
import { faultOf, readDirections, readPixelSpacing, readPlane, readPosition, type Plane } from "../read-plane.ts";
import { requiresPlane } from "../sop-classes.ts";
import { FrameTag } from "./frame-tags.ts";
import { attributeTags } from "./frame-values.ts";
import { moved } from "./moved.ts";

/** The plane of an image of which nothing is known: axial, 1 mm. */
export const NOWHERE: Plane = { placedBy: "none", imagePosition: [0, 0, 0], rowDirection: [1, 0, 0], columnDirection: [0, 1, 0], spacing: [1, 1] };

/**
 * The plane of an image that may lack a position. Where there is none, Slice Location places it along the normal; images of
 * classes that need no plane do without.
 * @throws {HilumError} MISSING_ATTRIBUTE, of classes that must have a plane; MALFORMED_FILE.
 */
export function readPlaneIfAny(head: ScannedHead, sopClassUID: string): Plane {
  if (readPosition(head) !== undefined) return readPlane(head);
  const directions = readDirections(head);
  const spacing = readPixelSpacing(head);
  const location = directions === undefined || spacing === undefined ? undefined : decimal(head, Tag.SliceLocation);
  if (directions !== undefined && spacing !== undefined && location !== undefined)
    return { placedBy: "slice location", imagePosition: scaleBy(normalOf(directions), location), ...directions, spacing };
  if (requiresPlane(sopClassUID)) return readPlane(head);
  return { ...NOWHERE, ...directions, ...(spacing === undefined ? {} : { spacing }) };
}

/**
 * The frames of an instance without functional groups: at the offsets of Grid Frame Offset Vector, at one place where they
 * follow each other in time, at the distance of Spacing Between Slices, or without a place.
 * @param base what the instance says of all of them.
 * @throws {HilumError} MISSING_ATTRIBUTE when a position is there for the first frame alone; MALFORMED_FILE.
 */
export function readClassicFrames(head: ScannedHead, base: ImageHeader): readonly ImageHeader[] {
  const inTime = attributeTags(head, FrameTag.FrameIncrementPointer)?.some((tag) => tag === FrameTag.FrameTime || tag === FrameTag.FrameTimeVector) ?? false;
  const positions = base.placedBy === "none" ? undefined : readFramePositions(head, base, inTime);
  return Array.from({ length: base.pixel.frames }, (_, frame) => ({
    ...base,
    frameNumber: frame + 1,
    imagePosition: positions?.[frame] ?? base.imagePosition,
    temporalPosition: inTime ? frame + 1 : base.temporalPosition,
    expectedImages: undefined,
    sliceLocation: undefined,
  }));
}

function readFramePositions(head: ScannedHead, base: ImageHeader, inTime: boolean): readonly Vec3[] {
  const { frames } = base.pixel;
  const normal = normalOf(base);
  const along = (distances: readonly number[]): readonly Vec3[] => distances.map((distance) => moved(base.imagePosition, [normal, distance]));
  const offsets = decimals(head, FrameTag.GridFrameOffsetVector);
  if (offsets !== undefined) {
    if (offsets.length !== frames) throw faultOf(head, FrameTag.GridFrameOffsetVector, `has ${offsets.length} values where the instance has ${frames} frames`);
    // Offsets from the position begin at 0; others are coordinates along z, of axial images (PS3.3 C.8.8.3.2).
    if (offsets[0] === 0) return along(offsets);
    if (Math.abs(normal[2]) < 1) throw faultOf(head, FrameTag.GridFrameOffsetVector, "does not begin at 0, and the image is not axial");
    return offsets.map((z) => [base.imagePosition[0], base.imagePosition[1], z]);
  }
  const each = (distance: number): readonly Vec3[] => along(Array.from({ length: frames }, (_, frame) => frame * distance));
  if (inTime) return each(0);
  const between = required(base.spacingBetweenSlices, "Spacing Between Slices", Tag.SpacingBetweenSlices);
  if (between === 0) throw new HilumError("MALFORMED_FILE", "Spacing Between Slices is zero.", { details: { tag: "(0018,0088)" } });
  return each(between);
}
