import { isHilumError, type SeriesWriter, type SinkFile } from "@hilum/core";
import { matchTemplate } from "./match-template.ts";
import { createSeriesAssembler, createWorkingMemory, type PreparedInstance, type WorkingMemory } from "./series-assembler.ts";
import { verificationFailed, verifyHead } from "./verify-instance.ts";
import { dicomWriteOptions, type DicomWriteOptions } from "./write-options.ts";

/** Files that stay open until their Series Instance UID is known; those of longer series are opened again. */
const MAX_OPEN_FILES = 256;

/** Files that are written at one time, each from buffers of its own, while the next is being made. */
const FILES_IN_FLIGHT = 4;

/** A file that waits for its head, which ends with the Series Instance UID. */
interface HeadlessFile {
  readonly name: string;
  readonly head: Buffer;
  /** Absent where the file was closed meanwhile. */
  readonly file?: SinkFile;
}

/**
 * Writes a derived series of single-frame instances, one file for each frame: the template's files with new pixels, new
 * UIDs and what PS3.3 asks of derived images; every other element keeps its bytes.
 *
 * Real values become stored values with the Modality LUT of the template's instance (rounded half to even, saturated).
 * UIDs follow from the template, the steps and the pixels, so that a rerun gives the same. The Series Instance UID is known
 * only behind the last pixel, so the head of every file is written then: until it is, nobody takes the file for DICOM. Every
 * file is read back.
 *
 * Facts: `instances`, `clippedVoxels`, `maxQuantisationError` (real units, of voxels that were not clipped).
 * Errors: those of template matching (INVALID_JOB, TEMPLATE_MISMATCH, UNSUPPORTED_*), NON_FINITE_VOXELS, VERIFICATION_FAILED.
 */
export const dicomWriter: SeriesWriter<DicomWriteOptions> = {
  options: dicomWriteOptions,
  output: "directory",
  template: true,

  check({ series, template }) {
    try {
      matchTemplate(series, template);
      return [];
    } catch (error) {
      if (!isHilumError(error)) throw error;
      return [{ code: error.code, message: error.message, remedy: error.remedy }];
    }
  },

  async write({ series, template, options }, slabs, sink, context) {
    const assembler = createSeriesAssembler(series, matchTemplate(series, template), options, context.jobTime);
    const slices = series.volume.geometry.size[2];
    const memories = Array.from({ length: FILES_IN_FLIGHT }, createWorkingMemory);
    const inFlight: Promise<void>[] = [];
    const written: HeadlessFile[] = [];
    const writeOut = async (index: number, name: string, instance: PreparedInstance): Promise<void> => {
      const file = await sink.file(name);
      const head = Buffer.from(instance.head);
      await file.write(instance.body, head.length);
      instance.verify(file);
      const staysOpen = index < MAX_OPEN_FILES;
      if (!staysOpen) await file.close();
      written[index] = { name, head, ...(staysOpen ? { file } : {}) };
    };
    try {
      let index = 0;
      for await (const slab of slabs) {
        for (let k = slab.start; k < slab.start + slab.count; k++) {
          context.signal.throwIfAborted();
          const lane = index % FILES_IN_FLIGHT;
          await inFlight[lane];
          const instance = assembler.prepare(slab.phase * slices + k, slab, k, memories[lane] as WorkingMemory);
          inFlight[lane] = writeOut(index, fileName(slab.phase, k), instance);
          // Awaited above or below; until then a failure is not an unhandled one.
          inFlight[lane].catch(() => {});
          index++;
        }
      }
    } finally {
      // Nothing may still be writing when the host takes the files away.
      await Promise.allSettled(inFlight);
    }
    await Promise.all(inFlight);
    if (written.length !== series.frames.length) throw verificationFailed("every frame of the series is written");
    const seriesInstanceUID = assembler.seriesInstanceUID();
    const complete = async ({ name, head, file: open }: HeadlessFile): Promise<void> => {
      const file = open ?? (await sink.file(name));
      head.write(seriesInstanceUID, head.length - seriesInstanceUID.length, "latin1");
      await file.write(head, 0);
      verifyHead(file, head);
      await file.close();
    };
    for (let first = 0; first < written.length; first += FILES_IN_FLIGHT) {
      context.signal.throwIfAborted();
      const completing = written.slice(first, first + FILES_IN_FLIGHT).map(complete);
      await Promise.allSettled(completing);
      await Promise.all(completing);
    }
    return { facts: { instances: written.length, ...assembler.counts } };
  },
};

/** Says phase and slice (from 1) and nothing of any tag: a file can never be called after a patient. */
function fileName(phase: number, slice: number): string {
  return `IM-${`${phase + 1}`.padStart(2, "0")}-${`${slice + 1}`.padStart(4, "0")}.dcm`;
}
