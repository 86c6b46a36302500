import type { Frame, Measure, MeasureScope, SeriesSpec, Slab, SliceRange, VoxelRange } from "@hilum/core";
import type { ResolvedStep } from "../plan/resolve-steps.ts";
import { kernelError, type MeasuredAt, type Pipeline } from "./pipeline.ts";

/** What a measuring pass found. */
export interface Measurement {
  readonly measured: MeasuredAt;
  /** The range of each frame, in frame order, where the step measures one. */
  readonly ranges: readonly (VoxelRange | undefined)[];
}

/** What a step measures of each slice of a slab, in order. */
export function measureSlab(step: ResolvedStep, slab: Slab): readonly unknown[] {
  const measure = measureOf(step);
  return named(step, () => Array.from({ length: slab.count }, (_, n): unknown => measure.slice(slab, slab.start + n, step.config)));
}

/** The same of some slices of the source, where their ranges are enough for the step and the source has these sooner than voxels. */
export function measureRanges(step: ResolvedStep, pipeline: Pipeline, phase: number, slices: SliceRange): readonly unknown[] | undefined {
  const measure = measureOf(step);
  if (measure.ofRange === undefined) return undefined;
  const ranges = pipeline.sourceRanges(phase, slices);
  return named(step, () => ranges?.map((range) => measure.ofRange?.(range, step.config)));
}

/** Folds what was measured of all slices by scope, in order, so that slab depth does not matter. */
export function foldStats(step: ResolvedStep, series: SeriesSpec, stats: readonly unknown[]): Measurement {
  const { config } = step;
  const measure = measureOf(step);
  const slices = series.volume.geometry.size[2];
  return named(step, () => {
    const scope = measure.scope(config);
    const results = groupsOf(stats, scope, slices).map((group) => measure.fold(group, config));
    return {
      measured: (phase, slice) => results[scopeIndex(scope, phase, slice, slices)],
      ranges: stats.map((stat) => measure.range?.(stat)),
    };
  });
}

/** A frame with the range that was measured of it; ranges are of real values, so only where the frame still holds those. */
export function frameWithRange(frame: Frame, range: VoxelRange | undefined): Frame {
  const isReal = frame.toReal.scale === 1 && frame.toReal.offset === 0;
  return range === undefined || !isReal ? frame : { ...frame, realRange: range };
}

function measureOf({ processor }: ResolvedStep): Measure<unknown, unknown, unknown> {
  if (processor.measure === undefined) throw new TypeError(`step ${processor.id} measures nothing`);
  return processor.measure;
}

/** Runs what a processor brings, so that the step's name is on what it throws. */
function named<T>(step: ResolvedStep, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw kernelError(step, cause);
  }
}

function scopeIndex(scope: MeasureScope, phase: number, slice: number, slices: number): number {
  return scope === "series" ? 0 : scope === "phase" ? phase : phase * slices + slice;
}

function groupsOf(stats: readonly unknown[], scope: MeasureScope, slices: number): readonly (readonly unknown[])[] {
  const size = scope === "series" ? stats.length : scope === "phase" ? slices : 1;
  return Array.from({ length: stats.length / size }, (_, n) => stats.slice(n * size, (n + 1) * size));
}
