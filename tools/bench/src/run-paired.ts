import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** A program to be measured: how to start it, and what it writes (removed before each run, outside the clock). */
export interface Contestant {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly outputs: readonly string[];
}

/** What one run took. */
export interface Run {
  readonly ms: number;
  readonly peakRssKb: number;
}

/** Runs two programs in turn (A B A B …) after one warm-up of each. @throws {Error} when one fails. */
export function runPaired(a: Contestant, b: Contestant, rounds: number, scratch: string): readonly (readonly [Run, Run])[] {
  runOnce(a, scratch);
  runOnce(b, scratch);
  return Array.from({ length: rounds }, () => [runOnce(a, scratch), runOnce(b, scratch)] as const);
}

/** Starts a program under GNU time, which tells its peak RSS, when the disk has done what it owes, and waits for its end. */
export function runOnce(contestant: Contestant, scratch: string): Run {
  for (const output of contestant.outputs) rmSync(output, { recursive: true, force: true });
  // One of the two may leave its bytes to the disk when the clock has stopped, and the other wait for its own: each begins at a disk that owes nothing.
  spawnSync("sync");
  const rssFile = join(scratch, "rss");
  const started = performance.now();
  const { status, stderr } = spawnSync("/usr/bin/time", ["-q", "-o", rssFile, "-f", "%M", contestant.command, ...contestant.args], { encoding: "utf8" });
  const ms = performance.now() - started;
  if (status !== 0) throw new Error(`${contestant.name} failed: ${stderr}`);
  return { ms, peakRssKb: Number(readFileSync(rssFile, "utf8")) };
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** A line that says how many times faster A was, run by run, and what each needed. */
export function pairedReport(a: Contestant, b: Contestant, runs: readonly (readonly [Run, Run])[]): string {
  const ratios = runs.map(([ours, theirs]) => theirs.ms / ours.ms);
  return [
    `  ${a.name} is ${median(ratios).toFixed(2)} × as fast as ${b.name} (median of ${runs.length} paired ratios, ${spread(ratios)})`,
    `  median times: ${median(runs.map(([ours]) => ours.ms)).toFixed(0)} ms against ${median(runs.map(([, theirs]) => theirs.ms)).toFixed(0)} ms`,
    `  peak RSS: ${(median(runs.map(([ours]) => ours.peakRssKb)) / 1024).toFixed(0)} MB against ${(median(runs.map(([, theirs]) => theirs.peakRssKb)) / 1024).toFixed(0)} MB`,
  ].join("\n");
}

function spread(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(2)}…${Math.max(...values).toFixed(2)}`;
}
