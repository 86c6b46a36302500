import { crc32 } from "node:zlib";
import { frameCodecOf } from "../../pixels/codecs.ts";
import type { StoredFormat } from "../quantise.ts";
import { checkFragments, decodedFrame } from "./decoded-frame.ts";
import type { ExpectedInstance } from "./expected-series.ts";
import type { ReadBackFile } from "./read-back-file.ts";
import { must } from "./rule.ts";

const TAG = Object.freeze({
  samplesPerPixel: 0x00280002,
  photometricInterpretation: 0x00280004,
  numberOfFrames: 0x00280008,
  rows: 0x00280010,
  columns: 0x00280011,
  bitsAllocated: 0x00280100,
  bitsStored: 0x00280101,
  highBit: 0x00280102,
  pixelRepresentation: 0x00280103,
  smallestImagePixelValue: 0x00280106,
  largestImagePixelValue: 0x00280107,
  pixelPaddingValue: 0x00280120,
  floatPixelData: 0x7fe00008,
  doubleFloatPixelData: 0x7fe00009,
  pixelData: 0x7fe00010,
});

const BITS_RULE = "Bits Allocated, Bits Stored, High Bit and Pixel Representation are those of the stored values";

/** Memory for one frame at a time. */
export interface FrameMemory {
  frame: Buffer;
}

/** Checks the pixels of a file, frame by frame, and what its header says of their stored values. */
export async function checkPixels(file: ReadBackFile, { frames, transferSyntaxUID }: ExpectedInstance, memory: FrameMemory): Promise<void> {
  const [{ form, masked }] = frames;
  const { format } = form;
  const said = (tag: number): number | undefined => shortOf(file, tag, false);
  for (const [tag, value] of [
    [TAG.bitsAllocated, format.bitsAllocated],
    // Floating point has none of these.
    ...(format.float === true ? [] : ([[TAG.bitsStored, format.bitsStored], [TAG.highBit, format.highBit], [TAG.pixelRepresentation, format.signed ? 1 : 0]] as const)),
  ] as const)
    must(said(tag) === value, BITS_RULE, tag);
  must(Number(file.text(TAG.numberOfFrames) ?? 1) === frames.length, "Number of Frames is that of the frames", TAG.numberOfFrames);
  const [rows = 0, columns = 0, samplesPerPixel = 0] = [TAG.rows, TAG.columns, TAG.samplesPerPixel].map(said);
  const photometricInterpretation = file.text(TAG.photometricInterpretation) ?? "";
  const isCompressed = frameCodecOf(transferSyntaxUID) !== undefined;
  // Two pixels of native YBR_FULL_422 have four samples.
  const samples = rows * columns * (photometricInterpretation === "YBR_FULL_422" ? 2 : samplesPerPixel);
  const frameBits = samples * format.bitsAllocated;
  const bytes = Math.ceil((frameBits * frames.length) / 8);
  for (const tag of [TAG.floatPixelData, TAG.doubleFloatPixelData, TAG.pixelData])
    must(file.has(tag) === (tag === pixelDataTagOf(format)), "the pixels are in the element of their type, and in no other", tag);
  must(file.inFragments === isCompressed, isCompressed ? "compressed Pixel Data lies in fragments" : "Pixel Data is native", TAG.pixelData);
  if (isCompressed) checkFragments(file, frames.length);
  else must(file.pixelBytes === bytes + (bytes % 2), "Pixel Data has the length of its image", TAG.pixelData);
  // A padding value that stays is the template's, whatever its VR.
  for (const tag of [TAG.smallestImagePixelValue, TAG.largestImagePixelValue, ...(form.padding === undefined ? [] : [TAG.pixelPaddingValue])])
    must(file.vr(tag) === undefined || file.vr(tag) === (format.signed ? "SS" : "US"), "the VR of pixel values follows Pixel Representation", tag);
  if (form.padding !== undefined)
    must(shortOf(file, TAG.pixelPaddingValue, format.signed) === (masked ? form.padding : undefined), "Pixel Padding Value is that of the stored values", TAG.pixelPaddingValue);
  const layout = { ...format, rows, columns, frames: frames.length, frameBytes: frameBits / 8, photometricInterpretation };
  const passes = passOver(file, format);
  // Single bits may begin in the midst of a byte.
  const roomBytes = Math.ceil(frameBits / 8) + 1;
  if (memory.frame.length < roomBytes) memory.frame = Buffer.allocUnsafeSlow(roomBytes);
  const found = { smallest: Number.POSITIVE_INFINITY, largest: Number.NEGATIVE_INFINITY };
  for (const [i, { checksum }] of frames.entries()) {
    const pixels = isCompressed ? Buffer.from(await decodedFrame(file, i + 1, transferSyntaxUID, layout)) : readFrame(file, i * frameBits, frameBits, memory.frame);
    must(crc32(pixels) === checksum, "Pixel Data holds the stored values of its own slice", TAG.pixelData);
    if (!passes) continue;
    const ofFrame = storedValuesOf(pixels, samples, format);
    must(ofFrame.straysFromStoredBits === 0, "no bits but the stored ones are set", TAG.pixelData);
    found.smallest = Math.min(found.smallest, ofFrame.smallest);
    found.largest = Math.max(found.largest, ofFrame.largest);
  }
  if (!isCompressed) checkPadding(file, frameBits * frames.length);
  for (const [tag, value] of [
    [TAG.smallestImagePixelValue, found.smallest],
    [TAG.largestImagePixelValue, found.largest],
  ] as const)
    must(!file.has(tag) || shortOf(file, tag, format.signed) === value, "smallest and largest pixel value are those of the pixels", tag);
}

function pixelDataTagOf({ float, bitsAllocated }: StoredFormat): number {
  return float !== true ? TAG.pixelData : bitsAllocated === 32 ? TAG.floatPixelData : TAG.doubleFloatPixelData;
}

/** Whether something can be checked by a pass over the stored values. */
function passOver(file: ReadBackFile, format: StoredFormat): boolean {
  return format.bitsStored !== format.bitsAllocated || file.has(TAG.smallestImagePixelValue) || file.has(TAG.largestImagePixelValue);
}

/** Reads a frame, and moves its bits to where they would begin if it were the first; what stands behind them goes. */
function readFrame(file: ReadBackFile, firstBit: number, bits: number, memory: Buffer): Buffer {
  const from = Math.floor(firstBit / 8);
  const bytes = memory.subarray(0, Math.ceil((firstBit + bits) / 8) - from);
  file.readPixels(bytes, from);
  if (bits % 8 === 0) return bytes;
  const shift = firstBit % 8;
  for (let i = 0; i < bytes.length; i++) bytes[i] = ((bytes[i] as number) >> shift) | ((bytes[i + 1] ?? 0) << (8 - shift));
  const frame = bytes.subarray(0, Math.ceil(bits / 8));
  frame[frame.length - 1] = (frame.at(-1) as number) & ((1 << (bits % 8)) - 1);
  return frame;
}

function checkPadding(file: ReadBackFile, bits: number): void {
  const bytes = Math.ceil(bits / 8);
  const last = Buffer.alloc(1);
  if (bits % 8 > 0) file.readPixels(last, bytes - 1);
  must((last[0] as number) >> (bits % 8) === 0, "no bits but the stored ones are set", TAG.pixelData);
  const padding = Buffer.alloc(bytes % 2, 1);
  file.readPixels(padding, bytes);
  must(padding.every((byte) => byte === 0), "Pixel Data of odd length is padded with zero", TAG.pixelData);
}

interface StoredValues {
  readonly smallest: number;
  readonly largest: number;
  /** Samples with other bits than the stored ones: those above repeat the sign, or are zero in unsigned images; those below are zero. */
  readonly straysFromStoredBits: number;
}

function storedValuesOf(pixels: Buffer, samples: number, format: StoredFormat): StoredValues {
  const { bitsAllocated, bitsStored, highBit, signed } = format;
  if (bitsAllocated === 1) return extremesOfBits(pixels, samples);
  if (bitsStored === 16 && bitsAllocated === 16 && pixels.byteOffset % 2 === 0) {
    const place = [pixels.buffer, pixels.byteOffset, samples] as const;
    return extremesOf(signed ? new Int16Array(...place) : new Uint16Array(...place));
  }
  const width = bitsAllocated / 8;
  const lowest = highBit + 1 - bitsStored;
  const up = 32 - bitsStored;
  let smallest = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  let stray = 0;
  const allBits = width === 4 ? -1 : 2 ** bitsAllocated - 1;
  for (let i = 0, at = 0; i < samples; i++, at += width) {
    const bits = width === 1 ? (pixels[at] as number) : width === 2 ? pixels.readUInt16LE(at) : pixels.readInt32LE(at);
    const aligned = (bits >>> lowest) << up;
    const value = signed ? aligned >> up : aligned >>> up;
    if (((value << lowest) & allBits) !== bits) stray++;
    if (value < smallest) smallest = value;
    if (value > largest) largest = value;
  }
  return { smallest, largest, straysFromStoredBits: stray };
}

function extremesOfBits(pixels: Buffer, samples: number): StoredValues {
  let ones = 0;
  for (let i = 0; i < samples; i++) ones += ((pixels[i >> 3] as number) >> (i & 7)) & 1;
  return { smallest: ones === samples ? 1 : 0, largest: ones === 0 ? 0 : 1, straysFromStoredBits: 0 };
}

/** Of samples all bits of which are stored; two chains of comparisons go twice as fast as one. */
function extremesOf(samples: Int16Array | Uint16Array): StoredValues {
  let low = 65_535;
  let high = -32_768;
  let otherLow = low;
  let otherHigh = high;
  for (let i = 0; i < samples.length; i += 2) {
    const a = samples[i] as number;
    const b = samples[i + 1] ?? a;
    low = a < low ? a : low;
    high = a > high ? a : high;
    otherLow = b < otherLow ? b : otherLow;
    otherHigh = b > otherHigh ? b : otherHigh;
  }
  return { smallest: Math.min(low, otherLow), largest: Math.max(high, otherHigh), straysFromStoredBits: 0 };
}

/** Undefined for anything but one 16-bit number. */
function shortOf(file: ReadBackFile, tag: number, signed: boolean): number | undefined {
  const value = file.value(tag);
  if (value?.length !== 2) return undefined;
  return signed ? value.readInt16LE(0) : value.readUInt16LE(0);
}
