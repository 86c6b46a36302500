import { NO_CONFIG, sliceLengthOf, type FormatCodec } from "@hilum/core";
import type { SeriesVoxels } from "../read-voxels.ts";

/** A codec that keeps what is written in memory. */
export interface CaptureCodec {
  readonly codec: FormatCodec;
  /** What the last job wrote. @throws {TypeError} before that. */
  captured(): SeriesVoxels;
}

/** Makes a codec whose writer keeps the voxels; the output file itself holds one byte. */
export function createCaptureCodec(): CaptureCodec {
  let last: SeriesVoxels | undefined;
  return {
    captured: () => {
      if (last === undefined) throw new TypeError("no job has written yet");
      return last;
    },
    codec: {
      id: "capture",
      title: "Memory (for tests)",
      extensions: [".captured"],
      mediaTypes: [],
      writer: {
        options: NO_CONFIG,
        output: "file",
        write: async ({ series }, slabs, sink) => {
          const [columns, rows, slices] = series.volume.geometry.size;
          const sliceLength = sliceLengthOf(series.volume);
          const maskLength = series.volume.masked ? columns * rows : 0;
          const voxels = new Float32Array(series.frames.length * sliceLength);
          const mask = new Uint8Array(series.frames.length * maskLength);
          for await (const slab of slabs) {
            voxels.set(slab.voxels, (slab.phase * slices + slab.start) * sliceLength);
            if (slab.mask !== undefined) mask.set(slab.mask, (slab.phase * slices + slab.start) * maskLength);
          }
          const file = await sink.file();
          await file.write(Uint8Array.of(1), 0);
          await file.close();
          last = { voxels, mask };
          return undefined;
        },
      },
    },
  };
}
