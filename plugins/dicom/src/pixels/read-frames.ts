import { HilumError, type Slab, type VoxelRange } from "@hilum/core";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { inFile } from "../series/file-place.ts";
import { simdKernelIn } from "../simd-kernel.ts";
import { decodeSlice, rangeOfSlice, storedBytesOf, type SliceInPlace } from "./decode-slice.ts";

/**
 * Fills a slab with the real values of frames, one for each of its slices in order. Colours are as the file stores them (RGB, or
 * the YBR of native data and JPEG; JPEG 2000 gives RGB), samples side by side; palette images give their indices.
 * @param keepOpen whether files stay open for the next pass.
 * @throws {HilumError} TRUNCATED_PIXEL_DATA, MALFORMED_FILE, UNSUPPORTED_TRANSFER_SYNTAX, NON_FINITE_VOXELS.
 */
export function readFrames(frames: readonly DicomInstance[], into: Slab, keepOpen: boolean): void | Promise<void> {
  for (const [index, frame] of frames.entries()) {
    if (!isPlain(frame)) return readOthers(frames.slice(index), into, into.start + index, keepOpen);
    decodeSlice(readNative(frame, into, into.start + index, keepOpen || frames[index + 1]?.file === frame.file));
  }
}

/**
 * The range of the real values of frames, one for each slice of a slab to work in, without making them: the order of stored
 * samples is theirs. Undefined where one of the frames is not stored plainly, or the slab's memory has no kernel.
 * @throws {HilumError} TRUNCATED_PIXEL_DATA.
 */
export function readRanges(frames: readonly DicomInstance[], room: Slab, keepOpen: boolean): readonly (VoxelRange | undefined)[] | undefined {
  if (room.memory === undefined || simdKernelIn(room.memory) === undefined || !frames.every(isPlain)) return undefined;
  return frames.map((frame, index) => rangeOfSlice(readNative(frame, room, room.start + index, keepOpen || frames[index + 1]?.file === frame.file)));
}

/** Whether stored samples can be read to where their real values go, and become these in place. */
function isPlain({ pixel, region, modalityTable }: DicomInstance): boolean {
  return (
    (pixel.bitsAllocated === 16 || pixel.bitsAllocated === 8) &&
    pixel.samplesPerPixel === 1 &&
    !pixel.encapsulated &&
    pixel.excessBytes === undefined &&
    region === undefined &&
    modalityTable === undefined
  );
}

/** Everything else, by code that most series never load. */
async function readOthers(frames: readonly DicomInstance[], into: Slab, from: number, keepOpen: boolean): Promise<void> {
  const { readAnyFrames } = await import("./read-any-frames.ts");
  await readAnyFrames(frames, into, from, keepOpen);
}

/** Reads a frame's stored samples to where their real values go. */
function readNative(frame: DicomInstance, into: Slab, k: number, keepOpen: boolean): SliceInPlace {
  const { file, place, pixel, modalityLut, paddingRange } = frame;
  const voxels = into.slice(k);
  const bytes = storedBytesOf(voxels, pixel);
  try {
    const count = file.read(bytes, pixel.offset + (frame.frameNumber - 1) * pixel.frameBytes);
    if (count !== pixel.frameBytes)
      throw inFile(
        new HilumError("TRUNCATED_PIXEL_DATA", `A file holds ${count} of ${pixel.frameBytes} bytes of its image.`, {
          details: { phase: into.phase, slice: k, promisedBytes: pixel.frameBytes, presentBytes: count },
        }),
        place,
      );
  } finally {
    if (!keepOpen) file.close();
  }
  return { voxels, mask: into.sliceMask(k), layout: pixel, lut: modalityLut, paddingRange, memory: into.memory };
}
