import type { Slab } from "@hilum/core";
import { simdKernelFor } from "./simd-kernel.ts";

/** Smallest and largest value; `lo > hi` where no voxel was counted, NaN where a counted one was NaN or infinite. */
export interface MinMax {
  readonly lo: number;
  readonly hi: number;
}

/** Of no voxel at all. */
export const NOTHING: MinMax = { lo: Infinity, hi: -Infinity };

/** Smallest and largest sample of slice `k` of a slab, without what the mask marks as padding. */
export function minMax(slab: Slab, k: number): MinMax {
  const voxels = slab.slice(k);
  const mask = slab.sliceMask(k);
  // The kernel knows one sample for each byte of the mask.
  const kernel = mask === undefined || mask.length === voxels.length ? simdKernelFor(slab) : undefined;
  if (kernel === undefined) return mask === undefined ? minMaxOf(voxels) : minMaxOfImage(voxels, mask);
  if (mask === undefined) kernel.minMax(voxels.byteOffset, voxels.length);
  else kernel.minMaxOfImage(voxels.byteOffset, mask.byteOffset, voxels.length);
  return finite(kernel.minimum.value, kernel.maximum.value);
}

function minMaxOf(voxels: Float32Array): MinMax {
  let lo = Infinity;
  let hi = -Infinity;
  // Comparisons pass over NaN; 0 · x is NaN for NaN and infinity, and stays in the sum.
  let trace = 0;
  for (let n = 0; n < voxels.length; n++) {
    const x = voxels[n] as number;
    if (x < lo) lo = x;
    if (x > hi) hi = x;
    trace += 0 * x;
  }
  return finite(lo, hi, trace);
}

function minMaxOfImage(voxels: Float32Array, mask: Uint8Array): MinMax {
  const samples = voxels.length / mask.length;
  let lo = Infinity;
  let hi = -Infinity;
  let trace = 0;
  for (let v = 0; v < mask.length; v++) {
    if (mask[v] !== 0) continue;
    for (let n = v * samples; n < (v + 1) * samples; n++) {
      const x = voxels[n] as number;
      if (x < lo) lo = x;
      if (x > hi) hi = x;
      trace += 0 * x;
    }
  }
  return finite(lo, hi, trace);
}

function finite(lo: number, hi: number, trace = 0): MinMax {
  const nothing = lo === Infinity && hi === -Infinity;
  // The addition turns −0 into 0, so that it does not matter which of the two came first.
  return Number.isNaN(trace) || (!nothing && !Number.isFinite(hi - lo)) ? { lo: NaN, hi: NaN } : { lo: lo + 0, hi: hi + 0 };
}
