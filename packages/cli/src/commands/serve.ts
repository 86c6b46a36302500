import { mkdirSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError, type Command } from "commander";
import { HilumError } from "@hilum/core";
import type { CommandContext } from "../command-context.ts";
import { DEFAULT_PORT } from "../service-client.ts";
import { commandWithCommonOptions } from "./common-options.ts";

interface ServeOptions {
  readonly data: string;
  readonly root?: readonly string[];
  readonly port: number;
  readonly host: string;
  readonly concurrency: number;
  readonly maxQueued?: number;
  readonly jobMemory?: number;
  readonly rateLimit?: number;
  readonly allowHost?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly behindProxy?: boolean;
  readonly plugin?: readonly string[];
  readonly debug?: boolean;
}

/** `hilum serve`: the web backend, until it is told to stop. */
export function serveCommand(context: CommandContext): Command {
  const dataHome = process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local/share");
  return commandWithCommonOptions("serve")
    .description("Serves jobs over HTTP: accepts them, keeps them on the disk, and runs each in a process of its own. GET /docs shows the routes.")
    .option("--data <dir>", "everything that the service keeps: requests, results, logs, the token's digest; made if absent", join(dataHome, "hilum"))
    .option("--root <id=path>", "a folder that requests may name, under a short id (repeatable); without one no job can be asked for", collect)
    .option("--port <n>", "0 takes any that is free", wholeNumber(0, 65_535), DEFAULT_PORT)
    .option("--host <address>", "the address to listen on; one that other machines reach needs TLS", "127.0.0.1")
    .option("--concurrency <n>", "jobs that run at one time", wholeNumber(1, 64), 1)
    .option("--max-queued <n>", "jobs that may wait; more are answered with 429 (default: 10000)", wholeNumber(1, 1_000_000_000))
    .option("--job-memory <MiB>", "most resident memory of one job's process (default: 4096)", wholeNumber(64, 1 << 24))
    .option("--rate-limit <n>", "requests that one address may send in a minute (default: 1200)", wholeNumber(1, 1_000_000_000))
    .option("--allow-host <name>", "a name under which the service is reached, besides localhost and its address (repeatable)", collect)
    .option("--tls-cert <file>", "certificate chain (PEM)")
    .option("--tls-key <file>", "its key (PEM)")
    .option("--behind-proxy", "a proxy before the service does TLS")
    .action(async (options: ServeOptions) => serve(options, context));
}

async function serve(options: ServeOptions, { host, signal }: CommandContext): Promise<void> {
  const [{ openJobService }, { checkBinding, openAccessToken, openAuditLog, startServer }] = await Promise.all([import("@hilum/jobs"), import("@hilum/server")]);
  const tls = tlsFrom(options);
  const roots = rootsFrom(options.root ?? []);
  // Before anything is made: a service that may not start leaves nothing.
  checkBinding(options.host, { tls: tls !== undefined, behindProxy: options.behindProxy ?? false });
  const dataDirectory = prepareData(options.data);
  await using jobs = await openJobService({
    dataDirectory,
    child: childProgram(options.plugin ?? []),
    concurrency: options.concurrency,
    ...(options.maxQueued === undefined ? {} : { maxQueued: options.maxQueued }),
    ...(options.jobMemory === undefined ? {} : { memoryBytes: options.jobMemory * 2 ** 20 }),
  });
  const { accessToken, created } = openAccessToken(dataDirectory);
  // Said before anything else can fail: it is never said again.
  if (created !== undefined) process.stdout.write(`token: ${created}\n  Keep it: it is not shown again. Every request needs it, as \`Authorization: Bearer …\`, and hilum submit as HILUM_TOKEN.\n`);
  using auditLog = openAuditLog(join(dataDirectory, "audit.log"));
  await using server = await startServer(
    {
      jobs,
      host,
      roots,
      dataDirectory,
      accessToken,
      auditLog,
      allowedHosts: options.allowHost ?? [],
      behindProxy: options.behindProxy ?? false,
      ...(options.rateLimit === undefined ? {} : { limits: { requestsPerMinute: options.rateLimit } }),
      ...(tls === undefined ? {} : { tls }),
      ...(options.debug === true ? { onDefect: (error: unknown) => void process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`) } : {}),
    },
    { address: options.host, port: options.port },
  );
  process.stdout.write(`listening: ${server.url}\n`);
  if (options.root === undefined) process.stderr.write("No --root was given: no job can be asked for. Start with --root id=path.\n");
  jobs.ready.then(() => process.stdout.write("ready: jobs run\n"), () => {});
  await new Promise((stop) => {
    if (signal.aborted) stop(undefined);
    signal.addEventListener("abort", stop, { once: true });
  });
  process.stdout.write("stopping: a running job is taken up again at the next start\n");
}

/** A real path, since results are opened by paths that no link is part of. */
function prepareData(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return realpathSync(directory);
  } catch (cause) {
    throw new HilumError("OUTPUT_NOT_WRITABLE", "The data directory cannot be made.", { cause, remedy: "Choose another with --data." });
  }
}

function rootsFrom(settings: readonly string[]): ReadonlyMap<string, string> {
  const roots = new Map<string, string>();
  for (const setting of settings) {
    const at = setting.indexOf("=");
    if (at <= 0 || at === setting.length - 1) throw new HilumError("USAGE", "--root takes id=path.", { remedy: "For example --root images=/srv/images." });
    const id = setting.slice(0, at);
    if (roots.has(id)) throw new HilumError("USAGE", `There are two roots "${id}".`, { remedy: "Give each an id of its own." });
    roots.set(id, resolve(setting.slice(at + 1)));
  }
  return roots;
}

function tlsFrom({ tlsCert, tlsKey }: ServeOptions): { readonly certificate: string; readonly key: string } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) throw new HilumError("USAGE", "TLS needs both --tls-cert and --tls-key.");
  try {
    return { certificate: readFileSync(tlsCert, "utf8"), key: readFileSync(tlsKey, "utf8") };
  } catch (cause) {
    throw new HilumError("SOURCE_NOT_FOUND", "The certificate or its key cannot be read.", { cause });
  }
}

/** The program of one job, beside this one: as a source where this is a source, else in the bundle's folder. */
function childProgram(plugins: readonly string[]): { readonly command: string; readonly args: readonly string[] } {
  const here = fileURLToPath(import.meta.url);
  const program = here.endsWith(".ts") ? ["--conditions=hilum-source", fileURLToPath(new URL("../job-child.ts", import.meta.url))] : [join(here.slice(0, here.lastIndexOf("/dist/")), "dist/job-child.js")];
  return { command: process.execPath, args: [...program, ...plugins] };
}

function collect(value: string, all: readonly string[] = []): readonly string[] {
  return [...all, value];
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
    return value;
  };
}
