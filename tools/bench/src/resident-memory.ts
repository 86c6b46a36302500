import { readFileSync } from "node:fs";
import { slope } from "./statistics.ts";

/** Resident memory of a process over some time. */
export interface MemoryTrend {
  readonly firstMb: number;
  readonly lastMb: number;
  /** By least squares. */
  readonly mbPerMinute: number;
  readonly samples: number;
}

const SAMPLE_MS = 1000;

/**
 * Looks at a process' memory every second, and at both ends, until the work is done. Linux only.
 * @throws {Error} when the process ended before the work was done.
 */
export async function withMemory<T>(pid: number, work: () => PromiseLike<T>): Promise<readonly [T, MemoryTrend]> {
  const started = performance.now();
  const samples: (readonly [number, number])[] = [];
  const look = (): void => {
    const mb = residentMb(pid);
    if (mb !== undefined) samples.push([(performance.now() - started) / 60_000, mb]);
  };
  look();
  const timer = setInterval(look, SAMPLE_MS);
  try {
    const result = await work();
    if (residentMb(pid) === undefined) throw new Error("the server ended under its load");
    look();
    return [result, { firstMb: samples[0]?.[1] ?? Number.NaN, lastMb: samples.at(-1)?.[1] ?? Number.NaN, mbPerMinute: slope(samples), samples: samples.length }];
  } finally {
    clearInterval(timer);
  }
}

/** Undefined for a process that has ended. */
function residentMb(pid: number): number | undefined {
  try {
    const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kb === undefined ? undefined : Number(kb) / 1024;
  } catch {
    return undefined;
  }
}
