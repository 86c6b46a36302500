import { HilumError, IDENTITY_MAP, type LinearMap } from "@hilum/core";
import type { ModalityTable } from "../series/dicom-instance.ts";
import { simdKernelIn, type SimdKernel } from "../simd-kernel.ts";
import { storedByTable } from "./invert-modality-table.ts";
import { quantiseFloat } from "./quantise-float.ts";
import { quantiseWide } from "./quantise-wide.ts";

/** How an instance stores a voxel (PS3.3 C.7.6.3.1), and what a stored value means: real = stored · scale + offset. */
export interface StoredFormat {
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  /** True where stored values are floating point, of 32 or 64 bits. */
  readonly float?: boolean | undefined;
  readonly modalityLut: LinearMap;
  /** In place of `modalityLut`; it can be inverted. */
  readonly modalityTable?: ModalityTable | undefined;
}

/** What quantising did, over one frame or many. */
export interface QuantiseCounts {
  /** Voxels whose value lies outside of what can be stored, and became the nearest that can. */
  clippedVoxels: number;
  /** Largest |real value as stored − real value asked| of the voxels that were not clipped, in real units; none of values that came back as the template has them. */
  maxQuantisationError: number;
}

/** Smallest and largest stored value of one frame. */
export interface StoredRange {
  readonly smallest: number;
  readonly largest: number;
}

/**
 * What the template stores. It comes back where a voxel is padding, and, of stored values that float32 does not tell apart, where
 * a voxel is just what the reader makes of it.
 */
export interface KeptPixels {
  /** One byte a voxel, 1 = padding; absent where none is. */
  readonly mask?: Uint8Array | undefined;
  /** The template's own frame, samples side by side; of single bits, each in a byte. */
  readonly templatePixels: Uint8Array;
}

/** Whether float32 does not hold all stored values of a format, or these are floating point: then the template's come back where they can. */
export function isWide({ bitsAllocated }: Pick<StoredFormat, "bitsAllocated">): boolean {
  return bitsAllocated > 16;
}

const FLOAT32_BYTES = 4;
const PAGE_BYTES = 65_536;
/** Where voxels lie in the kernel's memory; 0 would be no address. */
const VOXELS_AT = 64;

const MAX_PAGES = 65_536;

/** Memory of its own for one frame at a time: the kernel works in place, and the voxels are only lent. */
let ownMemory: WebAssembly.Memory | undefined;

/**
 * Turns voxels into stored values: (real − intercept) / slope in double, rounded half to even, saturated, never wrapped. Only
 * the stored bits are written; the bits above them follow the sign, and are zero in unsigned images.
 *
 * @param toReal real value = voxel · scale + offset.
 * @param voxels all samples of a frame.
 * @param out one frame: 1, 2, 4 or 8 bytes (little endian) for each of them, single bits in a byte.
 * @throws {HilumError} NON_FINITE_VOXELS for NaN and infinity, with their number; as {@link quantiseWide}.
 */
export function quantise(
  voxels: Float32Array,
  toReal: LinearMap,
  format: StoredFormat,
  out: Uint8Array,
  counts: QuantiseCounts,
  kept?: KeptPixels,
): StoredRange {
  const { bitsAllocated, bitsStored, highBit, signed, modalityLut, modalityTable } = format;
  if (modalityTable !== undefined) {
    const stored = storedByTable(voxels, toReal, modalityTable, counts, kept?.mask);
    return quantise(stored, IDENTITY_MAP, { ...format, modalityLut: IDENTITY_MAP, modalityTable: undefined }, out, counts, kept);
  }
  if (format.float === true) return quantiseFloat(voxels, toReal, format, out, counts, kept);
  if (bitsAllocated === 32) return quantiseWide(voxels, toReal, format, out, counts, kept);
  const sampleBytes = Math.ceil(bitsAllocated / 8);
  const n = voxels.length;
  const maskAt = VOXELS_AT + n * FLOAT32_BYTES;
  const keptAt = maskAt + n;
  const memory = memoryOf(keptAt + n * sampleBytes);
  new Float32Array(memory.buffer, VOXELS_AT, n).set(voxels);
  const mask = kept?.mask;
  if (kept !== undefined && mask !== undefined) {
    const bytes = new Uint8Array(memory.buffer);
    bytes.set(mask, maskAt);
    bytes.set(kept.templatePixels, keptAt);
  }
  // The memory is shared, so that a kernel is there.
  const kernel = simdKernelIn(memory) as SimdKernel;
  const low = signed ? -(2 ** (bitsStored - 1)) : 0;
  kernel[sampleBytes === 1 ? "quantiseTo8" : "quantiseTo16"](
    VOXELS_AT,
    n,
    toReal.scale,
    toReal.offset,
    modalityLut.offset,
    modalityLut.scale,
    low,
    low + 2 ** bitsStored - 1,
    highBit + 1 - bitsStored,
    mask === undefined ? 0 : maskAt,
    keptAt,
  );
  if (kernel.nonFinite.value > 0)
    throw new HilumError("NON_FINITE_VOXELS", `${kernel.nonFinite.value} voxels of a slice are NaN or infinite.`, {
      details: { voxels: kernel.nonFinite.value },
    });
  out.set(new Uint8Array(memory.buffer, VOXELS_AT, n * sampleBytes));
  counts.clippedVoxels += kernel.clipped.value;
  counts.maxQuantisationError = Math.max(counts.maxQuantisationError, kernel.worst.value * Math.abs(modalityLut.scale));
  return { smallest: kernel.smallest.value, largest: kernel.largest.value };
}

function memoryOf(bytes: number): WebAssembly.Memory {
  ownMemory ??= new WebAssembly.Memory({ initial: 0, maximum: MAX_PAGES, shared: true });
  const missing = bytes - ownMemory.buffer.byteLength;
  if (missing > 0) ownMemory.grow(Math.ceil(missing / PAGE_BYTES));
  return ownMemory;
}
