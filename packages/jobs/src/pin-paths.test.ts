import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { isHilumError } from "@hilum/core";
import { createHost, type Host } from "@hilum/host";
import { temporaryDirectory } from "@hilum/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ChildOrder } from "./child-messages.ts";
import { pinPaths } from "./pin-paths.ts";
import { constantInput, constantOutput, testPlugin } from "./test-plugin.test-support.ts";

const TRIES = 300;
/** Tries that have to succeed, and that have to be refused: neither would prove anything alone. */
const OF_EACH = 20;
const [OURS, SECRET] = [1, 2];

let directory: ReturnType<typeof temporaryDirectory>;
let folder: string;
let host: Host;
beforeEach(async () => {
  directory = temporaryDirectory();
  folder = realpathSync(directory.path);
  host = await createHost({ plugins: [testPlugin] });
  for (const [name, constant] of [["place", OURS], ["elsewhere", SECRET]] as const) {
    mkdirSync(join(folder, name, "series"), { recursive: true });
    writeFileSync(join(folder, name, "series", "1.constant"), constantInput(constant));
  }
});
afterEach(async () => {
  await host[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

const request = (change: Partial<ChildOrder["request"]> = {}): ChildOrder["request"] => ({ job: "copy", inputPath: join(folder, "place/series/1.constant"), outputPath: join(folder, "place/out.raw"), ...change });
const run = ({ job, inputPath, outputPath }: ChildOrder["request"]) => host.run(host.jobSpec(job, inputPath, outputPath), { digests: false });
const refused = (code: string) => expect.objectContaining({ code, message: expect.not.stringContaining(folder) as string }) as Error;

test("refuses a path that a link is part of", () => {
  symlinkSync("place", join(folder, "link"));
  symlinkSync("1.constant", join(folder, "place/series/2.constant"));
  for (const change of [
    { inputPath: join(folder, "link") },
    { inputPath: join(folder, "link/series") },
    { inputPath: join(folder, "link/series/1.constant") },
    { inputPath: join(folder, "place/series/2.constant") },
    { outputPath: join(folder, "link/out.raw") },
    { templatePath: join(folder, "link") },
  ])
    expect(() => pinPaths(request(change))).toThrow(refused("FORBIDDEN_PATH"));
});

test("says of what is missing that it is, without its path", () => {
  expect(() => pinPaths(request({ inputPath: join(folder, "place/none") }))).toThrow(refused("SOURCE_NOT_FOUND"));
  expect(() => pinPaths(request({ inputPath: join(folder, "none/series") }))).toThrow(refused("SOURCE_NOT_FOUND"));
  expect(() => pinPaths(request({ outputPath: join(folder, "none/out.raw") }))).toThrow(refused("OUTPUT_NOT_WRITABLE"));
});

describe.skipIf(!existsSync("/proc/self/fd"))("a link that takes the place of a folder after the paths were looked at (where there is a /proc)", () => {
  /** Puts a link to the other folder where `name` was. */
  const swap = (): void => {
    renameSync(join(folder, "place"), join(folder, "away"));
    symlinkSync("elsewhere", join(folder, "place"));
  };

  test("leads neither the input nor the output elsewhere", async () => {
    const pinned = pinPaths(request());
    swap();
    await run(pinned);
    expect(readFileSync(join(folder, "away/out.raw")).equals(constantOutput(OURS))).toBe(true);
    expect(readdirSync(join(folder, "elsewhere"))).toEqual(["series"]);
  });

  test("does not hide that an output would lie in the input", async () => {
    await expect(run(pinPaths(request({ inputPath: join(folder, "place/series"), outputPath: join(folder, "place/series/out.raw") })))).rejects.toMatchObject({ code: "INVALID_JOB" });
  });

  test("leads neither elsewhere where the input and the template are directories", () => {
    const pinned = pinPaths(request({ inputPath: join(folder, "place/series"), templatePath: join(folder, "place/series") }));
    swap();
    for (const path of [pinned.inputPath, pinned.templatePath ?? ""]) expect(readFileSync(join(path, "1.constant"), "utf8")).toBe(constantInput(OURS));
  });

  test(`never leads anything elsewhere in ${TRIES} tries or more while another thread swaps without end`, { timeout: 120_000 }, async () => {
    // Once in a while the thread lets the folder be, so that some tries succeed.
    const swapping = `
      const { renameSync } = require("node:fs");
      const { workerData: { folder, stop } } = require("node:worker_threads");
      const flag = new Int32Array(stop);
      const at = (name) => folder + "/" + name;
      while (Atomics.load(flag, 0) === 0) {
        renameSync(at("place"), at("away")); renameSync(at("link"), at("place"));
        renameSync(at("place"), at("link")); renameSync(at("away"), at("place"));
        Atomics.wait(flag, 0, 0, Math.random() < 0.5 ? 0 : 2);
      }`;
    symlinkSync("elsewhere", join(folder, "link"));
    const stop = new SharedArrayBuffer(4);
    const thread = new Worker(swapping, { eval: true, workerData: { folder, stop } });
    const ended = { succeeded: 0, refused: 0 };
    const outputs: string[] = [];
    for (let at = 0; at < TRIES || Math.min(ended.succeeded, ended.refused) < OF_EACH; at++) {
      try {
        await run(pinPaths(request({ outputPath: join(folder, `place/${at}.raw`) })));
        outputs.push(`${at}.raw`);
        ended.succeeded++;
      } catch (error) {
        if (!isHilumError(error)) throw error;
        ended.refused++;
      }
    }
    Atomics.store(new Int32Array(stop), 0, 1);
    Atomics.notify(new Int32Array(stop), 0);
    await new Promise((resolve) => thread.once("exit", resolve));
    expect(readdirSync(join(folder, "elsewhere"))).toEqual(["series"]);
    for (const name of outputs) expect(readFileSync(join(folder, "place", name)).equals(constantOutput(OURS)), name).toBe(true);
    expect(readdirSync(join(folder, "place")).toSorted()).toEqual(["series", ...outputs].toSorted());
    process.stdout.write(`tries beside swapping: ${ended.succeeded} succeeded, ${ended.refused} were refused, 0 led elsewhere\n`);
  });
});
