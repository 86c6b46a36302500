import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { ChildMessage, ChildOrder, PublishLeave } from "./child-messages.ts";
import { killGroup } from "./process-identity.ts";

const MEMORY_WATCH_MS = 250;
/** From the request to end to the kill. */
const STOP_GRACE_MS = 2000;
/** For messages that are still in the channel when the process is gone. */
const DRAIN_MS = 1000;

/** How a child is started and held. */
export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Made for the child and removed with all in it when the child has ended. */
  readonly temporaryDirectory: string;
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  readonly onMessage: (message: ChildMessage) => void;
}

/** How a child ended: by itself (crashed or not), or by which of its bounds. */
export interface ChildEnd {
  readonly cause: "exit" | "timeout" | "memory" | "stopped";
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of its own group with nothing of the service's environment. */
export interface SupervisedChild {
  /** Undefined where it could not be started. */
  readonly pid: number | undefined;
  send(message: ChildOrder | PublishLeave): void;
  /** Asks it to end, and kills it after two seconds. */
  stop(): void;
  /** Resolves when the process and its group are gone and its last message was heard; never rejects. */
  readonly ended: Promise<ChildEnd>;
}

/** Starts a child and watches its time (monotonic) and resident memory. */
export function superviseChild(options: ChildOptions): SupervisedChild {
  mkdirSync(options.temporaryDirectory, { recursive: true, mode: 0o700 });
  const child = spawn(options.command, options.args, {
    // What plugins print may hold a patient's values: it goes nowhere. Standard error is only looked at for the engine's own last words.
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { PATH: process.env.PATH, LANG: process.env.LANG, TMPDIR: options.temporaryDirectory },
    detached: true,
  });
  const { pid } = child;
  const watching = new AbortController();
  let cause: ChildEnd["cause"] = "exit";
  const kill = (why: ChildEnd["cause"], signal: NodeJS.Signals): void => {
    if (watching.signal.aborted) return;
    if (cause === "exit") cause = why;
    if (pid !== undefined) killGroup(pid, signal);
  };
  const timer = setTimeout(() => kill("timeout", "SIGKILL"), Math.min(options.timeoutMs, 2 ** 31 - 1));
  let graceTimer: NodeJS.Timeout | undefined;
  let tail = "";
  child.stderr?.on("data", (bytes: Buffer) => {
    tail = (tail + bytes.toString("latin1")).slice(-4096);
    // V8 ends a process whose heap is full by itself, below the bound of the resident memory.
    if (tail.includes("heap out of memory") && cause === "exit") cause = "memory";
  });
  child.on("message", (message) => options.onMessage(message as ChildMessage));
  const disconnected = once(child, "disconnect");
  disconnected.catch(() => {});
  const gone = new Promise<Pick<ChildEnd, "code" | "signal">>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", () => {
      if (pid === undefined) resolve({ code: null, signal: null });
    });
  });
  if (pid !== undefined) void watchMemory(pid, options.memoryBytes, watching.signal, () => kill("memory", "SIGKILL"));

  const end = async (): Promise<ChildEnd> => {
    const { code, signal } = await gone;
    watching.abort();
    clearTimeout(timer);
    clearTimeout(graceTimer);
    if (pid !== undefined) {
      killGroup(pid, "SIGKILL");
      if (child.connected) await Promise.race([disconnected.catch(() => {}), delay(DRAIN_MS, undefined, { ref: false })]);
    }
    rmSync(options.temporaryDirectory, { recursive: true, force: true });
    return { cause, code, signal };
  };
  return {
    pid,
    send(message) {
      // A child that has just ended is told nothing; its end says the rest.
      if (child.connected) child.send(message, () => {});
    },
    stop() {
      if (graceTimer !== undefined) return;
      kill("stopped", "SIGTERM");
      graceTimer = setTimeout(() => kill("stopped", "SIGKILL"), STOP_GRACE_MS);
    },
    ended: end(),
  };
}

/** Where the system has no /proc, nothing is watched. */
async function watchMemory(pid: number, memoryBytes: number, signal: AbortSignal, exceeded: () => void): Promise<void> {
  for (;;) {
    await delay(MEMORY_WATCH_MS, undefined, { ref: false });
    if (signal.aborted) return;
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => undefined);
    if (status === undefined) return;
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    if (resident !== undefined && Number(resident) * 1024 > memoryBytes) return exceeded();
  }
}
