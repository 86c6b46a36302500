import type { Command, CommanderError } from "commander";
import { createHost, loadPlugin } from "@hilum/host";
import { HilumError, isHilumError } from "@hilum/core";
import type { CommandContext } from "./command-context.ts";
import { convertCommand } from "./commands/convert.ts";
import { dicom2hdf5Command } from "./commands/dicom2hdf5.ts";
import { hdf52dicomCommand } from "./commands/hdf52dicom.ts";
import { hilumCommand } from "./commands/hilum.ts";
import { jobsCommand } from "./commands/jobs.ts";
import { pluginsCommand } from "./commands/plugins.ts";
import { runJobCommand } from "./commands/run-job.ts";
import { defaultPlugins } from "./default-plugins.ts";
import { renderError } from "./render/render-error.ts";
import { InterruptedError, withInterrupt } from "./interrupt.ts";

/**
 * Runs one of the commands and says how it ended.
 * @param command "hilum", or the first users' "dicom2hdf5" and "hdf52dicom".
 * @returns the exit status (see the error catalogue).
 */
export async function runCommand(command: string, args: readonly string[]): Promise<number> {
  process.stdout.on("error", endOnClosedPipe);
  const debug = args.includes("--debug");
  try {
    return await withInterrupt(async (signal) => {
      const host = await createHost({ plugins: [...defaultPlugins, ...(await Promise.all(pluginsAskedFor(args).map(loadPlugin)))] });
      const program = await programFor(command, { host, args, signal });
      await program.parseAsync(args, { from: "user" });
      return 0;
    });
  } catch (error) {
    if (isCommanderError(error)) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof InterruptedError) {
      process.stderr.write("\nInterrupted; nothing was left behind.\n");
      return error.exitStatus;
    }
    process.stderr.write(renderError(error, debug));
    return isHilumError(error) ? error.exitStatus : 1;
  }
}

/** By name: the service's commands come with a copy of commander of their own, whose errors no `instanceof` knows. */
function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && error.name === "CommanderError";
}

type CommandMaker = (context: CommandContext) => Command | Promise<Command>;

/** What a conversion does not need is imported only when it is asked for: none waits for a database, a web server or tables for people. */
const SUBCOMMANDS: ReadonlyMap<string, CommandMaker> = new Map<string, CommandMaker>([
  ["convert", convertCommand],
  ["run", runJobCommand],
  ["inspect", async (context) => (await import("./commands/inspect.ts")).inspectCommand(context)],
  ["jobs", jobsCommand],
  ["plugins", pluginsCommand],
  ["serve", async (context) => (await import("./service.ts")).serveCommand(context)],
  ["submit", async (context) => (await import("./service.ts")).submitCommand(context)],
  ["status", async (context) => (await import("./service.ts")).statusCommand(context)],
  ["cancel", async (context) => (await import("./service.ts")).cancelCommand(context)],
]);

async function programFor(command: string, context: CommandContext): Promise<Command> {
  if (command === "dicom2hdf5") return dicom2hdf5Command(context);
  if (command === "hdf52dicom") return hdf52dicomCommand(context);
  // Options are made from schemas, which takes time at every start: only those of the command that is asked for.
  const asked = SUBCOMMANDS.get(context.args[0] ?? "");
  return hilumCommand(await Promise.all((asked === undefined ? [...SUBCOMMANDS.values()] : [asked]).map((make) => make(context))));
}

/** Plugins bring options and jobs of their own, so they are loaded before the other arguments can be understood. */
function pluginsAskedFor(args: readonly string[]): readonly string[] {
  return args.flatMap((arg, index) => {
    if (arg.startsWith("--plugin=")) return [arg.slice("--plugin=".length)];
    if (arg !== "--plugin") return [];
    const value = args[index + 1];
    if (value === undefined) throw new HilumError("USAGE", "--plugin needs the path or the name of a plugin.");
    return [value];
  });
}

/** `hilum … | head` closes the pipe early; that is no fault. */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}
