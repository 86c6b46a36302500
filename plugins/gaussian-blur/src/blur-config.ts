import type { Derivation, VolumeSpec } from "@hilum/core";
import { z } from "zod";
import { BOUNDARY_MODES } from "./boundary.ts";
import { gaussianWeights } from "./gaussian-weights.ts";

const sigma = z.number().min(0).max(1000);
const radius = z.int().min(0).max(10_000);

/** The schema of {@link BlurConfig}. */
export const blurConfig = z.strictObject({
  sigma: z.union([sigma, z.tuple([sigma, sigma, sigma])]).default(1).meta({
    description: "Standard deviation, in `unit`: one number, or [x, y, z] along columns, rows and slices. 0 leaves an axis as it is.",
  }),
  unit: z.enum(["mm", "voxel"]).default("mm").meta({
    description: "Unit of `sigma`: mm (divided by the spacing of each axis) or voxel.",
  }),
  mode: z.enum(BOUNDARY_MODES).default("reflect").meta({
    description:
      "What lies beyond the ends a b c d of an axis: reflect (d c b a | a b c d | d c b a), nearest (a a a | a b c d | d d d), " +
      "mirror (d c b | a b c d | c b a), constant, or wrap (a b c d | a b c d | a b c d).",
  }),
  constantValue: z.number().default(0).meta({
    description: "Value beyond the ends in mode constant, in the units of the voxels as they reach this step.",
  }),
  truncate: z.number().min(0).max(100).default(4).meta({
    description: "Where the kernel ends, in standard deviations: radius = floor(truncate · sigma + 0.5) voxels.",
  }),
  radius: z.union([radius, z.tuple([radius, radius, radius])]).optional().meta({
    description: "Radius of the kernel in voxels, instead of `truncate`: one number, or [x, y, z].",
  }),
});

/** Configuration of the Gaussian blur. */
export type BlurConfig = z.output<typeof blurConfig>;

/** The half kernel along each axis (x, y, z) of a volume, as {@link gaussianWeights} gives it. */
export function kernelsOf(spec: VolumeSpec, config: BlurConfig): readonly [Float64Array, Float64Array, Float64Array] {
  const sigmas = perAxis(config.sigma);
  const radii = config.radius === undefined ? undefined : perAxis(config.radius);
  const along = (axis: 0 | 1 | 2): Float64Array => {
    const voxels = config.unit === "mm" ? sigmas[axis] / spec.geometry.spacing[axis] : sigmas[axis];
    return gaussianWeights(voxels, radii?.[axis] ?? Math.floor(config.truncate * voxels + 0.5));
  };
  return [along(0), along(1), along(2)];
}

/** What a blur did, for Derivation Description and Code Sequence. */
export function blurDerivation(config: BlurConfig): Derivation {
  const sigmas = perAxis(config.sigma);
  const text = sigmas.every((each) => each === sigmas[0]) ? shortened(sigmas[0]) : sigmas.map(shortened).join(" x ");
  return {
    description: `3D Gaussian blur, sigma ${text} ${config.unit}`,
    code: { value: "113088", scheme: "DCM", meaning: "Gaussian blur" },
  };
}

function perAxis(value: number | readonly [number, number, number]): readonly [number, number, number] {
  return typeof value === "number" ? [value, value, value] : value;
}

// Four digits keep the text of three sigmas within the 64 characters that a label holds.
function shortened(value: number): string {
  return String(Number(value.toPrecision(4)));
}
