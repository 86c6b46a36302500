import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { saveFiles, scanSeries, type ScanOptions } from "@hilum/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run, workspace } from "./outside.test-support.ts";

const hilum = join(workspace, "packages/cli/bin/hilum.cjs");
/** Whether the kernel lets this user trace a process of its own. */
const noStrace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0 ? false : "strace is not here, or may not trace";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function scanned(options: ScanOptions): { readonly input: string; readonly outputs: string } {
  const [input, outputs] = [join(folder, "in"), join(folder, "outputs")];
  mkdirSync(input);
  mkdirSync(outputs);
  saveFiles(input, scanSeries(options).files);
  return { input, outputs };
}

const sizesIn = (directory: string): readonly (readonly [string, number])[] =>
  readdirSync(directory)
    .toSorted()
    .map((name) => [name, statSync(join(directory, name)).size]);

const contentOf = (directory: string): readonly (readonly [string, string])[] =>
  readdirSync(directory)
    .toSorted()
    .map((name) => [name, readFileSync(join(directory, name)).toString("base64")]);

describe("a DICOM series whose job is killed", () => {
  test("at 50 moments is absent or complete, and nothing else is in the directory", { timeout: 180_000 }, async () => {
    const { input, outputs } = scanned({ size: [192, 192, 40], phases: 2 });
    const whole = join(outputs, "whole");
    const started = performance.now();
    expect(run("hilum", "run", "gaussian-blur", input, whole, "--quiet").status).toBe(0);
    const needed = performance.now() - started;
    const sizes = sizesIn(whole);
    expect(sizes.length).toBe(80);
    rmSync(whole, { recursive: true });
    let absent = 0;
    for (let n = 0; n < 50; n++) {
      const target = join(outputs, `${n}`);
      // A group of its own, so that every process of the job dies in the same moment and none can clear up for another.
      const child = spawn(process.execPath, [hilum, "run", "gaussian-blur", input, target, "--quiet"], { stdio: "ignore", detached: true });
      const ended = new Promise((resolve) => child.once("exit", resolve));
      await sleep(Math.random() * needed * 1.1);
      try {
        process.kill(-(child.pid as number), "SIGKILL");
      } catch (error) {
        // It had ended by itself.
        expect((error as NodeJS.ErrnoException).code).toBe("ESRCH");
      }
      await ended;
      if (existsSync(target)) expect(sizesIn(target)).toEqual(sizes);
      else absent++;
      rmSync(target, { recursive: true, force: true });
      expect(readdirSync(outputs)).toEqual([]);
    }
    // More than by chance: the job was met at work.
    expect(absent).toBeGreaterThan(10);
  });
});

/** Runs the blur job with ENOSPC given to one call of the kernel. */
const withFault = (input: string, target: string, call: string, at: string): ReturnType<typeof spawnSync> =>
  spawnSync(
    "strace",
    ["-f", "--seccomp-bpf", "-o", join(folder, "trace"), `--trace=${call}`, `--inject=${call}:error=ENOSPC:when=${at}`, process.execPath, hilum, "run", "gaussian-blur", input, target, "--quiet"],
    { encoding: "utf8" },
  );

describe.skipIf(noStrace !== false)(`a disk that is full${noStrace === false ? "" : ` (skipped: ${noStrace})`}`, () => {
  test("at each of the first 50 writes of a series, and when it is forced out: one error, and nothing is left", { timeout: 300_000 }, () => {
    // Three writes for each of 40 files: pixels and what stands before them first, the heads at the end.
    const { input, outputs } = scanned({ size: [32, 32, 40] });
    const before = contentOf(input);
    const faults = [...Array.from({ length: 50 }, (_, n) => ["pwrite64", `${n + 1}`] as const), ["pwrite64", "120"] as const, ["fsync", "1+"] as const];
    for (const [call, at] of faults) {
      const { status, stderr, stdout } = withFault(input, join(outputs, "out"), call, at);
      expect([call, at, status, String(stderr).match(/^error (\w+)/)?.[1], stdout, readdirSync(outputs)]).toEqual([call, at, 7, "STORAGE_FULL", "", []]);
      // That the fault was met at all.
      expect(readFileSync(join(folder, "trace"), "utf8")).toContain("(INJECTED)");
    }
    expect(contentOf(input)).toEqual(before);
    const { status } = withFault(input, join(outputs, "out"), "pwrite64", "121");
    expect([status, readdirSync(join(outputs, "out")).length]).toEqual([0, 40]);
  });
});

describe.skipIf(noStrace !== false)(`a disk that is full behind the page cache${noStrace === false ? "" : ` (skipped: ${noStrace})`}`, () => {
  test("when a part of a file is forced out, the first or a later one, while the next is written: one error, and nothing is left", () => {
    // 42 MB of voxels, of which 4 MiB are forced out first, and then more at a time.
    const { input, outputs } = scanned({ size: [256, 256, 160] });
    for (const at of ["1", "2", "3+"]) {
      const { status, stderr, stdout } = withFault(input, join(outputs, "out.h5"), "fdatasync", at);
      expect([at, status, String(stderr).match(/^error (\w+)/)?.[1], stdout, readdirSync(outputs)]).toEqual([at, 7, "STORAGE_FULL", "", []]);
      expect(readFileSync(join(folder, "trace"), "utf8")).toContain("(INJECTED)");
    }
  });
});

describe("an output that leads into the input is refused, and the input stays as it was", () => {
  test("by a link to the input, a link to a folder in it, a link in the output's own place, and an input given by a link", () => {
    const { input, outputs } = scanned({ size: [16, 16, 4] });
    const inner = join(input, "inner");
    mkdirSync(inner);
    const links = { alias: input, deep: inner } as const;
    for (const [name, to] of Object.entries(links)) symlinkSync(to, join(outputs, name));
    symlinkSync(join(input, "none-yet"), join(outputs, "dangling"));
    const names = (): readonly string[] => readdirSync(input, { recursive: true }).map(String).toSorted();
    const before = names();
    for (const [from, to, code] of [
      [input, join(outputs, "alias", "out"), "INVALID_JOB"],
      [input, join(outputs, "deep", "out"), "INVALID_JOB"],
      [join(outputs, "alias"), join(input, "out"), "INVALID_JOB"],
      [join(outputs, "alias"), join(outputs, "deep", "out"), "INVALID_JOB"],
      [input, join(outputs, "dangling"), "OUTPUT_EXISTS"],
    ] as const) {
      const { status, stderr } = run("hilum", "convert", from, to, "--quiet");
      expect([to, stderr.match(/^error (\w+)/)?.[1], status]).toEqual([to, code, code === "INVALID_JOB" ? 2 : 7]);
      expect(names()).toEqual(before);
    }
    expect(readdirSync(outputs).toSorted()).toEqual(["alias", "dangling", "deep"]);
  });
});
