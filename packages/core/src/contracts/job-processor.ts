import type { ConfigSchema } from "./config-schema.ts";
import type { Derivation, MeasureScope } from "../model/series.ts";
import type { LinearMap, Slab, SliceRange, VolumeSpec, VoxelRange } from "../model/voxels.ts";

/** One call of a processor: from the input slab to the output slab. */
export interface ProcessorCall<Config, Measured> {
  /** At least the slices that `inputSlices` asked for, clipped at the ends of the phase. Not to be written to. */
  readonly input: Slab;
  /** To be filled: every sample of every slice, and the mask where there is one. */
  readonly output: Slab;
  readonly config: Config;
  /** Geometry and format of the input volume; spacing in mm. */
  readonly spec: VolumeSpec;
  /** What was measured for slice `k` of this phase (the same for all slices of one scope). */
  measured(k: number): Measured;
}

/** A reduction over the input of a step that has to end before the step can start: min and max, a mean, a histogram. */
export interface Measure<Config, Stat, Measured> {
  /** What one result covers. */
  scope(config: Config): MeasureScope;
  /** Slice `k` of the slab; what its mask marks as padding is not to be counted. */
  slice(input: Slab, k: number, config: Config): Stat;
  /** What `slice` would give, where the range of a slice's image voxels is all that it needs; undefined where there is only padding. */
  ofRange?(range: VoxelRange | undefined, config: Config): Stat;
  /** All stats of one scope, in order of phase and slice; the same for any slab depth and any number of threads. */
  fold(stats: readonly Stat[], config: Config): Measured;
  /** The smallest and largest value of the slice, where a stat holds them: recorded in the frame table. */
  range?(stat: Stat): VoxelRange | undefined;
}

/**
 * One operation on a volume. The host cuts slabs, allocates every buffer, keeps the neighbouring slices at hand and runs
 * the passes; a processor only computes. Resolved by dependency injection under `Tokens.JobProcessor`.
 *
 * Voxels are float32, real values unless an earlier step has normalised them. A result must not depend on the slab depth.
 */
export interface JobProcessor<Config = unknown, Stat = unknown, Measured = unknown> {
  /** Short and stable, e.g. "gaussian-blur". */
  readonly id: string;
  readonly title: string;
  readonly config: ConfigSchema<Config>;
  /** Size, spacing and samples of the output, before any voxel (default: as the input). */
  describe?(input: VolumeSpec, config: Config): VolumeSpec;
  /** Which input slices an output range needs, unclipped (default: the same). Declare it only if the step looks across slices. */
  inputSlices?(output: SliceRange, input: VolumeSpec, config: Config): SliceRange;
  readonly measure?: Measure<Config, Stat, Measured>;
  /** Fills the output slab. Pure: no state between calls. @throws whatever went wrong; the host names the step. */
  run(call: ProcessorCall<Config, Measured>): void | Promise<void>;
  /** Undoes `run` with the same measurements, for `{ invert: id }` steps. */
  undo?(call: ProcessorCall<Config, Measured>): void | Promise<void>;
  /** For a step that changes intensity: input value = output value · scale + offset, for one measured scope. */
  toInput?(measured: Measured, config: Config): LinearMap;
  /** What was done, for Derivation Description and Code Sequence. */
  derivation?(config: Config): Derivation;
}

/** A processor of any configuration type, as a registry holds it; the schema in each keeps its own types together. */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyJobProcessor = JobProcessor<any, any, any>;
