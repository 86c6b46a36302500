import { HilumError, isHilumError, type ImageSeries, type Slab, type SliceRange, type VolumeSpec, type VoxelRange } from "@hilum/core";
import type { ResolvedStep } from "../plan/resolve-steps.ts";
import { createVoxelMemory, voxelMemoryBytes } from "../voxel-memory.ts";
import { SliceWindow } from "./slice-window.ts";

/** The slabs of a phase, in order. */
export function slabRanges(slices: number, depth: number): readonly SliceRange[] {
  return Array.from({ length: Math.ceil(slices / depth) }, (_, n) => ({ start: n * depth, count: Math.min(depth, slices - n * depth) }));
}

/** The input slices that a step needs for an output range, clipped at the ends of the phase. */
function inputRange(step: ResolvedStep, output: SliceRange, input: VolumeSpec): SliceRange {
  if (step.undoes !== undefined || step.processor.inputSlices === undefined) return output;
  const asked = step.processor.inputSlices(output, input, step.config);
  const start = Math.max(0, asked.start);
  return { start, count: Math.min(input.geometry.size[2], asked.start + asked.count) - start };
}

/**
 * How many slices each window must hold: the source's first, then each step's.
 * @param specs the volume before the first step and after each step.
 */
export function windowCapacities(steps: readonly ResolvedStep[], specs: readonly VolumeSpec[], depth: number): readonly number[] {
  const capacities: number[] = [];
  let ranges = slabRanges((specs[0] as VolumeSpec).geometry.size[2], depth);
  for (let at = steps.length; at >= 0; at--) {
    capacities.unshift(ranges.reduce((most, range) => Math.max(most, range.count), 0));
    const step = steps[at - 1];
    if (step !== undefined) ranges = ranges.map((range) => inputRange(step, range, specs[at - 1] as VolumeSpec));
  }
  return capacities;
}

/** Bytes of all windows of a pipeline. */
export function pipelineBytes(steps: readonly ResolvedStep[], specs: readonly VolumeSpec[], depth: number): number {
  const capacities = windowCapacities(steps, specs, depth);
  return voxelMemoryBytes(specs.flatMap((spec, stage) => SliceWindow.bufferBytes(spec, capacities[stage] as number)));
}

/** What a step measured, for a frame (phase, slice). */
export type MeasuredAt = (phase: number, slice: number) => unknown;

/** A chain of windows over a series: the source's, and one of each step. */
export interface Pipeline {
  /** The slab after `stage` steps (0 = the source), filled by pulling what it needs through the stages before. It holds until the stage is asked again. */
  slab(stage: number, phase: number, range: SliceRange): Promise<Slab>;
  /** The ranges of slices of the source, where it tells them without their voxels. */
  sourceRanges(phase: number, range: SliceRange): readonly (VoxelRange | undefined)[] | undefined;
}

/**
 * Builds the windows of a pipeline.
 * @param measured what was measured, by index of step; a step that undoes another reads its pair's.
 * @throws {HilumError} MEMORY_BUDGET_EXCEEDED.
 */
export function createPipeline(
  source: ImageSeries,
  steps: readonly ResolvedStep[],
  specs: readonly VolumeSpec[],
  depth: number,
  measured: readonly (MeasuredAt | undefined)[],
): Pipeline {
  const capacities = windowCapacities(steps, specs, depth);
  const memory = createVoxelMemory(pipelineBytes(steps, specs, depth));
  const windows = specs.map((spec, stage) => new SliceWindow(spec, capacities[stage] as number, memory, (into) => fill(stage, into)));
  const slab = (stage: number, phase: number, range: SliceRange): Promise<Slab> => (windows[stage] as SliceWindow).slab(phase, range);
  const fill = async (stage: number, into: Slab): Promise<void> => {
    const step = steps[stage - 1];
    if (step === undefined) return source.read(into);
    const inputSpec = specs[stage - 1] as VolumeSpec;
    const input = await slab(stage - 1, into.phase, inputRange(step, into, inputSpec));
    return runStep(step, input, into, inputSpec, measured[step.undoes ?? stage - 1]);
  };
  return {
    slab,
    sourceRanges: (phase, range) => source.ranges?.((windows[0] as SliceWindow).room(phase, range)),
  };
}

async function runStep(step: ResolvedStep, input: Slab, output: Slab, spec: VolumeSpec, measured: MeasuredAt | undefined): Promise<void> {
  const { processor, config } = step;
  const call = { input, output, config, spec, measured: (k: number) => measured?.(output.phase, k) };
  try {
    await (step.undoes === undefined ? processor.run(call) : processor.undo?.(call));
  } catch (cause) {
    throw kernelError(step, cause);
  }
}

/** What a processor threw, with the step's name; errors of the catalogue pass. */
export function kernelError(step: ResolvedStep, cause: unknown): unknown {
  if (isHilumError(cause)) return cause;
  return new HilumError("KERNEL_FAILED", `The step "${step.processor.id}" failed.`, { cause, details: { step: step.processor.id } });
}
