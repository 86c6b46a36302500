import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { addCodecOptions, codecOptionsFrom } from "../codec-options.ts";
import { seriesJson, seriesTable } from "../render/series-table.ts";
import { commandWithCommonOptions } from "./common-options.ts";
import type { ConversionOptions } from "./conversion.ts";
import type { Json } from "@hilum/core";

/** `hilum inspect INPUT`: what is there and how it was assembled, without reading voxels. */
export function inspectCommand({ host, args, signal }: CommandContext): Command {
  const command = commandWithCommonOptions("inspect")
    .description("Shows every series of a directory or file: geometry, phases, and how it was assembled.")
    .argument("<input>", "a DICOM directory or an HDF5 file")
    .option("--json", "as JSON");
  return addCodecOptions(command, host.codecs.list(), ["reader"], args).action(async (input: string, given: ConversionOptions & { readonly json?: boolean }) => {
    const { json, plugin: _plugin, debug: _debug, ...codecOptions } = given;
    const defined = Object.fromEntries(Object.entries(codecOptions).filter((entry): entry is [string, Json] => entry[1] !== undefined));
    await using opened = await host.open(input, { options: codecOptionsFrom(defined, host.codecs.list()).input, signal });
    if (json === true) process.stdout.write(`${JSON.stringify(opened.series.map((series) => seriesJson(series, opened.codec.id)), undefined, 2)}\n`);
    else process.stdout.write(opened.series.map((series) => seriesTable(series, opened.codec.title)).join("\n"));
  });
}
