import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { commandWithCommonOptions } from "./common-options.ts";
import { addConversionOptions, carryOut, type ConversionOptions } from "./conversion.ts";

interface Hdf52DicomOptions extends ConversionOptions {
  readonly inputHdf5: string;
  readonly inputDicom: string;
  readonly outputDicom: string;
}

/** The first users' `hdf52dicom -h FILE -d DIR -o DIR`; `-h` is the HDF5 file, and `--help` is help. */
export function hdf52dicomCommand(context: CommandContext): Command {
  const command = commandWithCommonOptions("hdf52dicom")
    .description("Converts an HDF5 file back to a new DICOM series, with the headers of its template directory.")
    .requiredOption("-h, --input-hdf5 <file>", "the HDF5 file")
    .requiredOption("-d, --input-dicom <dir>", "the DICOM directory that the file was made from")
    .requiredOption("-o, --output-dicom <dir>", "the directory of the new series");
  return addConversionOptions(command, context).action(async (options: Hdf52DicomOptions) => {
    const { inputHdf5, inputDicom, outputDicom, ...shown } = options;
    const spec = {
      name: "hdf52dicom",
      input: { path: inputHdf5, codec: "hdf5" },
      steps: [],
      output: { path: outputDicom, codec: "dicom", template: inputDicom },
    };
    await carryOut(spec, shown, context);
  });
}
