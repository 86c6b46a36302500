import type { LinearMap } from "@hilum/core";
import { decimalString, decimalStringNotBelow } from "./decimal-string.ts";
import type { StoredForm } from "./stored-form.ts";

/** Smallest and largest real value of a slice, padding apart; undefined where it has nothing but padding. */
export type RealRange = readonly [smallest: number, largest: number] | undefined;

/** Both policies leave the lowest stored value to padding, so that no image value can be taken for it. */
const SIGNED_PADDING = -32_768;
const SIGNED_LARGEST = 32_767;
const UNSIGNED_PADDING = 0;
const UNSIGNED_LARGEST = 65_535;

/**
 * A slope is at least this part of the largest value: float32 has no finer steps that matter (2⁻²⁴ of the value over 2¹⁶
 * stored values), and the sums in double stay far more exact than it.
 */
const FINEST_SLOPE = 2 ** -40;

/**
 * The form of `full-range` (dicom.md §4): signed 16 bits over the range of the slice. Slope and intercept are Decimal Strings
 * of at most 16 characters, so the slope is rounded up until the whole range fits, and quantising takes both as written.
 *
 * @param interceptZero for PET, whose Rescale Intercept is always 0 (PS3.3 C.8.9.4): slope = largest magnitude / 32767.
 */
export function fullRangeForm(range: RealRange, interceptZero: boolean): StoredForm {
  const [low, high] = range ?? [0, 0];
  const offset = interceptZero ? 0 : Number(decimalString(low / 2 + high / 2));
  const reach = Math.max(high - offset, offset - low) / SIGNED_LARGEST;
  const scale = Number(decimalStringNotBelow(slopeFor(reach, low, high, interceptZero)));
  return fitted({ scale, offset }, true, "rescale");
}

/**
 * The form of `mr-rwvm` (dicom.md §4): unsigned 16 bits over the range of the slice, slope and intercept in double, since MR
 * images take no Rescale Slope.
 */
export function realWorldForm(range: RealRange): StoredForm {
  const [low, high] = range ?? [0, 0];
  const scale = slopeFor((high - low) / (UNSIGNED_LARGEST - 1), low, high, false);
  return fitted({ scale, offset: low - scale }, false, "real world value mapping");
}

/** Smallest and largest real value of the voxels that are no padding. NaN and infinity are passed over: quantising refuses them. */
export function realRangeOf(voxels: Float32Array, toReal: LinearMap, mask: Uint8Array | undefined): RealRange {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < voxels.length; i++) {
    const voxel = voxels[i] as number;
    if ((mask !== undefined && mask[i] !== 0) || !Number.isFinite(voxel)) continue;
    if (voxel < low) low = voxel;
    if (voxel > high) high = voxel;
  }
  if (low > high) return undefined;
  const a = low * toReal.scale + toReal.offset;
  const b = high * toReal.scale + toReal.offset;
  return a <= b ? [a, b] : [b, a];
}

/** A slice of one value fits any slope, and gets 1 where that is not too fine for it; with intercept 0 only zeros do. */
function slopeFor(reach: number, low: number, high: number, interceptZero: boolean): number {
  const slope = Math.max(reach, Math.max(Math.abs(low), Math.abs(high)) * FINEST_SLOPE);
  const fitsAny = low === high && (!interceptZero || low === 0);
  return fitsAny ? Math.max(slope, 1) : slope;
}

function fitted(modalityLut: LinearMap, signed: boolean, declaredBy: StoredForm["declaredBy"]): StoredForm {
  return {
    format: { bitsAllocated: 16, bitsStored: 16, highBit: 15, signed, modalityLut },
    declaredBy,
    padding: signed ? SIGNED_PADDING : UNSIGNED_PADDING,
  };
}
