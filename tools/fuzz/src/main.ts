import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { temporaryDirectory } from "@hilum/testing";
import { dcmdumpRejects, fuzzReader, mutantOf, type FuzzOptions } from "@hilum/testing/mutate";
import { FuzzSummary } from "./fuzz-summary.ts";
import { sharedSeeds } from "./shared-seeds.ts";

const USAGE = `usage: npm run fuzz -- [--count N] [--seed N] [--cuts]     damages N files of ../shared/data and reads them
       npm run fuzz -- --replay SEED:INDEX [--cuts]          does it again with one of them
`;
/** How many are read before dcmdump is asked and their files are removed. */
const BATCH = 2000;

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "5000" },
    seed: { type: "string", default: "1" },
    replay: { type: "string" },
    cuts: { type: "boolean", default: false },
  },
});
const [seed, only] = (values.replay ?? values.seed).split(":").map(Number) as [number, number?];
const count = Number(values.count);
if (!Number.isSafeInteger(seed) || !(count > 0) || (values.replay !== undefined && !Number.isSafeInteger(only))) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const run = {
    program: new URL("read-dicom-mutants.ts", import.meta.url),
    damage: values.cuts ? "truncate" : "mutate",
    seed,
    seeds: sharedSeeds(),
  } as const;
  if (only === undefined) await fuzz(run, count);
  else await replay(run, only);
}

async function fuzz(run: Omit<FuzzOptions, "count">, whole: number): Promise<void> {
  const summary = new FuzzSummary();
  const started = performance.now();
  for (let from = 0; from < whole; from += BATCH) {
    using kept = temporaryDirectory();
    const onRead: FuzzOptions["onRead"] = (read) => {
      const failure = summary.add(read, run.seed);
      if (failure !== undefined) process.stdout.write(`${failure}\n`);
    };
    await fuzzReader({ ...run, from, count: Math.min(BATCH, whole - from), keepAcceptedIn: kept.path, onRead });
    summary.addRejections(dcmdumpRejects(readdirSync(kept.path).map((name) => `${kept.path}/${name}`)));
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(`${Math.min(from + BATCH, whole)} of ${whole} in ${seconds.toFixed(0)} s, ${summary.failures} failures\n`);
  }
  process.stdout.write(`seed ${run.seed}, ${run.seeds.length} seeds of ../shared/data\n${summary.lines().join("\n")}\n`);
  if (summary.failures > 0) process.exitCode = 1;
}

async function replay(run: Omit<FuzzOptions, "count">, index: number): Promise<void> {
  using kept = temporaryDirectory();
  const { path, damages } = mutantOf(run, index);
  const [read] = await fuzzReader({ ...run, from: index, count: 1, keepAcceptedIn: kept.path });
  const rejections = dcmdumpRejects(readdirSync(kept.path).map((name) => `${kept.path}/${name}`));
  const from = path.slice(path.indexOf("/data/") + 6);
  process.stdout.write(`${from}: ${damages.join(", ")}: ${read?.outcome} ${read?.where ?? ""}\n`);
  for (const { errors } of rejections) process.stdout.write(`dcmdump: ${errors.join("; ")}\n`);
}
