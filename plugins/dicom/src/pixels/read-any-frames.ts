import { isHilumError, type Slab } from "@hilum/core";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { inFile } from "../series/file-place.ts";
import { decodeSlice, storedBytesOf } from "./decode-slice.ts";
import { readFrameBytes, type FrameBytes } from "./frame-bytes.ts";
import { toRealValues } from "./real-values.ts";
import { copyImage, storedOf } from "./read-stored.ts";

/** Frames that are decoded while earlier ones become real values. */
const FRAMES_AHEAD = 4;

/**
 * Fills slices of a slab from slice `from` of the phase on with the real values of frames of any form, one for each in order.
 * Neighbours that are regions of one stored frame share its decoding.
 * @throws {HilumError} the error of the first frame that has one, as `readFrameBytes`, and NON_FINITE_VOXELS.
 */
export async function readAnyFrames(frames: readonly DicomInstance[], into: Slab, from: number, keepOpen: boolean): Promise<void> {
  const begun = new Map<number, Promise<FrameBytes>>();
  const begin = (index: number): void => {
    const frame = frames[index] as DicomInstance;
    const before = frames[index - 1];
    const shared = before?.file === frame.file && before.frameNumber === frame.frameNumber ? begun.get(index - 1) : undefined;
    const bytes = shared ?? reading(frame, keepOpen || frames[index + 1]?.file === frame.file);
    // Looked at in its turn; until then it is no unhandled rejection.
    bytes.catch(() => undefined);
    begun.set(index, bytes);
  };
  try {
    for (const [index, frame] of frames.entries()) {
      for (let next = index; next < Math.min(index + FRAMES_AHEAD, frames.length); next++) if (!begun.has(next)) begin(next);
      try {
        fill(frame, await (begun.get(index) as Promise<FrameBytes>), into, from + index);
      } catch (error) {
        throw isHilumError(error) ? inFile(error, frame.place) : error;
      }
      begun.delete(index - 1);
    }
  } finally {
    // After an error nothing of this slab is read any more when the caller goes on.
    await Promise.allSettled(begun.values());
  }
}

async function reading(frame: DicomInstance, keepOpen: boolean): Promise<FrameBytes> {
  try {
    return await readFrameBytes(frame);
  } finally {
    if (!keepOpen) frame.file.close();
  }
}

function fill(frame: DicomInstance, { bytes, layout }: FrameBytes, into: Slab, k: number): void {
  const { modalityLut: lut, modalityTable, paddingRange } = frame;
  const voxels = into.slice(k);
  const mask = into.sliceMask(k);
  if (layout.samplesPerPixel === 1 && (layout.bitsAllocated === 8 || layout.bitsAllocated === 16) && modalityTable === undefined) {
    const sampleBytes = layout.bitsAllocated / 8;
    const image = { ...layout, frameBytes: voxels.length * sampleBytes };
    copyImage(frame, bytes, sampleBytes, storedBytesOf(voxels, image));
    decodeSlice({ voxels, mask, layout: image, lut, paddingRange, memory: into.memory });
  } else toRealValues(storedOf(frame, { bytes, layout }), frame, voxels, mask);
}
