import {
  HilumError,
  isHilumError,
  Tokens,
  type AnyJobProcessor,
  type CodecContext,
  type FormatCodec,
  type HilumPlugin,
  type ImageSeries,
  type JobEvent,
  type JobReport,
  type JobSpec,
  type Json,
  type SeriesSpec,
  type Step,
  type Warning,
} from "@hilum/core";
import { compose, type Binding } from "./composition/compose.ts";
import { openSource } from "./io/open-source.ts";
import { createJobRegistry, stepsOf, type JobRegistry } from "./job-registry.ts";
import { chooseReader } from "./plan/choose-codec.ts";
import { describePlan, planJob, type JobPlan, type PlanDescription, type SurveyedInput } from "./plan/plan-job.ts";
import { resolveSteps } from "./plan/resolve-steps.ts";
import type { Registry } from "./registry.ts";
import { executeJob } from "./run/execute-job.ts";
import { surveySource, type Survey } from "./survey.ts";
import { validateConfig } from "./validate-config.ts";

const DEFAULT_MEMORY_BUDGET_BYTES = 512 * 1024 * 1024;

/** What a host is made from. */
export interface HostOptions {
  readonly plugins: readonly HilumPlugin[];
  /** Values for tokens, made with `bindValue`; a token that a host binds by itself is bound anew. */
  readonly bind?: readonly Binding[];
  /** Most bytes of voxel buffers at one time, default 512 MiB. */
  readonly memoryBudgetBytes?: number;
  /** Slices in a slab; chosen from the size of a slice where absent. Results do not depend on it. */
  readonly slabSlices?: number;
}

/** How one job is run. */
export interface RunOptions {
  /** Cancels the job: `run` rejects with its reason and leaves nothing. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: JobEvent) => void;
  /** Whether the report tells the SHA-256 of every output file; default true. Without a reader of the report it is time spent for nobody. */
  readonly digests?: boolean;
  /** Whether the report tells the UIDs of what was written and of what it was made from; default false, since UIDs lead to a patient. */
  readonly instances?: boolean;
  /** The input, where it was opened by a {@link Host.survey}; the job disposes of it. `input.options` and `input.series` of the spec then say nothing. */
  readonly opened?: SurveyedInput;
  /** Told of the input series once it is open, and of the codec that reads it, e.g. to keep how it was assembled. Not to be read from. */
  readonly onSeries?: (series: SeriesSpec & Pick<ImageSeries, "assembly">, codec: FormatCodec) => void;
}

/** Options of {@link Host.execute}, by what they belong to. */
export interface ExecuteOptions extends RunOptions {
  /** Changes to step configurations: by "preprocess.0", "process.0", "postprocess.1" and so on. */
  readonly config?: { readonly [place: string]: { readonly [key: string]: Json } };
  readonly input?: Omit<JobSpec["input"], "path">;
  readonly output?: Omit<JobSpec["output"], "path">;
}

/** How a path is surveyed. */
export interface SurveyOptions {
  readonly codec?: string;
  readonly options?: { readonly [key: string]: Json };
  readonly signal?: AbortSignal;
  /** Only this series, by its Series Instance UID or the SHA-256 of that: for options that fit one series, e.g. a saved plan. */
  readonly series?: string;
  /** Told after each part of the source (a series, mostly) how many are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What a path holds. */
export interface OpenedSource extends AsyncDisposable {
  readonly codec: FormatCodec;
  readonly series: readonly ImageSeries[];
}

/** Plugins, composed: the one way through for conversions and jobs. */
export interface Host extends AsyncDisposable {
  readonly codecs: Pick<Registry<FormatCodec>, "get" | "has" | "list" | "ids">;
  readonly processors: Pick<Registry<AnyJobProcessor>, "get" | "has" | "list" | "ids">;
  readonly jobs: JobRegistry;
  readonly plugins: readonly HilumPlugin[];
  /** Opens every series at a path, without reading voxels. @throws {HilumError} as the codec's reader. */
  open(path: string, options?: { readonly codec?: string; readonly options?: { readonly [key: string]: Json }; readonly signal?: AbortSignal }): Promise<OpenedSource>;
  /**
   * Opens every series at a path as `open`, but tells the faults of those that cannot be opened beside the others.
   * @throws {HilumError} SOURCE_NOT_FOUND, UNRECOGNIZED_FORMAT, INVALID_CONFIG: what leaves nothing to list.
   */
  survey(path: string, options?: SurveyOptions): Promise<Survey>;
  /** Says what a job would do, with every problem that can be known before voxels are read. Writes nothing. */
  plan(spec: JobSpec, options?: RunOptions): Promise<PlanDescription>;
  /** Runs a job. The output appears whole or not at all. @throws {HilumError}, or the signal's reason. */
  run(spec: JobSpec, options?: RunOptions): Promise<JobReport>;
  /** The job that an entry of the registry makes of an input and an output. */
  jobSpec(name: string, inputPath: string, outputPath: string, options?: Omit<ExecuteOptions, keyof RunOptions>): JobSpec;
  /** Runs an entry of the registry. @throws {HilumError} UNKNOWN_JOB and as `run`. */
  execute(name: string, inputPath: string, outputPath: string, options?: ExecuteOptions): Promise<JobReport>;
}

/**
 * Composes a host from plugins.
 * @throws {HilumError} PLUGIN_CONFLICT, PLUGIN_INCOMPATIBLE, PLUGIN_LOAD_FAILED; and as `jobs.register` for a plugin's entries.
 */
export async function createHost(options: HostOptions): Promise<Host> {
  const composition = compose(options.plugins, options.bind ?? []);
  const { codecs, processors, plugins } = composition;
  const jobs = createJobRegistry((steps) => void resolveSteps(steps, processors));
  for (const definition of composition.jobDefinitions) jobs.register(definition);
  const planning = {
    codecs,
    processors,
    memoryBudgetBytes: options.memoryBudgetBytes ?? DEFAULT_MEMORY_BUDGET_BYTES,
    ...(options.slabSlices === undefined ? {} : { slabSlices: options.slabSlices }),
  };
  const createContext = (signal: AbortSignal | undefined, warn: (warning: Warning) => void): CodecContext => ({
    signal: signal ?? new AbortController().signal,
    logger: composition.resolve(Tokens.Logger),
    jobTime: composition.resolve(Tokens.Clock).now(),
    warn,
  });

  const run = async (spec: JobSpec, runOptions: RunOptions = {}): Promise<JobReport> => {
    const startedMs = performance.now();
    const emit = runOptions.onEvent ?? (() => {});
    const digests = runOptions.digests ?? true;
    const warnings: Warning[] = [];
    const context = createContext(runOptions.signal, (warning) => {
      warnings.push(warning);
      emit({ type: "warning", warning });
    });
    try {
      context.signal.throwIfAborted();
      await using plan: JobPlan = await planJob(planning, spec, context, runOptions.opened);
      runOptions.onSeries?.(plan.input.series, plan.input.codec);
      const report = await executeJob(plan, { context, warnings, emit, plugins, startedMs, digests, instances: runOptions.instances ?? false });
      emit({ type: "succeeded", report });
      return report;
    } catch (error) {
      if (context.signal.aborted) {
        emit({ type: "cancelled" });
        throw context.signal.reason;
      }
      const known = isHilumError(error) ? error : new HilumError("INTERNAL", "Something failed that should not be able to.", { cause: error });
      emit({ type: "failed", code: known.code, message: known.message });
      throw known;
    }
  };

  const jobSpec: Host["jobSpec"] = (name, inputPath, outputPath, jobOptions = {}) => {
    const definition = jobs.get(name);
    return {
      name: definition.name,
      input: { ...jobOptions.input, path: inputPath },
      steps: configuredSteps(definition, jobOptions.config ?? {}),
      output: { ...definition.output, ...jobOptions.output, options: { ...definition.output?.options, ...jobOptions.output?.options }, path: outputPath },
    };
  };

  return {
    codecs,
    processors,
    jobs,
    plugins,
    async open(path, openOptions = {}) {
      const source = openSource(path);
      const codec = await chooseReader(codecs, source, openOptions.codec);
      const readerOptions = validateConfig(codec.reader.options, openOptions.options, `the ${codec.title} input`);
      const series = await codec.reader.open(source, readerOptions, createContext(openOptions.signal, () => {}));
      return {
        codec,
        series,
        async [Symbol.asyncDispose]() {
          for (const one of series) await one[Symbol.asyncDispose]();
        },
      };
    },
    survey: (path, surveyOptions = {}) => surveySource(codecs, path, surveyOptions, (warn) => createContext(surveyOptions.signal, warn)),
    async plan(spec, runOptions = {}) {
      await using plan = await planJob(planning, spec, createContext(runOptions.signal, () => {}), runOptions.opened);
      runOptions.onSeries?.(plan.input.series, plan.input.codec);
      return describePlan(plan);
    },
    run,
    jobSpec,
    execute: (name, inputPath, outputPath, executeOptions = {}) => run(jobSpec(name, inputPath, outputPath, executeOptions), executeOptions),
    // Nothing outlives a job yet; embedding programs dispose of hosts all the same, so that later resources need no change there.
    async [Symbol.asyncDispose]() {},
  };
}

/** The steps of a job entry with changes to their configurations. @throws {HilumError} INVALID_CONFIG for a place that is none. */
function configuredSteps(definition: ReturnType<JobRegistry["get"]>, config: NonNullable<ExecuteOptions["config"]>): readonly Step[] {
  const groups = ["preprocess", "process", "postprocess"] as const;
  const places = groups.flatMap((group) => definition[group].map((_, index) => `${group}.${index}`));
  const unknown = Object.keys(config).find((place) => !places.includes(place));
  if (unknown !== undefined)
    throw new HilumError("INVALID_CONFIG", `The job "${definition.name}" has no step "${unknown}".`, { remedy: `Its steps are: ${places.join(", ")}.` });
  return stepsOf(definition).map((step, index) => {
    const change = config[places[index] as string];
    if (change === undefined) return step;
    if ("invert" in step)
      throw new HilumError("INVALID_CONFIG", `The step "${places[index] ?? ""}" undoes "${step.invert}" and takes no configuration of its own.`);
    return { ...step, config: { ...step.config, ...change } };
  });
}
