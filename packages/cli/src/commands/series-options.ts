import type { Command } from "commander";
import { HilumError } from "@hilum/core";
import { flagOf } from "../codec-options.ts";

/** Which series of an input is meant, and how it is assembled. */
export interface SeriesOptions {
  readonly series?: string;
  readonly plan?: string;
  readonly savePlan?: string;
}

/** The options by which a person chooses a series and steers its assembly beyond what the codecs take. */
export function addSeriesOptions(command: Command): Command {
  return command
    .option("--series <number|uid>", "the series to take, where there are several: its number as `hilum inspect` counts, or its UID")
    .option("--plan <file>", "assemble the series as this file says, which --save-plan wrote and you may have edited")
    .option("--save-plan <file>", "write how the series was assembled, as JSON: order, phases, what was left out");
}

/** The option by which a person takes every series. */
export function addAllOption(command: Command): Command {
  return command.option("--all", "take each series of the input: one output each, out.h5 becoming out-001-mr.h5 by number and modality");
}

/**
 * A plan names its series, and is followed with the options that it was made with.
 * @param readOptions options of reading that were given, by their keys.
 * @throws {HilumError} USAGE.
 */
export function refuseBesidePlan({ series, plan }: SeriesOptions, readOptions: object): void {
  if (plan === undefined) return;
  if (series !== undefined) throw new HilumError("USAGE", "A plan names its series by itself, so that --series has nothing to choose.", { remedy: "Leave --series or --plan out." });
  const [first] = Object.keys(readOptions).map(flagOf);
  if (first !== undefined) throw new HilumError("USAGE", `A plan holds the options that it was made with, so that ${first} has no say beside --plan.`, { remedy: `Leave ${first} or --plan out; the options in the plan can be edited.` });
}
