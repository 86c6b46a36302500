import { Option, type Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { commandWithCommonOptions } from "./common-options.ts";
import { addConversionOptions, carryOut, normalizationSteps, type ConversionOptions, type Normalization } from "./conversion.ts";

interface Dicom2Hdf5Options extends ConversionOptions {
  readonly inputDicom: string;
  readonly outputHdf5: string;
  readonly outputJson?: string;
  readonly normalize: Normalization;
}

/** The first users' `dicom2hdf5 -i DIR -h FILE -j FILE`; `-h` is the HDF5 file, and `--help` is help. */
export function dicom2hdf5Command(context: CommandContext): Command {
  const command = commandWithCommonOptions("dicom2hdf5")
    .description("Converts a DICOM directory to an HDF5 file (float32, each slice normalised on its own) with a JSON sidecar.")
    .requiredOption("-i, --input-dicom <dir>", "the DICOM directory")
    .requiredOption("-h, --output-hdf5 <file>", "the HDF5 file to write")
    .option("-j, --output-json <file>", "the JSON sidecar to write")
    .addOption(new Option("--normalize <scope>", "what is scaled into [0,1] on its own").choices(["series", "phase", "slice", "none"]).default("slice"));
  return addConversionOptions(command, context).action(async (options: Dicom2Hdf5Options) => {
    const { inputDicom, outputHdf5, outputJson, normalize, ...shown } = options;
    const spec = {
      name: "dicom2hdf5",
      input: { path: inputDicom, codec: "dicom" },
      steps: normalizationSteps(normalize),
      output: { path: outputHdf5, codec: "hdf5", ...(outputJson === undefined ? {} : { sidecar: outputJson }) },
    };
    await carryOut(spec, shown, context);
  });
}
