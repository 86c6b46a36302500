import { HilumError, type Slab } from "@hilum/core";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { decodeSlice, storedBytesOf } from "./decode-slice.ts";

/**
 * Fills a slab with the real values of frames, one for each of its slices in order.
 * @param keepOpen whether files stay open for the next pass.
 * @throws {HilumError} TRUNCATED_PIXEL_DATA.
 */
export function readFrames(frames: readonly DicomInstance[], into: Slab, keepOpen: boolean): void | Promise<void> {
  for (const [index, frame] of frames.entries()) readNative(frame, into, into.start + index, keepOpen);
}

function readNative(frame: DicomInstance, into: Slab, k: number, keepOpen: boolean): void {
  const { file, pixel, modalityLut, paddingRange } = frame;
  const voxels = into.slice(k);
  const bytes = storedBytesOf(voxels, pixel);
  try {
    const count = file.read(bytes, pixel.offset);
    if (count !== pixel.frameBytes)
      throw new HilumError("TRUNCATED_PIXEL_DATA", `A file holds ${count} of ${pixel.frameBytes} bytes of its image.`, {
        details: { phase: into.phase, slice: k, promisedBytes: pixel.frameBytes, presentBytes: count },
      });
  } finally {
    if (!keepOpen) file.close();
  }
  decodeSlice({ voxels, mask: into.sliceMask(k), layout: pixel, lut: modalityLut, paddingRange, memory: into.memory });
}
