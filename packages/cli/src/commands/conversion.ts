import type { Command } from "commander";
import type { JobSpec, Json, Step } from "@hilum/core";
import type { CommandContext } from "../command-context.ts";
import { addCodecOptions, codecOptionsFrom } from "../codec-options.ts";
import { progressLine } from "../render/progress-line.ts";
import { summary } from "../render/summary.ts";

/** How a conversion scales intensities. */
export type Normalization = "series" | "phase" | "slice" | "none";

/** What the options of {@link addConversionOptions} become. */
export interface ConversionOptions {
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly [codecOption: string]: Json | undefined;
}

/** The options of every conversion: what the codecs take, and how it is shown. */
export function addConversionOptions(command: Command, context: CommandContext): Command {
  return addCodecOptions(command, context.host.codecs.list(), ["reader", "writer"])
    .option("--dry-run", "print the plan with its passes as JSON, and write nothing")
    .option("--quiet", "say nothing but errors");
}

/** The step that normalises, or none. */
export function normalizationSteps(normalization: Normalization): readonly Step[] {
  return normalization === "none" ? [] : [{ processor: "normalise", config: { scope: normalization } }];
}

/** A job with the codec options that were given. */
export function withCodecOptions(spec: JobSpec, given: ConversionOptions, context: CommandContext): JobSpec {
  const defined = Object.fromEntries(Object.entries(given).filter((entry): entry is [string, Json] => entry[1] !== undefined));
  const options = codecOptionsFrom(defined, context.host.codecs.list());
  return { ...spec, input: { ...spec.input, options: options.input }, output: { ...spec.output, options: options.output } };
}

/** Runs a job for a person at a terminal, or shows its plan. */
export async function carryOut(spec: JobSpec, options: { readonly dryRun?: boolean | undefined; readonly quiet?: boolean | undefined }, context: CommandContext): Promise<void> {
  if (options.dryRun === true) {
    process.stdout.write(`${JSON.stringify(await context.host.plan(spec, { signal: context.signal }), undefined, 2)}\n`);
    return;
  }
  const onEvent = options.quiet === true ? {} : { onEvent: progressLine(process.stderr) };
  const report = await context.host.run(spec, { signal: context.signal, ...onEvent });
  if (options.quiet !== true) process.stdout.write(summary(report, spec.output.path));
}
