import { Command } from "commander";
import { hilumVersion } from "../version.ts";

/** `hilum`: the program that the other commands belong to. */
export function hilumCommand(commands: readonly Command[]): Command {
  const program = new Command("hilum")
    .description("Plugin host for medical image series: converts DICOM and HDF5, and runs jobs on them.")
    .version(hilumVersion(), "--version", "print the version")
    .helpOption("--help", "print what a command takes")
    .helpCommand(false)
    .exitOverride()
    .addHelpText("after", "\nExit status: 0 done, 2 wrong request, 3 not found, 4 unsupported, 5 bad data, 6 plugin, 7 storage or memory,\n8 output failed its checks, 10 some of several series failed, 130 interrupted or cancelled. Every error says what to do.");
  for (const command of commands) program.addCommand(command.copyInheritedSettings(program));
  return program;
}
