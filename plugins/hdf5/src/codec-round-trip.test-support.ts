import { slabOver, sliceLengthOf, type ImageSeries } from "@hilum/core";
import { hdf5Codec } from "./hdf5-codec.ts";
import { WRITE_OPTIONS, type WriteOptions } from "./options.ts";
import { codecContext, memorySink, sourceOf, type Phantom } from "./phantom-series.test-support.ts";

/** The codec's reader and writer, both of which it has. */
export const { reader, writer } = hdf5Codec as Required<typeof hdf5Codec>;

/** The bytes of a file that the codec wrote of a phantom, `depth` slices at a time. */
export async function written(made: Phantom, options: Partial<WriteOptions> = {}, depth = 2): Promise<Buffer> {
  const sink = memorySink();
  await writer.write({ series: made.series, options: WRITE_OPTIONS.parse(options) }, made.slabs(depth), sink, codecContext());
  return sink.bytes();
}

/** The one series of a file. */
export async function opened(bytes: Uint8Array): Promise<ImageSeries> {
  const [series] = await reader.open(sourceOf(bytes), {}, codecContext());
  if (series === undefined) throw new Error("no series");
  return series;
}

/** All voxels of a phase, and its mask. */
export async function voxelsOf(series: ImageSeries, phase: number): Promise<{ voxels: Float32Array; mask: Uint8Array }> {
  const [columns, rows, slices] = series.volume.geometry.size;
  const sliceLength = sliceLengthOf(series.volume);
  const voxels = new Float32Array(slices * sliceLength);
  const mask = new Uint8Array(slices * rows * columns);
  await series.read(slabOver({ phase, start: 0, count: slices, sliceLength }, voxels, series.volume.masked ? mask : undefined));
  return { voxels, mask };
}
