import { existsSync } from "node:fs";
import type { Command } from "commander";
import { HilumError, type ImageSeries, type Json } from "@hilum/core";
import { createWholeFile, type Survey, type SurveyedSeries } from "@hilum/host";
import { checkPlanPlace, readPlan, refuseWithoutPlan, savePlan, seriesOfPlan } from "../assembly-plan.ts";
import { addCodecOptions, codecOptionsFrom } from "../codec-options.ts";
import type { CommandContext } from "../command-context.ts";
import { surveyJson } from "../render/survey-json.ts";
import { surveyText } from "../render/survey-text.ts";
import { surveyProgress } from "../render/survey-progress.ts";
import { styleFor } from "../render/terminal-text.ts";
import { commandWithCommonOptions } from "./common-options.ts";
import { addSeriesOptions, refuseBesidePlan, type SeriesOptions } from "./series-options.ts";

interface InspectOptions extends SeriesOptions {
  readonly json?: boolean;
  readonly preview?: string;
  readonly plugin?: readonly string[];
  readonly debug?: boolean;
  readonly [codecOption: string]: Json | undefined;
}

/** `hilum inspect INPUT`: what is there and how it was assembled; voxels are read for a picture alone. */
export function inspectCommand({ host, args, signal }: CommandContext): Command {
  const command = addSeriesOptions(
    commandWithCommonOptions("inspect")
      .description("Shows every series of a directory or file: geometry, phases, how it was assembled, or why it is refused.")
      .argument("<input>", "a DICOM directory or an HDF5 file")
      .option("--json", "as JSON")
      .option("--preview <file.png>", "write a picture of the middle planes of each phase of one series or, of several series, of the middle slice of each: row by row as they are listed, crossed out where there is none"),
  );
  return addCodecOptions(command, host.codecs.list(), ["reader"], args).action(async (input: string, given: InspectOptions) => {
    const { json, preview, series: wanted, plan, savePlan: planPath, plugin: _plugin, debug: _debug, ...codecOptions } = given;
    if (preview !== undefined && existsSync(preview)) throw new HilumError("OUTPUT_EXISTS", "The picture is there already and was left untouched.");
    checkPlanPlace(planPath);
    const defined = Object.fromEntries(Object.entries(codecOptions).filter((entry): entry is [string, Json] => entry[1] !== undefined));
    const readOptions = codecOptionsFrom(defined, host.codecs.list()).input;
    refuseBesidePlan(given, readOptions);
    const saved = plan === undefined ? undefined : readPlan(plan);
    const planned = saved === undefined ? undefined : seriesOfPlan(saved);
    const options = { ...readOptions, ...(saved === undefined ? {} : { plan: saved }) };
    const progress = surveyProgress(process.stderr);
    await using whole = await host.survey(input, { options, signal, onProgress: progress.show, ...(planned === undefined ? {} : { series: planned }) }).finally(() => progress.clear());
    const survey = { ...whole, series: chosen(whole, wanted) };
    if (json === true) process.stdout.write(`${JSON.stringify(surveyJson(survey), undefined, 2)}\n`);
    else process.stdout.write(surveyText(survey, styleFor(process.stdout)));
    if (planPath !== undefined) refuseWithoutPlan(whole.codec);
    if (planPath !== undefined) await savePlan(planPath, onlyReady(survey.series, "--save-plan"), input);
    if (preview !== undefined) await writePreview(preview, survey.series, input, signal);
    refuseFaults(survey.series);
  });
}

/** @throws {HilumError} INVALID_JOB where nothing answers to the number or UID. */
function chosen({ series }: Survey, wanted: string | undefined): readonly SurveyedSeries[] {
  if (wanted === undefined) return series;
  const found = series.filter(({ number, metadata }) => String(number) === wanted || metadata.seriesInstanceUID === wanted);
  if (found.length > 0) return found;
  const said = /^\d+$/.test(wanted) ? `There is no series number ${wanted}; there ${series.length === 1 ? "is 1" : `are ${series.length}`}.` : "There is no series with this Series Instance UID.";
  throw new HilumError("INVALID_JOB", said, { remedy: "Without --series, `hilum inspect` lists them with their numbers; --json shows their UIDs." });
}

function onlyReady(entries: readonly SurveyedSeries[], option: string): ImageSeries {
  const [only, ...others] = entries;
  if (only?.fault !== undefined && others.length === 0) throw only.fault;
  if (only?.series === undefined || others.length > 0)
    throw new HilumError("AMBIGUOUS_INPUT", `There are ${entries.length} series here, and ${option} takes one.`, { remedy: "Choose one with --series." });
  return only.series;
}

async function writePreview(path: string, entries: readonly SurveyedSeries[], input: string, signal: AbortSignal): Promise<void> {
  if (entries.every(({ series }) => series === undefined)) return;
  const { contactSheet } = await import("../preview/contact-sheet.ts");
  await createWholeFile(path, await contactSheet(entries.map(({ series }) => series), signal), [input]);
}

/** Everything was listed; the exit status tells that something in it is refused. */
function refuseFaults(entries: readonly SurveyedSeries[]): void {
  const faults = entries.flatMap(({ fault }) => (fault === undefined ? [] : [fault]));
  const [first] = faults;
  if (first === undefined) return;
  if (entries.length === 1) throw first;
  throw new HilumError("BATCH_PARTIAL", `${faults.length} of ${entries.length} series are refused.`, {
    details: { refused: faults.length, series: entries.length },
    remedy: "The list says for each why, and what to do.",
  });
}
