import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { createServiceClient, withServiceOptions, type ServiceOptions } from "../service-client.ts";
import { commandWithCommonOptions } from "./common-options.ts";
import { configFrom } from "./run-job.ts";
import { HilumError, type Json } from "@hilum/core";

interface SubmitOptions extends ServiceOptions {
  readonly set?: readonly string[];
  readonly output?: string;
  readonly template?: string;
  readonly priority?: number;
}

/** `hilum submit JOB INPUT`: hands a job to a running service and prints its uid. */
export function submitCommand({ signal }: CommandContext): Command {
  const command = commandWithCommonOptions("submit")
    .description("Hands a job to a running `hilum serve`, and prints its uid.")
    .argument("<job>", "the name of a job")
    .argument("<input>", "a path inside a root of the service, or id:path of one")
    .option("--set <key=value>", "change the configuration of the process step; preprocess.0.key and postprocess.0.key reach the others (repeatable)", (value: string, all: string[] = []) => [...all, value])
    .option("--output <path>", "where the result appears, written as the input is (default: inside the service's own results)")
    .option("--template <dir>", "the DICOM directory whose headers a new DICOM series takes (for HDF5 input without full metadata)")
    .option("--priority <n>", "higher goes first, from -100 to 100 (default: 0)", priority);
  return withServiceOptions(command).action(async (job: string, input: string, options: SubmitOptions) => {
    const { request } = createServiceClient(options, signal);
    const [path, body] = requestFrom(job, input, options);
    const { uid } = await request<{ readonly uid: string }>("POST", path, body);
    process.stdout.write(`${uid}\n`);
  });
}

/** Paths go to the first users' route, which takes them; roots to the other. */
function requestFrom(job: string, input: string, { set = [], output, template, priority: rank }: SubmitOptions): readonly [string, object] {
  const config: Record<string, Json> = Object.fromEntries(Object.entries(configFrom(set)).flatMap(([place, keys]) => Object.entries(keys).map(([key, value]) => [`${place}.${key}`, value])));
  const more = { config, ...(rank === undefined ? {} : { priority: rank }) };
  const rooted = [input, output, template].map((one) => (one === undefined ? undefined : rootedPath(one)));
  const given = [input, output, template].filter((one) => one !== undefined);
  const [from, to, like] = rooted;
  if (from === undefined) {
    if (to !== undefined || like !== undefined) throw mixed();
    return ["/job", { job_name: job, in_dir: resolve(input), ...(output === undefined ? {} : { out_dir: resolve(output) }), ...(template === undefined ? {} : { template_dir: resolve(template) }), ...more }];
  }
  if (rooted.filter((one) => one !== undefined).length < given.length) throw mixed();
  return ["/jobs", { job, input: from, ...(to === undefined ? {} : { output: to }), ...(like === undefined ? {} : { template: like }), ...more }];
}

function rootedPath(text: string): { readonly root: string; readonly path: string } | undefined {
  const [, root, path] = /^([a-z0-9][a-z0-9-]*):(.+)$/.exec(text) ?? [];
  return root === undefined || path === undefined || existsSync(text) ? undefined : { root, path };
}

function mixed(): HilumError {
  return new HilumError("USAGE", "Some places are paths and others have the id of a root.", { remedy: "Write all of them as paths, or all of them as id:path." });
}

function priority(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || Math.abs(value) > 100) throw new InvalidArgumentError("It is a whole number from -100 to 100.");
  return value;
}
