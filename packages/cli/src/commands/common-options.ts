import { Command } from "commander";

/** A command with the options that every command has. */
export function commandWithCommonOptions(name: string): Command {
  return new Command(name)
    .helpOption("--help", "print what the command takes")
    .option("--plugin <path|name>", "load one more plugin: a module's path or an installed package (repeatable)", (value: string, all: string[] = []) => [...all, value])
    .option("--debug", "print the stack of an error")
    .exitOverride();
}
