import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ReadAnswer, ReadRequest } from "./read-mutants.ts";

/** How {@link fuzzReader} goes about it. */
export interface FuzzOptions extends Omit<ReadRequest, "from" | "to"> {
  /** A program that calls `answerReadRequests` with the reader under test. */
  readonly program: URL;
  /** The first mutant; default 0. */
  readonly from?: number;
  readonly count: number;
  /** How many processes read at a time; default 2. */
  readonly children?: number;
  /** How many mutants a process reads before the next takes its place; default 1,000. 1 measures the memory of each. */
  readonly readsPerChild?: number;
  /** Reading one mutant may take this long; default 5,000. */
  readonly deadlineMs?: number;
  /** The most memory a process may take, bytes; default 512 MiB. */
  readonly memoryLimitBytes?: number;
  readonly onRead?: (read: FuzzRead) => void;
}

/** What became of a mutant, and of the process that read it. */
export interface FuzzRead extends ReadAnswer {
  /** The outcome of {@link ReadAnswer}, or `HANG`, `CRASH` with the signal or exit status in `where`, `MEMORY`, `PRINTED`. */
  readonly outcome: string;
}

/** Outcomes that are never right, whatever a file holds. */
export const NEVER: ReadonlySet<string> = new Set(["CRASH", "HANG", "MEMORY", "PRINTED", "UNFILLED"]);

const DEADLINE_MS = 5000;
const START_DEADLINE_MS = 60_000;
const MEMORY_LIMIT_BYTES = 512 * 1024 * 1024;

/**
 * Lets child processes read damaged files, so that a crash, a hang or a lack of memory is an outcome like any other. The mutants
 * depend on seed and index alone, not on the order in which they are read.
 */
export async function fuzzReader(options: FuzzOptions): Promise<readonly FuzzRead[]> {
  const { from = 0, count, children = 2, readsPerChild = 1000 } = options;
  const reads: FuzzRead[] = [];
  let next = from;
  const takeTurns = async (): Promise<void> => {
    while (next < from + count) {
      const start = next;
      next = Math.min(next + readsPerChild, from + count);
      const end = next;
      for (let index = start; index < end; ) {
        for (const first of await readUntilFailure(options, index, end)) {
          // Where other programs had the processor for seconds, nothing hung: it is read again, alone.
          const [read = first] = first.outcome === "HANG" ? await readUntilFailure(options, first.index, first.index + 1) : [first];
          reads.push(read);
          options.onRead?.(read);
          index = read.index + 1;
        }
      }
    }
  };
  await Promise.all(Array.from({ length: children }, takeTurns));
  return reads.toSorted((a, b) => a.index - b.index);
}

/** Reads mutants in one process; at a failure the last read tells it, and the rest is left. */
async function readUntilFailure(options: FuzzOptions, from: number, to: number): Promise<readonly FuzzRead[]> {
  const { program, deadlineMs = DEADLINE_MS, memoryLimitBytes = MEMORY_LIMIT_BYTES } = options;
  const child = fork(fileURLToPath(program), [], { execArgv: ["--conditions=hilum-source"], stdio: ["ignore", "pipe", "pipe", "ipc"] });
  const reads: FuzzRead[] = [];
  let lastHeard = performance.now();
  let isPrinting = false;
  let isOver = false;
  const onOutput = (): void => {
    isPrinting = true;
  };
  child.stdout?.on("data", onOutput);
  child.stderr?.on("data", onOutput);
  const { damage, seed, seeds, keepAcceptedIn } = options;
  const failure = await new Promise<Pick<FuzzRead, "outcome" | "where"> | undefined>((resolve) => {
    let timer = setTimeout(() => resolve({ outcome: "HANG", where: "while starting" }), START_DEADLINE_MS);
    child.on("message", (message: ReadAnswer | "ready") => {
      if (isOver) return;
      clearTimeout(timer);
      lastHeard = performance.now();
      if (message === "ready") child.send({ damage, seed, from, to, seeds, ...(keepAcceptedIn === undefined ? {} : { keepAcceptedIn }) } satisfies ReadRequest);
      else {
        const isGreedy = message.peakBytes > memoryLimitBytes;
        const outcome = NEVER.has(message.outcome) ? message.outcome : isGreedy ? "MEMORY" : isPrinting ? "PRINTED" : message.outcome;
        reads.push({ ...message, outcome });
        // What a greedy or talkative process does next would be told of the wrong mutant.
        if (message.index === to - 1 || isGreedy || isPrinting) {
          isOver = true;
          resolve(undefined);
          return;
        }
      }
      timer = setTimeout(() => {
        isOver = true;
        resolve({ outcome: "HANG" });
      }, deadlineMs);
    });
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      resolve({ outcome: "CRASH", where: `exit ${signal ?? code}` });
    });
  });
  const ms = performance.now() - lastHeard;
  await ended(child);
  if (failure !== undefined) reads.push({ index: from + reads.length, damages: [], warnings: [], ms, peakBytes: 0, ...failure });
  return reads;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => {
    child.once("exit", resolve);
    child.kill("SIGKILL");
  });
}
