import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { quantile } from "./statistics.ts";

const BYTES = 1024;

/** Appends 1 KB to a file and forces it to the disk, one after the other. @returns a line that says what each needed. */
export function reportFsync(file: string, seconds: number): string {
  const block = Buffer.alloc(BYTES, 1);
  const times: number[] = [];
  const handle = openSync(file, "w");
  const started = performance.now();
  try {
    while (performance.now() - started < seconds * 1000) {
      const began = performance.now();
      writeSync(handle, block);
      fsyncSync(handle);
      times.push(performance.now() - began);
    }
  } finally {
    closeSync(handle);
  }
  return `bare fsync: ${times.length} of 1 KB in ${seconds} s (${(times.length / seconds).toFixed(0)}/s), one after the other\n  p50 ${quantile(times, 0.5).toFixed(2)} ms, p99 ${quantile(times, 0.99).toFixed(2)} ms, longest ${quantile(times, 1).toFixed(2)} ms`;
}
