import { Option, type Command } from "commander";
import { HilumError, type FormatCodec, type ImageSeries, type JobSpec, type Json, type Step } from "@hilum/core";
import type { CommandContext } from "../command-context.ts";
import { addCodecOptions, codecOptionsFrom } from "../codec-options.ts";
import { eventSink } from "../render/event-sink.ts";
import { summary } from "../render/summary.ts";
import { checkPlanPlace, readPlan, refuseWithoutPlan, savePlan, seriesOfPlan } from "../assembly-plan.ts";
import { checkReportPlace, writeReport } from "../report-file.ts";
import { refuseBesidePlan, type SeriesOptions } from "./series-options.ts";

/** How a conversion scales intensities. */
export type Normalization = "series" | "phase" | "slice" | "none";

/** How a job is shown. */
export interface ShowOptions {
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly events?: "json";
  readonly report?: string;
}

/** What the options of {@link addConversionOptions} become: how it is shown, which series is meant, and the options of codecs by their keys. */
export interface ConversionOptions extends ShowOptions, SeriesOptions {
  readonly all?: boolean;
  readonly [codecOption: string]: Json | undefined;
}

/** The options of every conversion: what the codecs take, and how it is shown. */
export function addConversionOptions(command: Command, context: CommandContext): Command {
  command
    .option("--dry-run", "print the plan with its passes as JSON, and write nothing")
    .option("--report <file>", "write what was done as JSON: versions, configuration, timings, SHA-256 of outputs, UIDs of source and output")
    .addOption(new Option("--events <format>", "print every event as a line of JSON").choices(["json"]))
    .option("--quiet", "say nothing but errors");
  return addCodecOptions(command, context.host.codecs.list(), ["reader", "writer"], context.args);
}

/** The step that normalises, or none. */
export function normalizationSteps(normalization: Normalization): readonly Step[] {
  return normalization === "none" ? [] : [{ processor: "normalise", config: { scope: normalization } }];
}

/** Runs a job for a person at a terminal, or shows its plan. */
export async function carryOut(bare: JobSpec, options: ConversionOptions, context: CommandContext): Promise<void> {
  const { dryRun, quiet, events, report: reportFile, all, series, plan, savePlan: planFile, plugin: _plugin, debug, ...codecOptions } = options;
  if (dryRun === true && planFile !== undefined) throw new HilumError("USAGE", "--dry-run writes nothing, so --save-plan has nowhere to write.", { remedy: "Leave one of the two out; `hilum inspect` takes --save-plan too." });
  const configured = withCodecOptions(bare, codecOptions, context);
  refuseBesidePlan(options, configured.input.options ?? {});
  const spec = withSeries(configured, series, plan);
  if (all === true) {
    if (series !== undefined || plan !== undefined) throw new HilumError("USAGE", "--all takes each series, and --series and --plan mean one.", { remedy: "Leave --all or the other out." });
    const { carryOutEach } = await import("./each-series.ts");
    await carryOutEach(spec, { ...options, debug: debug === true }, context);
    return;
  }
  if (dryRun === true) {
    process.stdout.write(`${JSON.stringify(await context.host.plan(spec, { signal: context.signal }), undefined, 2)}\n`);
    return;
  }
  checkReportPlace(reportFile, spec.input.path);
  checkPlanPlace(planFile);
  let assembled: Pick<ImageSeries, "assembly"> = {};
  const onSeries = (found: Pick<ImageSeries, "assembly">, codec: FormatCodec): void => {
    if (planFile !== undefined) refuseWithoutPlan(codec);
    assembled = found;
  };
  // Digests stand in the report, so they are taken when somebody gets to see it.
  const digests = reportFile !== undefined || events !== undefined;
  const report = await context.host.run(spec, { signal: context.signal, onEvent: eventSink(quiet, events), digests, instances: reportFile !== undefined, onSeries });
  if (reportFile !== undefined) await writeReport(reportFile, report, spec.input.path);
  if (planFile !== undefined) await savePlan(planFile, assembled, spec.input.path);
  if (quiet !== true && events === undefined) process.stdout.write(summary(report, spec.output.path));
}

function withSeries(spec: JobSpec, series: string | undefined, planFile: string | undefined): JobSpec {
  if (planFile === undefined) return series === undefined ? spec : { ...spec, input: { ...spec.input, series } };
  const plan = readPlan(planFile);
  const planned = seriesOfPlan(plan);
  return { ...spec, input: { ...spec.input, options: { ...spec.input.options, plan }, ...(planned === undefined ? {} : { series: planned }) } };
}

function withCodecOptions(spec: JobSpec, given: { readonly [key: string]: Json | undefined }, context: CommandContext): JobSpec {
  const defined = Object.fromEntries(Object.entries(given).filter((entry): entry is [string, Json] => entry[1] !== undefined));
  const options = codecOptionsFrom(defined, context.host.codecs.list());
  return { ...spec, input: { ...spec.input, options: options.input }, output: { ...spec.output, options: { ...spec.output.options, ...options.output } } };
}
