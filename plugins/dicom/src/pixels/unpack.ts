import type { PixelLayout } from "../series/dicom-instance.ts";
import type { FrameBytes } from "./frame-bytes.ts";

/** Stored values of a frame: row by row, column fastest, samples side by side. */
export type StoredSamples = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array;

/**
 * Stored values from the bytes of a frame, whatever their packing: bits outside of Bits Stored dropped and the sign extended
 * (PS3.5 8.1.1), single bits one a value, planes and YBR_FULL_422 (each pair of CB and CR for both of its pixels) side by side.
 * Where nothing is to be done, they lie over the bytes.
 */
export function unpackSamples({ bytes, layout }: FrameBytes): StoredSamples {
  if (layout.bitsAllocated === 1) return unpackBits(bytes, layout.rows * layout.columns);
  const whole = samplesOver(bytes, layout);
  const samples = !layout.float && layout.bitsStored < layout.bitsAllocated ? withoutUnusedBits(whole, layout) : whole;
  if (layout.samplesPerPixel === 1) return samples;
  if (isSubsampled(layout)) return withRepeatedChroma(samples, layout);
  return layout.planarConfiguration === 1 ? sideBySide(samples, layout) : samples;
}

/** Whether two pixels share their chroma: YBR_FULL_422 that is not in a codestream, where the codec repeats it (PS3.3 C.7.6.3.1.2). */
export function isSubsampled(layout: Pick<PixelLayout, "photometricInterpretation" | "encapsulated">): boolean {
  return layout.photometricInterpretation === "YBR_FULL_422" && !layout.encapsulated;
}

function samplesOver(bytes: Uint8Array, { bitsAllocated, signed, float }: PixelLayout): StoredSamples {
  const aligned = bytes.byteOffset % (bitsAllocated / 8) === 0 ? bytes : new Uint8Array(bytes);
  const place = [aligned.buffer, aligned.byteOffset, aligned.length / (bitsAllocated / 8)] as const;
  if (float) return bitsAllocated === 32 ? new Float32Array(...place) : new Float64Array(...place);
  if (bitsAllocated === 8) return signed ? new Int8Array(...place) : new Uint8Array(...place);
  if (bitsAllocated === 16) return signed ? new Int16Array(...place) : new Uint16Array(...place);
  return signed ? new Int32Array(...place) : new Uint32Array(...place);
}

function withoutUnusedBits(stored: StoredSamples, { highBit, bitsStored, signed }: PixelLayout): StoredSamples {
  const samples = stored.slice();
  const up = 31 - highBit;
  const down = 32 - bitsStored;
  if (signed) for (let i = 0; i < samples.length; i++) samples[i] = ((samples[i] as number) << up) >> down;
  else for (let i = 0; i < samples.length; i++) samples[i] = ((samples[i] as number) << up) >>> down;
  return samples;
}

function unpackBits(bytes: Uint8Array, count: number): Uint8Array {
  const samples = new Uint8Array(count);
  for (let i = 0; i < count; i++) samples[i] = ((bytes[i >> 3] as number) >> (i & 7)) & 1;
  return samples;
}

function sideBySide(planes: StoredSamples, { samplesPerPixel }: PixelLayout): StoredSamples {
  const samples = planes.slice();
  const pixels = planes.length / samplesPerPixel;
  for (let sample = 0; sample < samplesPerPixel; sample++)
    for (let i = 0; i < pixels; i++) samples[i * samplesPerPixel + sample] = planes[sample * pixels + i] as number;
  return samples;
}

/** Y Y CB CR for two pixels becomes Y CB CR, Y CB CR. */
function withRepeatedChroma(pairs: StoredSamples, { rows, columns }: PixelLayout): StoredSamples {
  const samples = new (pairs.constructor as new (length: number) => StoredSamples)(rows * columns * 3);
  for (let from = 0, to = 0; from < pairs.length; from += 4, to += 6) {
    samples[to] = pairs[from] as number;
    samples[to + 3] = pairs[from + 1] as number;
    samples[to + 1] = samples[to + 4] = pairs[from + 2] as number;
    samples[to + 2] = samples[to + 5] = pairs[from + 3] as number;
  }
  return samples;
}
