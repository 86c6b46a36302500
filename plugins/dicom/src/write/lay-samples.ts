import { HilumError } from "@hilum/core";
import { isSubsampled } from "../pixels/unpack.ts";
import type { PixelLayout } from "../series/dicom-instance.ts";

/** What of a layout says how the samples of native Pixel Data lie. */
type SampleOrder = Pick<PixelLayout, "samplesPerPixel" | "bitsAllocated" | "photometricInterpretation" | "planarConfiguration" | "encapsulated">;

/**
 * Lays the stored samples of a frame, which are side by side, as native Pixel Data have them: one plane after the other (PS3.3
 * C.7.6.3.1.3), pairs of pixels with one chroma (C.7.6.3.1.2), or single bits from the lowest of each byte on (PS3.5 8.1.1). Where nothing is to be done, they come back as they are.
 * @throws {HilumError} UNSUPPORTED_WRITE where pixels that share their chroma differ in it.
 */
export function laySamples(samples: Uint8Array, order: SampleOrder): Uint8Array {
  if (order.bitsAllocated === 1) return packBits(samples);
  if (isSubsampled(order)) return withSharedChroma(samples);
  return order.samplesPerPixel > 1 && order.planarConfiguration === 1 ? inPlanes(samples, order) : samples;
}

function packBits(samples: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(samples.length / 8));
  for (const [i, sample] of samples.entries()) bytes[i >> 3] = (bytes[i >> 3] as number) | (sample << (i & 7));
  return bytes;
}

function inPlanes(samples: Uint8Array, { samplesPerPixel, bitsAllocated }: SampleOrder): Uint8Array {
  const width = bitsAllocated / 8;
  const planes = new Uint8Array(samples.length);
  const planeBytes = samples.length / samplesPerPixel;
  for (let to = 0; to < samples.length; to += width) {
    const from = ((to % planeBytes) / width) * samplesPerPixel * width + Math.floor(to / planeBytes) * width;
    for (let byte = 0; byte < width; byte++) planes[to + byte] = samples[from + byte] as number;
  }
  return planes;
}

/** Y CB CR, Y CB CR of two pixels becomes Y Y CB CR. */
function withSharedChroma(samples: Uint8Array): Uint8Array {
  const pairs = new Uint8Array((samples.length / 6) * 4);
  let torn = 0;
  for (let from = 0, to = 0; from < samples.length; from += 6, to += 4) {
    pairs[to] = samples[from] as number;
    pairs[to + 1] = samples[from + 3] as number;
    pairs[to + 2] = samples[from + 1] as number;
    pairs[to + 3] = samples[from + 2] as number;
    if (samples[from + 1] !== samples[from + 4] || samples[from + 2] !== samples[from + 5]) torn++;
  }
  if (torn > 0)
    throw new HilumError("UNSUPPORTED_WRITE", `${torn} pairs of pixels of a slice share their chroma in the template (YBR_FULL_422) and differ in it now.`, {
      details: { pairs: torn },
      remedy: "Make the file from a template in RGB or YBR_FULL.",
    });
  return pairs;
}
