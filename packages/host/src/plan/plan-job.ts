import { HilumError, type AnyJobProcessor, type CodecContext, type FormatCodec, type ImageSeries, type JobSpec, type SeriesSpec, type SeriesWriter, type Source, type VolumeSpec, type Warning } from "@hilum/core";
import { checkOutputPlace, type OutputPlace } from "../io/create-output.ts";
import { openSource } from "../io/open-source.ts";
import type { Registry } from "../registry.ts";
import { validateConfig } from "../validate-config.ts";
import { pipelineBytes } from "../run/pipeline.ts";
import { chooseReader, chooseWriter, type ReadingCodec, type WritingCodec } from "./choose-codec.ts";
import { openChosen } from "./open-parts.ts";
import { frameInReal, frameWithMap, seriesAfter, specOf } from "./derive-series.ts";
import { resolveSteps, type ResolvedStep } from "./resolve-steps.ts";

/** Small enough to stay in the processor's cache between two steps, large enough that few writes have to be waited for (measured). */
const SLAB_TARGET_BYTES = 2 << 20;

/** What a plan needs of its host. */
export interface PlanningHost {
  readonly codecs: Registry<FormatCodec>;
  readonly processors: Registry<AnyJobProcessor>;
  readonly memoryBudgetBytes: number;
  readonly slabSlices?: number;
}

/** An input that is open: its codec and its one series. */
export interface SurveyedInput {
  readonly codec: ReadingCodec;
  readonly series: ImageSeries;
  /** What its reader warned of when it opened the series, where no job has been told yet. */
  readonly warnings?: readonly Warning[];
}

/** A job whose every problem that can be known before reading voxels has been looked for. */
export interface JobPlan extends AsyncDisposable {
  readonly spec: JobSpec;
  readonly input: SurveyedInput;
  readonly template?: ImageSeries;
  readonly steps: readonly ResolvedStep[];
  /** The volume before the first step and after each. */
  readonly volumes: readonly VolumeSpec[];
  readonly output: { readonly codec: WritingCodec; readonly options: unknown; readonly place: OutputPlace };
  /** Names of the passes over the input, in order; the last one writes. */
  readonly passes: readonly string[];
  readonly slabSlices: number;
  readonly bufferBytes: number;
}

/** A plan for people and programs. */
export interface PlanDescription {
  readonly job: string;
  readonly input: { readonly codec: string; readonly phases: number; readonly shape: readonly number[]; readonly spacing: readonly number[]; readonly phaseKey: string };
  readonly steps: readonly { readonly processor: string; readonly program: string; readonly config: unknown; readonly inverse: boolean }[];
  readonly output: { readonly codec: string; readonly kind: "file" | "directory"; readonly options: unknown; readonly shape: readonly number[] };
  readonly passes: readonly string[];
  readonly slab: { readonly slices: number; readonly bufferBytes: number; readonly threads: number };
}

/**
 * Checks everything about a job that can be checked before voxels are read, and opens its input.
 * @param given the input, where a survey has opened it already.
 * @throws {HilumError} the first problem, each with what to do about it.
 */
export async function planJob(
  host: PlanningHost,
  spec: JobSpec,
  context: CodecContext,
  given?: SurveyedInput,
): Promise<JobPlan> {
  const steps = resolveSteps(spec.steps, host.processors);
  const outputCodec = chooseWriter(host.codecs, spec.output.path, spec.output.codec);
  const options = validateConfig(outputCodec.writer.options, spec.output.options, `the ${outputCodec.title} output`);
  if (spec.output.sidecar !== undefined && outputCodec.writer.sidecar !== true)
    throw new HilumError("USAGE", `${outputCodec.title} output has no JSON sidecar.`, { remedy: "Leave --json out." });
  if (spec.output.template !== undefined && outputCodec.writer.openTemplate === undefined)
    throw new HilumError("USAGE", `${outputCodec.title} output takes no template.`, { remedy: "Leave --template out." });
  const inputSource = openSource(spec.input.path);
  const place: OutputPlace = {
    path: spec.output.path,
    kind: outputCodec.writer.output,
    ...(spec.output.sidecar === undefined ? {} : { sidecar: spec.output.sidecar }),
  };
  const templatePath = spec.output.template;
  checkOutputPlace(place, [spec.input.path, ...(templatePath === undefined ? [] : [templatePath])]);

  await using opened = new AsyncDisposableStack();
  const { codec: inputCodec, series, warnings = [] } = given ?? (await openInput(host, spec.input, inputSource, context));
  opened.use(series);
  for (const warning of warnings) context.warn(warning);
  const template = await templateOf(outputCodec.writer, series, templatePath, inputCodec.id === outputCodec.id, context);
  if (template !== series) opened.use(template);

  const stages = describeStages(series, steps);
  const volumes = stages.map((stage) => stage.volume);
  const problems = outputCodec.writer.check?.({ series: stages.at(-1) as SeriesSpec, options, ...(template === undefined ? {} : { template }) }) ?? [];
  const [first] = problems;
  if (first !== undefined)
    throw new HilumError(first.code, first.message, {
      details: { problems: problems.map((problem) => problem.message) },
      ...(first.remedy === undefined ? {} : { remedy: first.remedy }),
    });

  const slabSlices = chooseDepth(host, steps, volumes);
  const resources = opened.move();
  return {
    spec,
    input: { codec: inputCodec, series },
    ...(template === undefined ? {} : { template }),
    steps,
    volumes,
    output: { codec: outputCodec, options, place },
    passes: [...steps.filter(needsPass).map((step) => `measure ${step.processor.id}`), `write ${outputCodec.id}`],
    slabSlices,
    bufferBytes: pipelineBytes(steps, volumes, slabSlices),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** The series whose headers the output takes, where its writer takes any: the one at a path, the input itself, or what that carries. */
async function templateOf(writer: SeriesWriter, series: ImageSeries, path: string | undefined, isOwn: boolean, context: CodecContext): Promise<ImageSeries | undefined> {
  if (writer.openTemplate === undefined) return undefined;
  if (path === undefined && isOwn) return series;
  return writer.openTemplate(series, path === undefined ? undefined : openSource(path), context);
}

async function openInput(host: PlanningHost, input: JobSpec["input"], source: Source, context: CodecContext): Promise<SurveyedInput> {
  const codec = await chooseReader(host.codecs, source, input.codec);
  const options = validateConfig(codec.reader.options, input.options, `the ${codec.title} input`);
  const series =
    input.series === undefined
      ? oneOf(await codec.reader.open(source, options, context), codec.title)
      : await openChosen(codec, source, options, (warn) => ({ ...context, warn }), input.series, (warning) => context.warn(warning));
  return { codec, series };
}

/** Whether a step needs the whole input measured before it starts. */
export function needsPass(step: ResolvedStep): boolean {
  return step.undoes === undefined && step.processor.measure !== undefined;
}

/** The series before the first step and after each, as far as it is known before measuring. */
function describeStages(series: SeriesSpec, steps: readonly ResolvedStep[]): readonly SeriesSpec[] {
  const stages: SeriesSpec[] = [specOf(series)];
  for (const step of steps) {
    const before = stages.at(-1) as SeriesSpec;
    // What maps values linearly keeps indices apart, and says how they come back; anything else makes colours that nobody chose.
    if (before.volume.voxel.indexed === true && step.undoes === undefined && step.processor.toInput === undefined)
      throw new HilumError("UNSUPPORTED_VOXEL_FORMAT", `The step "${step.processor.id}" computes with voxels that are indices into a palette, which are no amounts.`, {
        remedy: "Leave the step out, or have another program replace the indices by their colours first.",
      });
    const volume = step.undoes === undefined ? (step.processor.describe?.(before.volume, step.config) ?? before.volume) : before.volume;
    if (volume.geometry.size[2] !== before.volume.geometry.size[2])
      throw new HilumError("INVALID_JOB", `The step "${step.processor.id}" changes the number of slices, which jobs cannot do yet.`);
    stages.push(seriesAfter(before, volume, step.record, (frame) => frame));
  }
  return stages;
}

/** The series that the writer gets, once everything is measured. */
export function measuredSeries(
  plan: JobPlan,
  mapOf: (step: ResolvedStep, index: number, phase: number, slice: number) => { readonly scale: number; readonly offset: number } | undefined,
  first: SeriesSpec,
): SeriesSpec {
  return plan.steps.reduce((before, step, index) => {
    const frameAfter = (frame: SeriesSpec["frames"][number]): SeriesSpec["frames"][number] => {
      if (step.undoes !== undefined) return frameInReal(frame);
      const map = mapOf(step, index, frame.phase, frame.slice);
      return map === undefined ? frame : frameWithMap(frame, map);
    };
    return seriesAfter(before, plan.volumes[index + 1] as VolumeSpec, step.record, frameAfter);
  }, first);
}

function chooseDepth(host: PlanningHost, steps: readonly ResolvedStep[], volumes: readonly VolumeSpec[]): number {
  const [columns, rows, slices] = (volumes[0] as VolumeSpec).geometry.size;
  const sliceBytes = columns * rows * 4;
  let depth = Math.min(slices, host.slabSlices ?? Math.max(1, Math.floor(SLAB_TARGET_BYTES / sliceBytes)));
  while (depth > 1 && pipelineBytes(steps, volumes, depth) > host.memoryBudgetBytes) depth = Math.floor(depth / 2);
  const bytes = pipelineBytes(steps, volumes, depth);
  if (bytes > host.memoryBudgetBytes)
    throw new HilumError("MEMORY_BUDGET_EXCEEDED", `The job needs ${bytes} bytes of buffers; the budget is ${host.memoryBudgetBytes}.`, {
      details: { needed: bytes, budget: host.memoryBudgetBytes },
    });
  return depth;
}

const CHOOSE_REMEDY = "Choose one with --series, by the number that `hilum inspect` shows or by its UID; or take each with --all.";

/** The one series of a source. @throws {HilumError} UNRECOGNIZED_FORMAT for none, AMBIGUOUS_INPUT for several. */
function oneOf(series: readonly ImageSeries[], what: string): ImageSeries {
  const [first, ...others] = series;
  if (first === undefined) throw new HilumError("UNRECOGNIZED_FORMAT", `There is no image series in the ${what} input.`);
  if (others.length > 0)
    throw new HilumError("AMBIGUOUS_INPUT", `The ${what} input holds ${series.length} series, and a job takes one.`, {
      details: { series: series.map((one) => ({ modality: one.metadata.modality ?? null, shape: shapeOf(one) })) },
      remedy: CHOOSE_REMEDY,
    });
  return first;
}

/** [phases, slices, rows, columns]. */
export function shapeOf(series: SeriesSpec): readonly number[] {
  const [columns, rows, slices] = series.volume.geometry.size;
  return [series.phases.length, slices, rows, columns];
}

/** Says what a plan will do. */
export function describePlan(plan: JobPlan): PlanDescription {
  const { series } = plan.input;
  const [columns, rows, slices] = (plan.volumes.at(-1) as VolumeSpec).geometry.size;
  return {
    job: plan.spec.name,
    input: {
      codec: plan.input.codec.id,
      phases: series.phases.length,
      shape: shapeOf(series),
      spacing: series.volume.geometry.spacing,
      phaseKey: series.phaseKey,
    },
    steps: plan.steps.map(({ record }) => ({ processor: record.processor, program: record.program, config: record.config, inverse: record.inverse === true })),
    output: {
      codec: plan.output.codec.id,
      kind: plan.output.place.kind,
      options: plan.output.options,
      shape: [series.phases.length, slices, rows, columns],
    },
    passes: plan.passes,
    slab: { slices: plan.slabSlices, bufferBytes: plan.bufferBytes, threads: 1 },
  };
}
