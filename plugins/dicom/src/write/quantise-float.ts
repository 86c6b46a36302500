import { HilumError, type LinearMap } from "@hilum/core";
import type { KeptPixels, QuantiseCounts, StoredFormat, StoredRange } from "./quantise.ts";
import { isReadAs } from "./quantise-wide.ts";

/**
 * Turns voxels into stored values in floating point: (real − intercept) / slope in double, rounded to float32 where that is stored.
 * A voxel that is just what the template's stored value reads as becomes that value: float32 voxels do not tell all doubles apart.
 *
 * @param out one frame: 4 or 8 bytes (little endian) for each voxel, aligned to these.
 * @throws {HilumError} NON_FINITE_VOXELS for what is NaN, infinite or more than the stored type holds, with their number.
 */
export function quantiseFloat(voxels: Float32Array, toReal: LinearMap, { bitsAllocated, modalityLut }: StoredFormat, out: Uint8Array, counts: QuantiseCounts, kept?: KeptPixels): StoredRange {
  const stored = floatsOver(out, bitsAllocated);
  const own = kept && floatsOver(kept.templatePixels, bitsAllocated);
  const { scale, offset } = modalityLut;
  let [smallest, largest, worst, nonFinite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const [i, voxel] of voxels.entries()) {
    const ofTemplate = own?.[i];
    if (ofTemplate !== undefined && (kept?.mask?.[i] === 1 || isReadAs(ofTemplate, modalityLut, voxel, toReal))) stored[i] = ofTemplate;
    else {
      const real = voxel * toReal.scale + toReal.offset;
      stored[i] = (real - offset) / scale;
      worst = Math.max(worst, Math.abs((stored[i] as number) * scale + offset - real));
    }
    const value = stored[i] as number;
    if (!Number.isFinite(value)) nonFinite++;
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
  }
  if (nonFinite > 0) throw new HilumError("NON_FINITE_VOXELS", `${nonFinite} voxels of a slice are NaN, infinite or more than the template's type holds.`, { details: { voxels: nonFinite } });
  counts.maxQuantisationError = Math.max(counts.maxQuantisationError, worst);
  return { smallest, largest };
}

function floatsOver(bytes: Uint8Array, bitsAllocated: number): Float32Array | Float64Array {
  const aligned = bytes.byteOffset % (bitsAllocated / 8) === 0 ? bytes : new Uint8Array(bytes);
  return bitsAllocated === 32 ? new Float32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4) : new Float64Array(aligned.buffer, aligned.byteOffset, aligned.length / 8);
}
