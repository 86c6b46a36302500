import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { isHilumError, Tokens, type HilumPlugin, type Json, type Logger } from "@hilum/core";
import { bindValue, createHost, type Host } from "@hilum/host";
import { announcingPlugin } from "./announce-publishing.ts";
import type { ChildMessage, ChildOrder, JobFailure, PublishLeave } from "./child-messages.ts";
import { pinPaths } from "./pin-paths.ts";

/** Ends the process when its parent is gone, also while the main thread computes without end. Plain text, since it has to run from sources and from a bundle. */
const PARENT_WATCH = `
const { workerData: parent } = require("node:worker_threads");
setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 500);
`;

/** Stack frames that a log gets of an unexpected error; its message may hold a patient's values and stays out. */
const LOGGED_FRAMES = 8;

/**
 * The whole of the program that runs one job for a {@link JobService}: takes the order over the IPC channel, composes a host
 * from the plugins, runs or plans the job, tells what happens and ends the process. Ends at once when the service is gone.
 * A job fails with FORBIDDEN_PATH where its paths are no longer real ones when it is about to open them; after that they are what they were.
 * @throws {TypeError} when the process has no IPC channel.
 */
export async function runJobChild({ plugins }: { readonly plugins: readonly HilumPlugin[] }): Promise<void> {
  if (process.send === undefined) throw new TypeError("a job's child is started by a job service");
  process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
  // The parent of now: when the thread is up, the service may be gone already, and somebody else be the parent.
  const watch = new Worker(PARENT_WATCH, { eval: true, workerData: process.ppid });
  watch.unref();
  const ordered = once(process, "message") as Promise<[ChildOrder]>;
  // A job that computes without end would not let it start.
  await once(watch, "online");
  await send({ type: "hello" }, String);
  const [order] = await ordered;
  const cancelled = new AbortController();
  process.once("SIGTERM", () => cancelled.abort(new DOMException("The job was cancelled.", "AbortError")));
  // The paths that the job is run with end with the same names.
  const concealed = [concealing(order.request)];
  const conceal = (text: string): string => concealed.reduce((done, next) => next(done), text);
  const tell = (message: ChildMessage): Promise<void> => send(message, conceal);
  const note = (level: string) => (message: string) => void tell({ type: "log", line: `${level} ${message}` });
  const logger: Logger = { debug() {}, info: note("info"), warn: note("warn") };
  try {
    const announce = async (files: Extract<ChildMessage, { type: "publishing" }>["files"]): Promise<void> => {
      const leave = once(process, "message", { signal: cancelled.signal }) as Promise<[PublishLeave]>;
      await tell({ type: "publishing", files });
      await leave;
    };
    const host = await createHost({
      plugins: order.type === "run" ? plugins.map((plugin) => announcingPlugin(plugin, announce)) : plugins,
      bind: [bindValue(Tokens.Logger, logger)],
    });
    const request = pinPaths(order.request);
    concealed.push(concealing(request));
    await tell(await carryOut(host, { ...order, request }, cancelled.signal, tell));
  } catch (error) {
    if (!cancelled.signal.aborted) await tell({ type: "failed", failure: failureOf(error), frames: framesOf(error) });
  }
  process.exit();
}

async function carryOut(host: Host, { type, request }: ChildOrder, signal: AbortSignal, tell: (message: ChildMessage) => Promise<void>): Promise<ChildMessage> {
  const { job, inputPath, outputPath, config, templatePath } = request;
  const spec = host.jobSpec(job, inputPath, outputPath, {
    ...(config === undefined ? {} : { config }),
    ...(templatePath === undefined ? {} : { output: { template: templatePath } }),
  });
  if (type === "plan") return { type: "planned", plan: (await host.plan(spec, { signal })) as unknown as Json };
  const report = await host.run(spec, {
    signal,
    onEvent(event) {
      if (event.type === "started" || event.type === "progress" || event.type === "warning") void tell({ type: "event", event });
    },
  });
  return { type: "succeeded", report };
}

/** Resolves when the message is on its way, so that the process may end after it. */
function send(message: ChildMessage, conceal: (text: string) => string): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(JSON.parse(conceal(JSON.stringify(message))) as ChildMessage, undefined, undefined, () => resolve());
  });
}

/** Takes the paths of a request out of a JSON text, whoever put them in: they may hold a patient's name. */
export function concealing({ inputPath, outputPath, templatePath }: ChildOrder["request"]): (text: string) => string {
  const names = [
    [outputPath, "<output>"],
    [templatePath, "<template>"],
    [inputPath, "<input>"],
  ] as const;
  // A path as short as "/in" would be found in places where it is none.
  const known = names.flatMap(([path, name]) => (path === undefined || path.length < 4 ? [] : [[JSON.stringify(path).slice(1, -1), name] as const]));
  known.sort(([a], [b]) => b.length - a.length);
  return (text) => known.reduce((concealed, [path, name]) => concealed.replaceAll(path, name), text);
}

function failureOf(error: unknown): JobFailure {
  if (isHilumError(error)) return { code: error.code, message: error.message, remedy: error.remedy };
  return { code: "INTERNAL", message: "Something failed that should not be able to." };
}

/** Where an error came from: the frames of its innermost cause, without any message. */
function framesOf(error: unknown): readonly string[] {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  if (!(innermost instanceof Error) || innermost.stack === undefined) return [];
  const text = innermost.stack;
  const start = text.indexOf(innermost.message) + innermost.message.length;
  return [innermost.constructor.name, ...text.slice(start).split("\n").filter((line) => /^\s+at /.test(line)).slice(0, LOGGED_FRAMES)];
}
