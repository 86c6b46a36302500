import type { FormatCodec, PlanProblem, SeriesReader, SeriesWriter, WriteRequest } from "@hilum/core";
import { READ_OPTIONS, WRITE_OPTIONS, type WriteOptions } from "./options.ts";
import { detectHdf5 } from "./read/detect.ts";
import { sliceBytes, writeSeries } from "./write/write-series.ts";

const reader: SeriesReader<Record<string, never>> = {
  options: READ_OPTIONS,
  detect: detectHdf5,
  async open(source) {
    const { openSeries } = await import("./read/open-series.ts");
    return [await openSeries(source)];
  },
};

const writer: SeriesWriter<WriteOptions> = {
  options: WRITE_OPTIONS,
  output: "file",
  sidecar: true,
  check,
  write: writeSeries,
};

/**
 * HDF5, layout version 1: float32 volume [phase, z, y, x], geometry, frame table, DICOM attributes, processing history.
 * Written by a streaming writer of its own; read through h5wasm in a file system that holds nothing else.
 */
export const hdf5Codec: FormatCodec = {
  id: "hdf5",
  title: "HDF5 file",
  extensions: [".h5", ".hdf5"],
  mediaTypes: ["application/x-hdf5"],
  reader,
  writer,
};

/** A chunk's length is a 32-bit number in the format. */
const LONGEST_CHUNK = 2 ** 32 - 1;

function check({ series, options }: WriteRequest<WriteOptions>): readonly PlanProblem[] {
  const problems: PlanProblem[] = [];
  const slices = series.phases.length * series.volume.geometry.size[2];
  if (series.frames.length !== slices)
    problems.push({ code: "INVALID_JOB", message: `The series has ${series.frames.length} frames for ${slices} slices.` });
  if (options.compression === "gzip" && sliceBytes(series).volume > LONGEST_CHUNK)
    problems.push({
      code: "UNSUPPORTED_WRITE",
      message: "A slice is too large for one compressed chunk of an HDF5 file.",
      remedy: "Write the file without compression.",
    });
  return problems;
}
