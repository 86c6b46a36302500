import type { Frame, MeasureScope, SeriesSpec, Slab } from "@hilum/core";
import type { ResolvedStep } from "../plan/resolve-steps.ts";
import { kernelError, type MeasuredAt } from "./pipeline.ts";

/** What a measuring pass found. */
export interface Measurement {
  readonly measured: MeasuredAt;
  /** The range of each frame, in frame order, where the step measures one. */
  readonly ranges: readonly (readonly [number, number] | undefined)[];
}

/** Measures the input of a step over all slabs, then folds by scope, in order, so that slab depth does not matter. */
export async function measureStep(step: ResolvedStep, series: SeriesSpec, slabs: AsyncIterable<Slab>): Promise<Measurement> {
  const { processor, config } = step;
  const measure = processor.measure;
  if (measure === undefined) throw new TypeError(`step ${processor.id} measures nothing`);
  const slices = series.volume.geometry.size[2];
  const stats: unknown[] = [];
  try {
    for await (const slab of slabs)
      for (let k = slab.start; k < slab.start + slab.count; k++) stats[slab.phase * slices + k] = measure.slice(slab, k, config);
    const scope = measure.scope(config);
    const results = groupsOf(stats, scope, slices).map((group) => measure.fold(group, config));
    return {
      measured: (phase, slice) => results[scopeIndex(scope, phase, slice, slices)],
      ranges: stats.map((stat) => measure.range?.(stat)),
    };
  } catch (cause) {
    throw kernelError(step, cause);
  }
}

/** A frame with the range that was measured of it; ranges are of real values, so only where the frame still holds those. */
export function frameWithRange(frame: Frame, range: readonly [number, number] | undefined): Frame {
  const isReal = frame.toReal.scale === 1 && frame.toReal.offset === 0;
  return range === undefined || !isReal ? frame : { ...frame, realRange: range };
}

function scopeIndex(scope: MeasureScope, phase: number, slice: number, slices: number): number {
  return scope === "series" ? 0 : scope === "phase" ? phase : phase * slices + slice;
}

function groupsOf(stats: readonly unknown[], scope: MeasureScope, slices: number): readonly (readonly unknown[])[] {
  const size = scope === "series" ? stats.length : scope === "phase" ? slices : 1;
  return Array.from({ length: stats.length / size }, (_, n) => stats.slice(n * size, (n + 1) * size));
}
