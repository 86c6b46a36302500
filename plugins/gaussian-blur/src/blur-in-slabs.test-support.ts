import { slabOver, type Slab, type VolumeSpec } from "@hilum/core";
import type { BlurConfig } from "./blur-config.ts";
import { gaussianBlur } from "./gaussian-blur.ts";

/** A volume in memory, for tests: size (columns, rows, slices), spacing in mm, voxels in slice order. */
export interface TestVolume {
  readonly size: readonly [number, number, number];
  readonly spacing?: readonly [number, number, number];
  readonly samples?: number;
  readonly voxels: Float32Array;
  /** One byte a voxel, 1 = padding. */
  readonly mask?: Uint8Array;
}

/** What a schema makes of a configuration, with its defaults. */
export function resolved(config: unknown): BlurConfig {
  const result = gaussianBlur.config["~standard"].validate(config);
  if (result instanceof Promise || result.issues !== undefined) throw new TypeError("the configuration is not valid");
  return result.value;
}

/** Blurs as a host does: output slabs of `depth` slices, each with the input slices that were asked for, clipped at the ends. */
export function blurInSlabs(volume: TestVolume, config: unknown, depth = volume.size[2]): Slab {
  const spec = specOf(volume);
  const options = resolved(config);
  const slices = volume.size[2];
  const whole = slabOf(volume, 0, slices);
  const result = slabOver(whole, new Float32Array(volume.voxels.length), volume.mask && new Uint8Array(volume.mask.length));
  for (let start = 0; start < slices; start += depth) {
    const range = { start, count: Math.min(depth, slices - start) };
    const wanted = gaussianBlur.inputSlices?.(range, spec, options) ?? range;
    const first = Math.max(0, wanted.start);
    const input = slabOf(volume, first, Math.min(slices, wanted.start + wanted.count) - first);
    const end = range.start + range.count;
    const voxels = result.voxels.subarray(start * whole.sliceLength, end * whole.sliceLength);
    const plane = volume.size[0] * volume.size[1];
    const output = slabOver({ ...range, phase: 0, sliceLength: whole.sliceLength }, voxels, result.mask?.subarray(start * plane, end * plane));
    void gaussianBlur.run({ input, output, config: options, spec, measured: () => undefined });
  }
  return result;
}

/** Geometry and format of a test volume. */
export function specOf({ size, spacing = [1, 1, 1], samples = 1, mask }: TestVolume): VolumeSpec {
  return {
    geometry: { size, spacing, origin: [0, 0, 0], direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] },
    voxel: { componentType: "float32", samplesPerVoxel: samples },
    masked: mask !== undefined,
  };
}

// Copies, so that a read beyond the slices that were asked for finds nothing.
function slabOf({ size, samples = 1, voxels, mask }: TestVolume, start: number, count: number): Slab {
  const plane = size[0] * size[1];
  const sliceLength = plane * samples;
  return slabOver(
    { phase: 0, start, count, sliceLength },
    voxels.slice(start * sliceLength, (start + count) * sliceLength),
    mask?.slice(start * plane, (start + count) * plane),
  );
}
