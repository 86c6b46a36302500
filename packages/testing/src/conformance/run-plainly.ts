import { slabOver, sliceLengthOf, type AnyJobProcessor, type Slab, type SliceRange, type VolumeSpec } from "@hilum/core";
import type { Phantom } from "../phantom.ts";
import { slabRanges, type SeriesVoxels } from "../read-voxels.ts";

/** Floats before and after each buffer, which nobody may touch. */
const MARGIN = 64;
const SENTINEL = -12345.5;

/** What a plain run made. */
export interface PlainResult extends SeriesVoxels {
  /** How many values outside its output slabs the processor changed. */
  readonly strayWrites: number;
}

/**
 * Runs a processor over a phantom with ordinary buffers, without a host: every slab has its own memory, between margins.
 * @param inputs "asked": just the slices that `inputSlices` asks for; "all": always the whole phase, as a host may give.
 */
export async function runPlainly(
  processor: AnyJobProcessor,
  config: unknown,
  phantom: Phantom,
  depth: number,
  inputs: "asked" | "all",
): Promise<PlainResult> {
  const spec = phantom.volume;
  const outputSpec = processor.describe?.(spec, config) ?? spec;
  const outputSlices = outputSpec.geometry.size[2];
  const measured = await measure(processor, config, phantom);
  const voxelParts: Float32Array[] = [];
  const maskParts: Uint8Array[] = [];
  let strayWrites = 0;
  for (let phase = 0; phase < phantom.phases.length; phase++)
    for (const range of slabRanges(outputSlices, depth)) {
      const asked = inputs === "all" ? { start: 0, count: spec.geometry.size[2] } : askedSlices(processor, config, spec, range);
      const input = bufferedSlab(spec, phase, asked);
      await phantom.read(input.slab);
      const output = bufferedSlab(outputSpec, phase, range);
      await processor.run({ input: input.slab, output: output.slab, config, spec, measured: (k) => measured(phase, k) });
      strayWrites += output.strayWrites() + input.strayWrites();
      voxelParts.push(output.slab.voxels);
      if (output.slab.mask !== undefined) maskParts.push(output.slab.mask);
    }
  return {
    voxels: Float32Array.from(voxelParts.flatMap((part) => [...part])),
    mask: Uint8Array.from(maskParts.flatMap((part) => [...part])),
    strayWrites,
  };
}

function askedSlices(processor: AnyJobProcessor, config: unknown, spec: VolumeSpec, range: SliceRange): SliceRange {
  const asked = processor.inputSlices?.(range, spec, config) ?? range;
  const start = Math.max(0, asked.start);
  return { start, count: Math.min(spec.geometry.size[2], asked.start + asked.count) - start };
}

async function measure(processor: AnyJobProcessor, config: unknown, phantom: Phantom): Promise<(phase: number, k: number) => unknown> {
  const own = processor.measure;
  if (own === undefined) return () => undefined;
  const slices = phantom.volume.geometry.size[2];
  const stats: unknown[] = [];
  for (const { phase, slice } of phantom.frames) {
    const { slab } = bufferedSlab(phantom.volume, phase, { start: slice, count: 1 });
    await phantom.read(slab);
    stats.push(own.slice(slab, slice, config));
  }
  const scope = own.scope(config);
  if (scope === "series") {
    const all: unknown = own.fold(stats, config);
    return () => all;
  }
  const size = scope === "phase" ? slices : 1;
  const folded = slabRanges(stats.length, size).map(({ start, count }): unknown => own.fold(stats.slice(start, start + count), config));
  return (phase, k) => folded[Math.floor((phase * slices + k) / size)];
}

function bufferedSlab(spec: VolumeSpec, phase: number, range: SliceRange): { readonly slab: Slab; strayWrites(): number } {
  const sliceLength = sliceLengthOf(spec);
  const [columns, rows] = spec.geometry.size;
  const all = new Float32Array(range.count * sliceLength + 2 * MARGIN).fill(SENTINEL);
  const voxels = all.subarray(MARGIN, all.length - MARGIN).fill(Number.NaN);
  const mask = spec.masked ? new Uint8Array(range.count * columns * rows).fill(255) : undefined;
  return {
    slab: slabOver({ phase, ...range, sliceLength }, voxels, mask),
    strayWrites: () => [...all.subarray(0, MARGIN), ...all.subarray(all.length - MARGIN)].filter((value) => value !== SENTINEL).length,
  };
}
