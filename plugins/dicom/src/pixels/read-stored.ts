import type { DicomInstance } from "../series/dicom-instance.ts";
import { readFrameBytes, type FrameBytes } from "./frame-bytes.ts";
import { unpackSamples, type StoredSamples } from "./unpack.ts";

/** What of an image says where it lies in its stored frame. */
export type ImagePlace = Pick<DicomInstance, "region" | "size" | "pixel">;

/**
 * The stored values of an image (PS3.3 C.7.6.3), `columns · rows · samples` of them, samples side by side, before Modality LUT,
 * palette and any conversion of colours; of a region of its stored frame where it has one.
 * @throws {HilumError} as `readFrameBytes`.
 */
export async function readStored(frame: DicomInstance): Promise<StoredSamples> {
  return storedOf(frame, await readFrameBytes(frame));
}

/** The stored values of an image from the bytes of its stored frame. */
export function storedOf(place: ImagePlace, bytes: FrameBytes): StoredSamples {
  const samples = unpackSamples(bytes);
  if (place.region === undefined) return samples;
  const [columns, rows] = place.size;
  const image = samples.slice(0, columns * rows * place.pixel.samplesPerPixel);
  copyImage(place, samples, place.pixel.samplesPerPixel, image);
  return image;
}

/** Copies an image out of its stored frame. @param width values (or bytes) of one pixel. */
export function copyImage<T extends StoredSamples>({ region, size: [columns, rows], pixel }: ImagePlace, frame: T, width: number, into: T): void {
  if (region === undefined) return into.set(frame);
  for (let row = 0; row < rows; row++) {
    const from = ((region.top + row) * pixel.columns + region.left) * width;
    into.set(frame.subarray(from, from + columns * width), row * columns * width);
  }
}
