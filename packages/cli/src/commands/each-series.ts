import { extname } from "node:path";
import { HilumError, isHilumError, type JobReport, type JobSpec } from "@hilum/core";
import type { PlanDescription, SurveyedSeries } from "@hilum/host";
import type { CommandContext } from "../command-context.ts";
import { eventSink } from "../render/event-sink.ts";
import { renderError } from "../render/render-error.ts";
import { summary } from "../render/summary.ts";
import { refuseWithoutPlan, savePlan } from "../assembly-plan.ts";
import { checkReportPlace, writeReport } from "../report-file.ts";
import type { ShowOptions } from "./conversion.ts";

/** One series of `--all`: what became of it. */
interface Outcome {
  readonly number: number;
  readonly outcome: JobReport | HilumError;
}

/**
 * Runs a job on each series of its input: one output each, named as the one output with the series' number and modality before its
 * ending (`out.h5` becomes `out-001-mr.h5`). A series that fails takes no other along.
 * @throws {HilumError} BATCH_PARTIAL where some failed; what each failed of was said then.
 */
export async function carryOutEach(spec: JobSpec, options: ShowOptions & { readonly savePlan?: string; readonly debug?: boolean }, { host, signal }: CommandContext): Promise<void> {
  const { dryRun, quiet, events, report: reportFile, savePlan: planFile, debug } = options;
  if (spec.output.template !== undefined) throw new HilumError("USAGE", "A template belongs to one series, and --all takes each of several.", { remedy: "Choose one with --series, or leave --template out." });
  checkReportPlace(reportFile, spec.input.path);
  await using survey = await host.survey(spec.input.path, { ...(spec.input.codec === undefined ? {} : { codec: spec.input.codec }), ...(spec.input.options === undefined ? {} : { options: spec.input.options }), signal });
  if (planFile !== undefined) refuseWithoutPlan(survey.codec);
  const outcomes: Outcome[] = [];
  const plans: { readonly number: number; readonly path: string; readonly plan: PlanDescription }[] = [];
  for (const entry of survey.series) {
    signal.throwIfAborted();
    try {
      if (entry.series === undefined) throw entry.fault;
      const own = specOf(spec, entry);
      const opened = { codec: survey.codec, series: entry.series, warnings: entry.warnings };
      if (dryRun === true) {
        plans.push({ number: entry.number, path: own.output.path, plan: await host.plan(own, { signal, opened }) });
        continue;
      }
      const report = await host.run(own, { signal, opened, onEvent: eventSink(quiet, events), digests: reportFile !== undefined || events !== undefined, instances: reportFile !== undefined });
      if (planFile !== undefined) await savePlan(named(planFile, entry), entry.series, spec.input.path);
      outcomes.push({ number: entry.number, outcome: report });
      if (quiet !== true && events === undefined) process.stdout.write(`series ${entry.number}: ${summary(report, own.output.path)}`);
    } catch (error) {
      if (signal.aborted) {
        process.stderr.write(`${outcomes.filter(({ outcome }) => !isHilumError(outcome)).length} series were finished before; their outputs stay.\n`);
        throw signal.reason;
      }
      if (!isHilumError(error)) throw error;
      outcomes.push({ number: entry.number, outcome: error });
      process.stderr.write(`series ${entry.number}: ${renderError(error, debug === true)}`);
    }
  }
  if (dryRun === true) process.stdout.write(`${JSON.stringify(plans, undefined, 2)}\n`);
  if (reportFile !== undefined) await writeReport(reportFile, outcomes.map(reportOf), spec.input.path);
  const failed = outcomes.filter(({ outcome }) => isHilumError(outcome)).length;
  if (failed > 0) throw new HilumError("BATCH_PARTIAL", `${failed} of ${survey.series.length} series failed.`, { details: { failed, series: survey.series.length }, remedy: "Each was named above with what to do." });
}

/** The job of one series: outputs under names of its own. */
function specOf(spec: JobSpec, entry: SurveyedSeries): JobSpec {
  const { path, sidecar } = spec.output;
  return { ...spec, output: { ...spec.output, path: named(path, entry), ...(sidecar === undefined ? {} : { sidecar: named(sidecar, entry) }) } };
}

/** The path with number and modality before its ending; a modality that is no two letters is left out, since it could be any text. */
function named(path: string, { number, metadata }: SurveyedSeries): string {
  const bare = path.replace(/\/+$/, "");
  const ending = extname(bare);
  const modality = /^[A-Z]{2}$/.test(metadata.modality ?? "") ? `-${(metadata.modality as string).toLowerCase()}` : "";
  return `${bare.slice(0, bare.length - ending.length)}-${String(number).padStart(3, "0")}${modality}${ending}`;
}

function reportOf({ number, outcome }: Outcome): object {
  return isHilumError(outcome) ? { number, error: { code: outcome.code, message: outcome.message, remedy: outcome.remedy } } : { number, report: outcome };
}
