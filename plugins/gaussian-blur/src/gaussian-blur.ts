import { sliceLengthOf, type JobProcessor, type ProcessorCall, type Slab } from "@hilum/core";
import { blurConfig, blurDerivation, kernelsOf, type BlurConfig } from "./blur-config.ts";
import { boundaryMap } from "./boundary.ts";
import { createPlaneBlur, type PlaneBlur } from "./plane-blur.ts";
import { sumSlices } from "./weighted-sums.ts";

/**
 * Gaussian blur in three dimensions: the sampled kernel exp(−x² / 2σ²), normalised to sum 1, along z, y and x in turn, in
 * double, rounded once to float32. The same as scipy.ndimage.gaussian_filter in float64, but for that rounding.
 *
 * Where a volume is masked, only image voxels are weighed (normalised convolution: Knutsson and Westin, 1993), and padded voxels
 * come back as they were; what lies beyond the ends in mode "constant" counts as image. Several samples are blurred each on its own.
 */
export const gaussianBlur: JobProcessor<BlurConfig> = {
  id: "gaussian-blur",
  title: "3D Gaussian blur",
  config: blurConfig,
  inputSlices(output, spec, config) {
    const radius = kernelsOf(spec, config)[2].length - 1;
    if (config.mode === "wrap" && radius > 0) return { start: 0, count: spec.geometry.size[2] };
    return { start: output.start - radius, count: output.count + 2 * radius };
  },
  run: blur,
  derivation: blurDerivation,
};

function blur({ input, output, config, spec }: ProcessorCall<BlurConfig, unknown>): void {
  const [columns, rows, slices] = spec.geometry.size;
  const samples = spec.voxel.samplesPerVoxel;
  const [alongX, alongY, alongZ] = kernelsOf(spec, config);
  const constant = config.constantValue;
  const plane = { columns, rows, kernels: [alongX, alongY], mode: config.mode } as const;
  const values = createPlaneBlur({ ...plane, samples, constant });
  const cover = input.mask === undefined ? undefined : createPlaneBlur({ ...plane, samples: 1, constant: 1 });
  const outside: Outside = {
    index: slices,
    voxels: config.mode === "constant" ? new Float32Array(sliceLengthOf(spec)).fill(constant) : new Float32Array(0),
    mask: new Uint8Array(config.mode === "constant" ? rows * columns : 0),
  };
  const taps = boundaryMap(slices, alongZ.length - 1, config.mode);

  for (let k = output.start; k < output.start + output.count; k++) {
    const needed = taps.subarray(k, k + 2 * alongZ.length - 1);
    const voxels = Array.from(needed, (at) => (at === outside.index ? outside.voxels : input.slice(at)));
    const masks = cover === undefined ? [] : Array.from(needed, (at) => maskAt(input, at, outside));
    const into = output.slice(k);
    if (cover !== undefined && masks.some((mask) => mask.includes(1))) {
      sumImage(values, cover, voxels, masks, alongZ);
      quotient(into, values, cover, rows);
      keepPadding(into, input.slice(k), maskAt(input, k, outside));
    } else {
      const rowLength = columns * samples;
      for (let j = 0; j < rows; j++) sumSlices(values.plane, j * rowLength, rowLength, voxels, alongZ);
      for (let j = 0; j < rows; j++) into.set(values.row(j), j * rowLength);
    }
    if (cover !== undefined) output.sliceMask(k)?.set(maskAt(input, k, outside));
  }
}

/** What lies beyond the first and last slice in mode "constant", under the index that boundaryMap gives it. */
interface Outside {
  readonly index: number;
  readonly voxels: Float32Array;
  readonly mask: Uint8Array;
}

function maskAt(input: Slab, k: number, outside: Outside): Uint8Array {
  return k === outside.index ? outside.mask : (input.sliceMask(k) as Uint8Array);
}

/** The sum along z over image voxels alone, and the weights that went into it. */
function sumImage(
  values: PlaneBlur,
  cover: PlaneBlur,
  voxels: readonly Float32Array[],
  masks: readonly Uint8Array[],
  weights: Float64Array,
): void {
  values.plane.fill(0);
  cover.plane.fill(0);
  const radius = weights.length - 1;
  voxels.forEach((slice, t) => addImage(values.plane, cover.plane, slice, masks[t] as Uint8Array, weights[Math.abs(t - radius)] as number));
}

function addImage(sum: Float64Array, cover: Float64Array, slice: Float32Array, mask: Uint8Array, weight: number): void {
  const samples = slice.length / mask.length;
  for (let v = 0; v < mask.length; v++) {
    if (mask[v] !== 0) continue;
    cover[v] = (cover[v] as number) + weight;
    for (let n = v * samples; n < (v + 1) * samples; n++) sum[n] = (sum[n] as number) + weight * (slice[n] as number);
  }
}

function quotient(into: Float32Array, values: PlaneBlur, cover: PlaneBlur, rows: number): void {
  const rowLength = into.length / rows;
  for (let j = 0; j < rows; j++) {
    const sums = values.row(j);
    const weights = cover.row(j);
    const samples = sums.length / weights.length;
    for (let n = 0; n < rowLength; n++) into[j * rowLength + n] = (sums[n] as number) / (weights[Math.trunc(n / samples)] as number);
  }
}

function keepPadding(into: Float32Array, from: Float32Array, mask: Uint8Array): void {
  const samples = into.length / mask.length;
  for (let n = 0; n < into.length; n++) if (mask[Math.trunc(n / samples)] !== 0) into[n] = from[n] as number;
}
