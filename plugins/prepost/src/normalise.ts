import { HilumError, type JobProcessor, type LinearMap } from "@hilum/core";
import { z } from "zod";
import { mapLinear } from "./map-linear.ts";
import { minMax, NOTHING, type MinMax } from "./min-max.ts";

const config = z.strictObject({
  scope: z.enum(["series", "phase", "slice"]).default("series").meta({
    description: "What shares one smallest and one largest value (in the units of the voxels): the series, each phase, or each slice.",
  }),
});

/** Configuration of {@link normalise}. */
export type NormaliseConfig = z.output<typeof config>;

/**
 * Maps the smallest image voxel of a scope to 0 and the largest to 1: y = (x − lo) / (hi − lo), in double, rounded once to
 * float32. A constant scope becomes 0. Padded voxels do not count for lo and hi; they are mapped alike, and so may leave [0, 1].
 *
 * Undone by x = y · (hi − lo) + lo: integers of up to 16 bits (and what a Rescale Slope and Intercept make of them) come back
 * exactly when they are rounded.
 * @throws {HilumError} NON_FINITE_VOXELS when an image voxel is NaN or infinite.
 */
export const normalise: JobProcessor<NormaliseConfig, MinMax, MinMax> = {
  id: "normalise",
  title: "Normalise intensity to [0, 1]",
  config,
  measure: {
    scope: ({ scope }) => scope,
    slice(input, k) {
      const stat = minMax(input, k);
      if (Number.isNaN(stat.lo)) throw nonFinite({ phase: input.phase, slice: k });
      return stat;
    },
    ofRange(range) {
      if (range === undefined) return NOTHING;
      const [lo, hi] = range;
      if (!Number.isFinite(hi - lo)) throw nonFinite();
      return { lo, hi };
    },
    fold(stats) {
      let lo = Infinity;
      let hi = -Infinity;
      for (const stat of stats) {
        lo = Math.min(lo, stat.lo);
        hi = Math.max(hi, stat.hi);
      }
      return lo > hi ? { lo: 0, hi: 1 } : { lo, hi };
    },
    range: ({ lo, hi }) => (lo > hi ? undefined : [lo, hi]),
  },
  run({ input, output, measured }) {
    for (let k = output.start; k < output.start + output.count; k++) {
      const { scale, offset } = inverseOf(measured(k));
      // A product with the reciprocal is at most 1.5 units of the last place of a double from the quotient: float32 does not
      // see it for any two 17-bit integers, and both ends of the range are met exactly.
      mapLinear(input, output, k, { origin: offset, scale: 1 / scale, offset: 0 });
    }
  },
  undo({ input, output, measured }) {
    for (let k = output.start; k < output.start + output.count; k++)
      mapLinear(input, output, k, { origin: 0, ...inverseOf(measured(k)) });
  },
  toInput: inverseOf,
};

function nonFinite(details?: { readonly phase: number; readonly slice: number }): HilumError {
  return new HilumError("NON_FINITE_VOXELS", "A slice to be normalised holds NaN or infinity.", {
    ...(details && { details }),
    remedy: "Correct the source or the step before; nothing was published.",
  });
}

function inverseOf({ lo, hi }: MinMax): LinearMap {
  return { scale: hi === lo ? 1 : hi - lo, offset: lo };
}
