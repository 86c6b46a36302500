import type { LinearMap, VoxelRange } from "@hilum/core";
import type { PixelLayout } from "../series/dicom-instance.ts";
import { simdKernelIn } from "../simd-kernel.ts";

/** Where the stored samples lie and where their real values go: samples at the end of the very bytes of `voxels`. */
export interface SliceInPlace {
  readonly voxels: Float32Array;
  readonly mask?: Uint8Array | undefined;
  readonly layout: PixelLayout;
  readonly lut: LinearMap;
  readonly paddingRange?: readonly [number, number] | undefined;
  /** The memory that `voxels` and `mask` lie in, where it is WebAssembly's. */
  readonly memory?: WebAssembly.Memory | undefined;
}

/** The last bytes of a slice of float32 voxels: its stored samples are read into them, and become real values in place. */
export function storedBytesOf(voxels: Float32Array, layout: PixelLayout): Uint8Array {
  return new Uint8Array(voxels.buffer, voxels.byteOffset + voxels.byteLength - layout.frameBytes, layout.frameBytes);
}

/**
 * Turns the stored samples at the end of a slice into real values: stored · slope + intercept in double, rounded once to
 * float32. Bits outside of Bits Stored are dropped (PS3.5 8.1.1). The write position never overtakes the read position,
 * since no stored sample is wider than a voxel.
 */
export function decodeSlice(slice: SliceInPlace): void {
  const { voxels, mask, layout, lut, paddingRange, memory } = slice;
  const marked = paddingRange === undefined ? undefined : mask;
  if (marked === undefined) mask?.fill(0);
  const kernel = memory === undefined ? undefined : simdKernelIn(memory);
  if (kernel !== undefined) {
    const [first, last] = paddingRange ?? [0, 0];
    const decode = kernel[`decode${layout.signed ? "Int" : "Uint"}${layout.bitsAllocated === 8 ? 8 : 16}`];
    const shifts = [15 - layout.highBit, 16 - layout.bitsStored] as const;
    decode(voxels.byteOffset, voxels.length, ...shifts, lut.scale, lut.offset, isExactInFloat32(lut), marked?.byteOffset ?? 0, first, last);
    return;
  }
  const stored = storedSamplesOf(voxels, layout);
  if (marked !== undefined && paddingRange !== undefined) markPadding(stored, layout, paddingRange, marked);
  if (layout.signed) toRealSigned(stored, voxels, lut, layout);
  else toRealUnsigned(stored, voxels, lut, layout);
}

/**
 * The range of the real values that {@link decodeSlice} would give of stored samples, without padding: the same arithmetic, done
 * at both ends alone, since it never turns the order of two values round but for that of all. Undefined where all is padding.
 * @throws {TypeError} for samples in memory that is not shared, and for what is no slice in place.
 */
export function rangeOfSlice(slice: SliceInPlace): VoxelRange | undefined {
  const { voxels, mask, layout, lut, paddingRange, memory } = slice;
  const kernel = memory === undefined ? undefined : simdKernelIn(memory);
  if (kernel === undefined) throw new TypeError("the samples lie in memory that is not shared");
  const range = kernel[`range${layout.signed ? "Int" : "Uint"}${layout.bitsAllocated === 8 ? 8 : 16}`];
  const [first, last] = paddingRange ?? [0, 0];
  range(storedBytesOf(voxels, layout).byteOffset, voxels.length, 15 - layout.highBit, 16 - layout.bitsStored, paddingRange !== undefined && mask !== undefined, first, last);
  const [smallest, largest] = [kernel.smallest.value, kernel.largest.value];
  if (smallest > largest) return undefined;
  // The addition turns −0 into 0.
  const [a, b] = [smallest, largest].map((stored) => Math.fround(stored * lut.scale + lut.offset) + 0) as [number, number];
  return a <= b ? [a, b] : [b, a];
}

/** Whether every product and sum over 16-bit samples is an integer that float32 holds. */
function isExactInFloat32({ scale, offset }: LinearMap): boolean {
  return Number.isInteger(scale) && Number.isInteger(offset) && 0x10000 * Math.abs(scale) + Math.abs(offset) <= 2 ** 24;
}

type StoredSamples = Int8Array | Uint8Array | Int16Array | Uint16Array;

function storedSamplesOf(voxels: Float32Array, layout: PixelLayout): StoredSamples {
  const { buffer, byteOffset, byteLength } = storedBytesOf(voxels, layout);
  if (layout.bitsAllocated === 8)
    return layout.signed ? new Int8Array(buffer, byteOffset, byteLength) : new Uint8Array(buffer, byteOffset, byteLength);
  return layout.signed ? new Int16Array(buffer, byteOffset, byteLength / 2) : new Uint16Array(buffer, byteOffset, byteLength / 2);
}

// Four loads before four stores: one at a time, V8's best code waits for every store (three times slower, measured). The shifts
// cut the bits beside Bits Stored away and extend the sign; where all are stored they change nothing.
function toRealSigned(stored: StoredSamples, voxels: Float32Array, lut: LinearMap, layout: PixelLayout): void {
  const { scale, offset } = lut;
  const up = 31 - layout.highBit;
  const down = 32 - layout.bitsStored;
  const n = voxels.length;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const a = ((stored[i] as number) << up) >> down;
    const b = ((stored[i + 1] as number) << up) >> down;
    const c = ((stored[i + 2] as number) << up) >> down;
    const d = ((stored[i + 3] as number) << up) >> down;
    voxels[i] = a * scale + offset;
    voxels[i + 1] = b * scale + offset;
    voxels[i + 2] = c * scale + offset;
    voxels[i + 3] = d * scale + offset;
  }
  for (; i < n; i++) voxels[i] = (((stored[i] as number) << up) >> down) * scale + offset;
}

function toRealUnsigned(stored: StoredSamples, voxels: Float32Array, lut: LinearMap, layout: PixelLayout): void {
  const { scale, offset } = lut;
  const up = 31 - layout.highBit;
  const down = 32 - layout.bitsStored;
  const n = voxels.length;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const a = ((stored[i] as number) << up) >>> down;
    const b = ((stored[i + 1] as number) << up) >>> down;
    const c = ((stored[i + 2] as number) << up) >>> down;
    const d = ((stored[i + 3] as number) << up) >>> down;
    voxels[i] = a * scale + offset;
    voxels[i + 1] = b * scale + offset;
    voxels[i + 2] = c * scale + offset;
    voxels[i + 3] = d * scale + offset;
  }
  for (; i < n; i++) voxels[i] = (((stored[i] as number) << up) >>> down) * scale + offset;
}

function markPadding(stored: StoredSamples, layout: PixelLayout, range: readonly [number, number], mask: Uint8Array): void {
  const up = 31 - layout.highBit;
  const down = 32 - layout.bitsStored;
  const [first, last] = range;
  const { signed } = layout;
  for (let i = 0; i < mask.length; i++) {
    const bits = (stored[i] as number) << up;
    const value = signed ? bits >> down : bits >>> down;
    mask[i] = value >= first && value <= last ? 1 : 0;
  }
}
