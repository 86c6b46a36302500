import { cross, dot, norm, type SeriesSpec } from "@hilum/core";

/** The part of the frame-wise geometry that scripts ask for. */
export interface StackFacts {
  /** Slice positions of the first phase: Image Position projected on the normal of the slices, mm, ascending. */
  readonly slicePositions: readonly number[];
  /** Angle between the step from slice to slice and the normal of the slices, degrees; 0 for an unsheared stack. */
  readonly tiltDegrees: number;
  /** Whether all gaps lie within 1 % of the spacing. */
  readonly uniform: boolean;
}

const SPACING_TOLERANCE = 0.01;

/** Looks at the positions of a series' slices. */
export function describeGeometry(series: SeriesSpec): StackFacts {
  const { direction, size, spacing } = series.volume.geometry;
  const [u, v, w] = direction;
  const normal = cross(u, v);
  const slicePositions = series.frames.slice(0, size[2]).map(({ imagePosition }) => dot(imagePosition, normal));
  // By the arc tangent, since the arc cosine loses half of its digits near 0°.
  const tilt = Math.atan2(norm(cross(w, normal)), Math.abs(dot(w, normal)));
  const uniform = slicePositions.every(
    (position, k) => k === 0 || Math.abs(position - (slicePositions[k - 1] as number) - spacing[2]) <= SPACING_TOLERANCE * spacing[2],
  );
  return { slicePositions, tiltDegrees: (tilt * 180) / Math.PI, uniform };
}
