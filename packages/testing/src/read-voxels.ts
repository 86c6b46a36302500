import { slabOver, sliceLengthOf, type ImageSeries, type SliceRange } from "@hilum/core";

/** All voxels of a series in memory. */
export interface SeriesVoxels {
  /** [phase, k, j, i, sample], the last the fastest; real values. */
  readonly voxels: Float32Array;
  /** [phase, k, j, i], 1 = padding; empty where the series has no mask. */
  readonly mask: Uint8Array;
}

/** How {@link readVoxels} goes through a series. */
export interface ReadVoxelsOptions {
  /** Slices at a time; default all of a phase. */
  readonly slabSlices?: number;
  /** From the last slab of the last phase to the first; default false. */
  readonly backwards?: boolean;
}

/**
 * Reads a whole series, slab by slab. Buffers are filled with NaN (mask: 255) first, so that what the series leaves out shows.
 */
export async function readVoxels(series: ImageSeries, options: ReadVoxelsOptions = {}): Promise<SeriesVoxels> {
  const { volume, phases } = series;
  const [columns, rows, slices] = volume.geometry.size;
  const { slabSlices = slices, backwards = false } = options;
  const sliceLength = sliceLengthOf(volume);
  const maskLength = volume.masked ? columns * rows : 0;
  const voxels = new Float32Array(phases.length * slices * sliceLength);
  const mask = new Uint8Array(phases.length * slices * maskLength);
  const slabs = phases.flatMap((_, phase) => slabRanges(slices, slabSlices).map((range) => ({ phase, ...range })));
  for (const place of backwards ? slabs.toReversed() : slabs) {
    const lentVoxels = new Float32Array(place.count * sliceLength).fill(Number.NaN);
    const lentMask = new Uint8Array(place.count * maskLength).fill(255);
    await series.read(slabOver({ ...place, sliceLength }, lentVoxels, volume.masked ? lentMask : undefined));
    voxels.set(lentVoxels, (place.phase * slices + place.start) * sliceLength);
    mask.set(lentMask, (place.phase * slices + place.start) * maskLength);
  }
  return { voxels, mask };
}

/** The slabs of a phase of `slices` slices, `depth` at a time. */
export function slabRanges(slices: number, depth: number): readonly SliceRange[] {
  return Array.from({ length: Math.ceil(slices / depth) }, (_, n) => ({ start: n * depth, count: Math.min(depth, slices - n * depth) }));
}
