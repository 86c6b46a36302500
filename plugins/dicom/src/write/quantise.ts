import { HilumError, type LinearMap } from "@hilum/core";

/** How an instance stores a voxel (PS3.3 C.7.6.3.1), and what a stored value means: real = stored · scale + offset. */
export interface StoredFormat {
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  readonly modalityLut: LinearMap;
}

/** What quantising did, over one frame or many. */
export interface QuantiseCounts {
  /** Voxels whose value lies outside of what can be stored, and became the nearest that can. */
  clippedVoxels: number;
  /** Largest |real value as stored − real value asked| of the voxels that were not clipped, in real units. */
  maxQuantisationError: number;
}

/** Smallest and largest stored value of one frame. */
export interface StoredRange {
  readonly smallest: number;
  readonly largest: number;
}

/** Where a voxel is padding: what the template stores there comes back. */
export interface KeptPadding {
  /** One byte a voxel, 1 = padding. */
  readonly mask: Uint8Array;
  /** The template's own frame, as it is in its file. */
  readonly templatePixels: Uint8Array;
}

/** Adding and subtracting 1.5 · 2^52 rounds a double half to even, as IEEE 754 arithmetic does by itself. */
const ROUNDER = 6755399441055744;

/**
 * Turns voxels into stored values: (real − intercept) / slope, rounded half to even, saturated, never wrapped. Only the
 * stored bits are written; the bits above them follow the sign, and are zero in unsigned images.
 *
 * @param toReal real value = voxel · scale + offset.
 * @param out one frame: 1 or 2 bytes (little endian, at an even offset of its buffer) for each voxel.
 * @throws {HilumError} NON_FINITE_VOXELS for NaN and infinity, with their number.
 */
export function quantise(
  voxels: Float32Array,
  toReal: LinearMap,
  format: StoredFormat,
  out: Uint8Array,
  counts: QuantiseCounts,
  padding?: KeptPadding,
): StoredRange {
  const frame = frameState(voxels, toReal, format, out);
  let clipped = 0;
  let nonFinite = 0;
  let i = 0;
  while (i < voxels.length) {
    if (padding !== undefined) i = keepPadding(frame, i, padding, format);
    const nextPadding = padding?.mask.indexOf(1, i) ?? -1;
    const end = nextPadding < 0 ? voxels.length : nextPadding;
    i = storeUntil(frame, i, end);
    if (i === end) continue;
    const asked = askedAt(frame, i);
    if (Number.isFinite(asked)) {
      store(frame, i, asked < frame.low ? frame.low : frame.high);
      clipped++;
    } else nonFinite++;
    i++;
  }
  if (nonFinite > 0)
    throw new HilumError("NON_FINITE_VOXELS", `${nonFinite} voxels of a slice are NaN or infinite.`, { details: { voxels: nonFinite } });
  counts.clippedVoxels += clipped;
  counts.maxQuantisationError = Math.max(counts.maxQuantisationError, frame.worst * Math.abs(format.modalityLut.scale));
  return { smallest: frame.smallest, largest: frame.largest };
}

/** One frame on its way to stored values. */
interface FrameState {
  readonly voxels: Float32Array;
  readonly words: Int16Array | Uint8Array;
  readonly scale: number;
  readonly offset: number;
  readonly slope: number;
  readonly intercept: number;
  readonly low: number;
  readonly high: number;
  /** How far the stored bits lie above bit 0. */
  readonly shift: number;
  smallest: number;
  largest: number;
  /** Largest rounding so far, in stored units. */
  worst: number;
}

function frameState(voxels: Float32Array, toReal: LinearMap, format: StoredFormat, out: Uint8Array): FrameState {
  const low = format.signed ? -(2 ** (format.bitsStored - 1)) : 0;
  const high = format.signed ? 2 ** (format.bitsStored - 1) - 1 : 2 ** format.bitsStored - 1;
  return {
    voxels,
    words: format.bitsAllocated === 16 ? new Int16Array(out.buffer, out.byteOffset, voxels.length) : out,
    scale: toReal.scale,
    offset: toReal.offset,
    slope: format.modalityLut.scale,
    intercept: format.modalityLut.offset,
    low,
    high,
    shift: format.highBit + 1 - format.bitsStored,
    smallest: high,
    largest: low,
    worst: 0,
  };
}

/** The value of a voxel in stored units, before rounding. */
function askedAt({ voxels, scale, offset, intercept, slope }: FrameState, i: number): number {
  return ((voxels[i] as number) * scale + offset - intercept) / slope;
}

function store(frame: FrameState, i: number, stored: number): void {
  if (stored < frame.smallest) frame.smallest = stored;
  if (stored > frame.largest) frame.largest = stored;
  frame.words[i] = stored << frame.shift;
}

/** Stores padding up to the first voxel that is image; its index. */
function keepPadding(frame: FrameState, from: number, { mask, templatePixels }: KeptPadding, format: StoredFormat): number {
  let i = from;
  for (; mask[i] === 1; i++) store(frame, i, storedAt(templatePixels, i, format, frame.shift));
  return i;
}

/** Stores voxels up to the first that cannot be stored as it is. A loop of its own: with the rare cases in it, it takes twice the time. */
function storeUntil(frame: FrameState, from: number, end: number): number {
  const { voxels, words, scale, offset, slope, intercept, low, high, shift } = frame;
  let smallest = frame.smallest | 0;
  let largest = frame.largest | 0;
  let worst = frame.worst;
  let i = from;
  for (; i < end; i++) {
    const asked = ((voxels[i] as number) * scale + offset - intercept) / slope;
    const rounded = asked + ROUNDER - ROUNDER;
    if (!(rounded >= low && rounded <= high)) break;
    const error = Math.abs(rounded - asked);
    if (error > worst) worst = error;
    const stored = rounded | 0;
    if (stored < smallest) smallest = stored;
    if (stored > largest) largest = stored;
    words[i] = stored << shift;
  }
  frame.smallest = smallest;
  frame.largest = largest;
  frame.worst = worst;
  return i;
}

/** The stored value of voxel `i` in a frame as it is in a file, without what other bits hold. */
function storedAt(pixels: Uint8Array, i: number, format: StoredFormat, shift: number): number {
  const word = format.bitsAllocated === 16 ? (pixels[2 * i] as number) | ((pixels[2 * i + 1] as number) << 8) : (pixels[i] as number);
  const unused = 32 - format.bitsStored;
  const aligned = (word >>> shift) << unused;
  return format.signed ? aligned >> unused : aligned >>> unused;
}
