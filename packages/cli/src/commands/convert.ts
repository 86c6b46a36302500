import { Option, type Command } from "commander";
import { HilumError } from "@hilum/core";
import type { CommandContext } from "../command-context.ts";
import { commandWithCommonOptions } from "./common-options.ts";
import { addConversionOptions, carryOut, normalizationSteps, type ConversionOptions, type Normalization } from "./conversion.ts";
import { addAllOption, addSeriesOptions } from "./series-options.ts";

interface ConvertOptions extends ConversionOptions {
  readonly json?: string;
  readonly template?: string;
  readonly normalize?: Normalization;
}

/** `hilum convert INPUT OUTPUT`: a job with no steps but the normalisation. */
export function convertCommand(context: CommandContext): Command {
  const command = commandWithCommonOptions("convert")
    .description("Converts a series: a DICOM directory to HDF5, or HDF5 back to a new DICOM series. The kind of output follows its name.")
    .argument("<input>", "a DICOM directory or an HDF5 file")
    .argument("<output>", "a file that ends in .h5, or the directory of a new DICOM series")
    .option("--json <file>", "write the JSON sidecar: spacing, geometry, phases, normalisation")
    .option("--template <dir>", "the DICOM directory whose headers a new DICOM series takes (HDF5 input with --metadata full needs none)")
    .addOption(
      new Option("--normalize <scope>", "scale real values into [0,1] by the minimum and maximum of the series, of each phase or of each slice; none keeps real values (default for HDF5: series)").choices(["series", "phase", "slice", "none"]),
    );
  return addConversionOptions(addAllOption(addSeriesOptions(command)), context).action(async (input: string, output: string, options: ConvertOptions) => {
    const { json, template, normalize, ...shown } = options;
    const toDicom = !/\.[^/.]+$/.test(output);
    if (toDicom && normalize !== undefined && normalize !== "none")
      throw new HilumError("USAGE", "A DICOM series holds real values; --normalize is for HDF5 output.", { remedy: "Leave --normalize out." });
    const spec = {
      name: "convert",
      input: { path: input },
      steps: normalizationSteps(normalize ?? (toDicom ? "none" : "series")),
      output: { path: output, ...(json === undefined ? {} : { sidecar: json }), ...(template === undefined ? {} : { template }) },
    };
    await carryOut(spec, shown, context);
  });
}
