import { setImmediate as nextTurn } from "node:timers/promises";
import type { CodecContext, HilumPlugin, JobEvent, JobReport, Slab, SliceRange, Warning } from "@hilum/core";
import { createOutput, type Output } from "../io/create-output.ts";
import { specOf } from "../plan/derive-series.ts";
import { measuredSeries, needsPass, shapeOf, type JobPlan } from "../plan/plan-job.ts";
import { foldStats, frameWithRange, measureRanges, measureSlab, type Measurement } from "./measure-step.ts";
import { createPipeline, slabRanges, type MeasuredAt, type Pipeline } from "./pipeline.ts";
import { Progress } from "./progress.ts";
import { mayMakeNonFinite, refuseNonFinite } from "./refuse-non-finite.ts";

/** Computing for longer than this without a turn of the event loop would make a cancel wait. */
const TURN_INTERVAL_MS = 25;

/** What the execution of a plan needs besides the plan. */
export interface Execution {
  readonly context: CodecContext;
  readonly warnings: readonly Warning[];
  readonly emit: (event: JobEvent) => void;
  readonly plugins: readonly HilumPlugin[];
  readonly startedMs: number;
  /** Whether the report tells the SHA-256 of every output file. */
  readonly digests: boolean;
  /** Whether the report tells what each file was made from. */
  readonly instances: boolean;
}

/**
 * Runs a plan: the measuring passes, then the writer's pass, then the commit. On any error nothing is left.
 * @throws {HilumError} what went wrong; or the signal's reason when cancelled.
 */
export async function executeJob(plan: JobPlan, execution: Execution): Promise<JobReport> {
  const { emit } = execution;
  const total = plan.input.series.frames.length * plan.passes.length;
  emit({ type: "started", job: plan.spec.name, passes: plan.passes, total });
  const output = createOutput(plan.output.place);
  try {
    return await runPasses(plan, execution, output, new Progress(total, emit));
  } catch (error) {
    await output.abort();
    throw error;
  }
}

async function runPasses(plan: JobPlan, { context, warnings, plugins, startedMs, digests, instances }: Execution, output: Output, progress: Progress): Promise<JobReport> {
  const source = plan.input.series;
  const passes: { name: string; durationMs: number }[] = [];
  const timed = async <T>(name: string, pass: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await pass();
    passes.push({ name, durationMs: performance.now() - started });
    return result;
  };

  const measurements: (Measurement | undefined)[] = [];
  const measured: (MeasuredAt | undefined)[] = [];
  const pipeline = createPipeline(source, plan.steps, plan.volumes, plan.slabSlices, measured);
  let first = specOf(source);
  for (const [index, step] of plan.steps.entries()) {
    if (!needsPass(step)) continue;
    const name = `measure ${step.processor.id}`;
    const pull = pullFrom(pipeline, index, plan);
    const measure = async (phase: number, range: SliceRange): Promise<readonly unknown[]> =>
      (index === 0 ? measureRanges(step, pipeline, phase, range) : undefined) ?? measureSlab(step, await pull(phase, range));
    const measurement = await timed(name, async () => {
      const stats: unknown[] = [];
      for await (const some of inTurn(plan, context.signal, measure, (slices) => progress.advance(name, slices))) stats.push(...some);
      return foldStats(step, source, stats);
    });
    measurements[index] = measurement;
    measured[index] = measurement.measured;
    if (index === 0) first = { ...first, frames: first.frames.map((frame, at) => frameWithRange(frame, measurement.ranges[at])) };
  }

  const series = measuredSeries(
    plan,
    (step, index, phase, slice) => step.processor.toInput?.(measurements[index]?.measured(phase, slice), step.config),
    first,
  );
  const writing = plan.passes.at(-1) as string;
  const slabs = inTurn(plan, context.signal, pullFrom(pipeline, plan.steps.length, plan), (slices) => progress.advance(writing, slices));
  const request = { series, options: plan.output.options, ...(plan.template === undefined ? {} : { template: plan.template }) };
  const summary = await timed(writing, () => plan.output.codec.writer.write(request, slabs, output.sink, context));
  context.signal.throwIfAborted();
  const outputs = await timed("publish", () => output.commit(digests));
  progress.finish(writing);
  return {
    job: plan.spec.name,
    input: { codec: plan.input.codec.id, phases: source.phases.length, shape: shapeOf(source) },
    steps: plan.steps.map((step) => step.record),
    outputs,
    facts: summary?.facts ?? {},
    ...(instances && summary?.instances !== undefined ? { instances: summary.instances } : {}),
    warnings,
    plugins: plugins.map(({ name, version }) => ({ name, version })),
    startedAt: context.jobTime.toISOString(),
    durationMs: performance.now() - startedMs,
    passes,
  };
}

/** Gives slabs after `stage` steps, which hold no NaN or infinity. */
function pullFrom(pipeline: Pipeline, stage: number, plan: JobPlan): (phase: number, range: SliceRange) => Promise<Slab> {
  const doubtful = mayMakeNonFinite(plan.steps.slice(0, stage));
  return async (phase, range) => {
    const slab = await pipeline.slab(stage, phase, range);
    if (doubtful) refuseNonFinite(slab);
    return slab;
  };
}

/** What `take` makes of the slices of a series, phase by phase; counts what was taken, and lets the event loop turn now and then. */
async function* inTurn<T>(plan: JobPlan, signal: AbortSignal, take: (phase: number, range: SliceRange) => Promise<T>, taken: (slices: number) => void): AsyncGenerator<T> {
  let turned = performance.now();
  for (const { phase, range } of everyRange(plan)) {
    if (performance.now() - turned > TURN_INTERVAL_MS) {
      await nextTurn();
      turned = performance.now();
    }
    signal.throwIfAborted();
    yield await take(phase, range);
    taken(range.count);
  }
}

function everyRange(plan: JobPlan): readonly { readonly phase: number; readonly range: SliceRange }[] {
  const ranges = slabRanges(plan.input.series.volume.geometry.size[2], plan.slabSlices);
  return plan.input.series.phases.flatMap((_, phase) => ranges.map((range) => ({ phase, range })));
}
