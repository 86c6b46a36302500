import type { LinearMap } from "@hilum/core";
import type { ModalityTable, PixelLayout } from "../series/dicom-instance.ts";
import type { QuantiseCounts } from "./quantise.ts";

/** Whether each stored value that an image can hold has an entry of its own, and these ascend or descend throughout. */
export function isInvertible({ firstMapped, values }: ModalityTable, { bitsStored, signed }: Pick<PixelLayout, "bitsStored" | "signed">): boolean {
  const low = signed ? -(2 ** (bitsStored - 1)) : 0;
  if (firstMapped > low || firstMapped + values.length < low + 2 ** bitsStored) return false;
  const direction = directionOf(values);
  return direction !== 0 && values.every((value, i) => i === 0 || Math.sign(value - (values[i - 1] as number)) === direction);
}

/**
 * The stored values whose entries lie nearest to the real values of voxels; one beyond the table where these lie beyond its entries, and
 * NaN or infinity where they are that.
 * @param toReal real value = voxel · scale + offset.
 * @param mask one byte a voxel, 1 where it does not count.
 */
export function storedByTable(voxels: Float32Array, toReal: LinearMap, { firstMapped, values }: ModalityTable, counts: QuantiseCounts, mask: Uint8Array | undefined): Float32Array {
  const direction = directionOf(values);
  return voxels.map((voxel, i) => {
    const real = voxel * toReal.scale + toReal.offset;
    if (!Number.isFinite(real)) return real;
    // The first entry that is not before the value.
    let [at, end] = [0, values.length];
    while (at < end) {
      const middle = (at + end) >> 1;
      if (((values[middle] as number) - real) * direction < 0) at = middle + 1;
      else end = middle;
    }
    if (at === values.length) return firstMapped + at;
    const distance = Math.abs((values[at] as number) - real);
    if (at === 0) return distance === 0 ? firstMapped : firstMapped - 1;
    const before = Math.abs((values[at - 1] as number) - real);
    if (mask?.[i] !== 1) counts.maxQuantisationError = Math.max(counts.maxQuantisationError, Math.min(distance, before));
    return firstMapped + (before < distance ? at - 1 : at);
  });
}

function directionOf(values: Float64Array): number {
  return Math.sign((values.at(-1) as number) - (values[0] as number));
}
