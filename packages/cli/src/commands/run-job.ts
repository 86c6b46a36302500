import { Option, type Command } from "commander";
import { HilumError, type Json } from "@hilum/core";
import type { CommandContext } from "../command-context.ts";
import { commandWithCommonOptions } from "./common-options.ts";
import { addConversionOptions, carryOut, normalizationSteps, type ConversionOptions, type Normalization } from "./conversion.ts";
import { addAllOption, addSeriesOptions } from "./series-options.ts";

interface RunJobOptions extends ConversionOptions {
  readonly set?: readonly string[];
  readonly json?: string;
  readonly template?: string;
  readonly normalize?: Normalization;
}

/** `hilum run JOB INPUT OUTPUT`: an entry of the registry, with changes to its steps. */
export function runJobCommand(context: CommandContext): Command {
  const command = commandWithCommonOptions("run")
    .description("Runs a job on a series. `hilum jobs` lists the jobs.")
    .argument("<job>", "the name of a job")
    .argument("<input>", "a DICOM directory or an HDF5 file")
    .argument("<output>", "a file that ends in .h5, or the directory of a new DICOM series")
    .option("--set <key=value>", "change the configuration of the process step; preprocess.0.key and postprocess.0.key reach the others (repeatable)", (value: string, all: string[] = []) => [...all, value])
    .option("--json <file>", "write the JSON sidecar of HDF5 output")
    .option("--template <dir>", "the DICOM directory whose headers a new DICOM series takes (for HDF5 input without full metadata)")
    .addOption(new Option("--normalize <scope>", "normalise the result of the job once more, for HDF5 output (default: none)").choices(["series", "phase", "slice", "none"]));
  return addConversionOptions(addAllOption(addSeriesOptions(command)), context).action(async (job: string, input: string, output: string, options: RunJobOptions) => {
    const { set, json, template, normalize, ...shown } = options;
    const spec = context.host.jobSpec(job, input, output, {
      config: configFrom(set ?? []),
      output: { ...(json === undefined ? {} : { sidecar: json }), ...(template === undefined ? {} : { template }) },
    });
    const steps = [...spec.steps, ...normalizationSteps(normalize ?? "none")];
    await carryOut({ ...spec, steps }, shown, context);
  });
}

const QUALIFIED = /^((?:preprocess|process|postprocess)\.\d+)\.(.+)$/;

/** `key=value` settings by the place of the step that they change. Values are JSON where they parse as such, else text. */
export function configFrom(settings: readonly string[]): Record<string, Record<string, Json>> {
  const config = new Map<string, Map<string, Json>>();
  for (const setting of settings) {
    const at = setting.indexOf("=");
    if (at <= 0) throw new HilumError("USAGE", `--set takes key=value, not "${setting}".`);
    const path = setting.slice(0, at);
    const match = QUALIFIED.exec(path);
    const [place, key] = match === null ? ["process.0", path] : [match[1] as string, match[2] as string];
    if (!config.has(place)) config.set(place, new Map());
    config.get(place)?.set(key, valueFrom(setting.slice(at + 1)));
  }
  return Object.fromEntries([...config].map(([place, keys]) => [place, Object.fromEntries(keys)]));
}

function valueFrom(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
