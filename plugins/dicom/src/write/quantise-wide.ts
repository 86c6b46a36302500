import { HilumError, type LinearMap } from "@hilum/core";
import type { KeptPixels, QuantiseCounts, StoredFormat, StoredRange } from "./quantise.ts";

/** float32 tells all integers below this apart, and no others. */
const EXACT_INTEGERS = 2 ** 24;
/** A map to real values and one to normalised ones each cost up to half a step more. */
const EXACT_IF_MAPPED = 2 ** 22;

/**
 * Turns voxels into stored integers of 32 bits allocated, as `quantise` does for fewer. float32 holds the stored values of such images only up
 * to 24 bits. Beyond, a voxel that is just what the template's stored value reads as becomes that value; where others come out, nobody knows
 * which they were.
 *
 * @param out one frame: 4 bytes (little endian) for each voxel.
 * @throws {HilumError} UNSUPPORTED_VOXEL_FORMAT for voxels that lie too far from zero to be told apart, NON_FINITE_VOXELS; both with their number.
 */
export function quantiseWide(voxels: Float32Array, toReal: LinearMap, format: StoredFormat, out: Uint8Array, counts: QuantiseCounts, kept?: KeptPixels): StoredRange {
  const { bitsStored, highBit, signed, modalityLut } = format;
  const low = signed ? -(2 ** (bitsStored - 1)) : 0;
  const high = low + 2 ** bitsStored - 1;
  const shift = highBit + 1 - bitsStored;
  const areWhole = [toReal, modalityLut].every(({ scale, offset }) => scale === 1 && Number.isInteger(offset));
  const exactBelow = areWhole ? EXACT_INTEGERS : EXACT_IF_MAPPED;
  const stored = new DataView(out.buffer, out.byteOffset, out.byteLength);
  const own = kept && new DataView(kept.templatePixels.buffer, kept.templatePixels.byteOffset, kept.templatePixels.byteLength);
  let [smallest, largest, worst] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  let [nonFinite, inexact] = [0, 0];
  for (const [i, voxel] of voxels.entries()) {
    const ofTemplate = own && valueIn(own, 4 * i, format);
    let value: number;
    if (ofTemplate !== undefined && (kept?.mask?.[i] === 1 || isReadAs(ofTemplate, modalityLut, voxel, toReal))) value = ofTemplate;
    else {
      const exact = (voxel * toReal.scale + toReal.offset - modalityLut.offset) / modalityLut.scale;
      if (!Number.isFinite(exact)) nonFinite++;
      else if (Math.abs((voxel * toReal.scale) / modalityLut.scale) >= exactBelow) inexact++;
      const rounded = halfToEven(exact);
      value = Math.min(Math.max(rounded, low), high);
      if (value !== rounded) counts.clippedVoxels++;
      else worst = Math.max(worst, Math.abs(rounded - exact));
    }
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
    stored.setInt32(4 * i, value << shift, true);
  }
  if (nonFinite > 0) throw new HilumError("NON_FINITE_VOXELS", `${nonFinite} voxels of a slice are NaN or infinite.`, { details: { voxels: nonFinite } });
  if (inexact > 0)
    throw new HilumError("UNSUPPORTED_VOXEL_FORMAT", `${inexact} voxels of a slice are too large for float32 to tell their stored values of 32 bits apart.`, {
      details: { voxels: inexact },
      remedy: "Choose another output format; stored values below 2^24 (below 2^22 with a Rescale Slope, or normalised) can be written.",
    });
  counts.maxQuantisationError = Math.max(counts.maxQuantisationError, worst * Math.abs(modalityLut.scale));
  return { smallest, largest };
}

/** Whether a stored value becomes this very voxel where it is read. */
export function isReadAs(stored: number, lut: LinearMap, voxel: number, toReal: LinearMap): boolean {
  return Math.fround(stored * lut.scale + lut.offset) === Math.fround(voxel * toReal.scale + toReal.offset);
}

function valueIn(pixels: DataView, at: number, { bitsStored, highBit, signed }: StoredFormat): number {
  const aligned = pixels.getInt32(at, true) << (31 - highBit);
  return signed ? aligned >> (32 - bitsStored) : aligned >>> (32 - bitsStored);
}

function halfToEven(value: number): number {
  const floor = Math.floor(value);
  const above = value - floor;
  return above > 0.5 || (above === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
