import { HilumError, type LinearMap } from "@hilum/core";
import type { StoredRange } from "./quantise.ts";

/**
 * Stores real values in float32: voxel · scale + offset in double, rounded once.
 * @param padding what masked voxels become; they keep their value where it is undefined.
 * @returns the smallest and largest of the values that are no padding; 0 and 0 where there are none.
 * @throws {HilumError} NON_FINITE_VOXELS for what is no finite float32, with its number.
 */
export function storeReal(voxels: Float32Array, { scale, offset }: LinearMap, mask: Uint8Array | undefined, padding: number | undefined, out: Float32Array): StoredRange {
  let [smallest, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let nonFinite = 0;
  // A sum with 0 would make 0 of −0.
  const toStored = offset === 0 ? (voxel: number) => voxel * scale : (voxel: number) => voxel * scale + offset;
  for (let i = 0; i < voxels.length; i++) {
    const isPadding = mask !== undefined && mask[i] === 1;
    out[i] = isPadding && padding !== undefined ? padding : toStored(voxels[i] as number);
    const real = out[i] as number;
    if (!Number.isFinite(real)) nonFinite++;
    if (isPadding) continue;
    if (real < smallest) smallest = real;
    if (real > largest) largest = real;
  }
  if (nonFinite > 0)
    throw new HilumError("NON_FINITE_VOXELS", `${nonFinite} voxels of a slice are NaN, infinite or more than float32 holds.`, { details: { voxels: nonFinite } });
  return smallest <= largest ? { smallest, largest } : { smallest: 0, largest: 0 };
}
