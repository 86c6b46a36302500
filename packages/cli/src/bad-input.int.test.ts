import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { saveFiles, scanSeries, type ScanOptions } from "@hilum/testing";
import { breast, noShared, run, shared, workspace } from "./outside.test-support.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A synthetic series in a directory of its own, and where its output would go. */
function scanned(options: ScanOptions = {}): { readonly input: string; readonly outputs: string; readonly h5: string } {
  const input = join(folder, "in");
  const outputs = join(folder, "outputs");
  mkdirSync(input);
  mkdirSync(outputs);
  saveFiles(input, scanSeries(options).files);
  return { input, outputs, h5: join(outputs, "out.h5") };
}

/** Expects an error with its code, a remedy, no stack, nothing on stdout, the exit status, and nothing left behind. */
function expectRefusal({ status, stdout, stderr }: ReturnType<typeof run>, code: string, exit: number, outputs: string, left: readonly string[] = []): void {
  expect(stderr).toMatch(new RegExp(`^error ${code}: .+\\n  .+\\n$`, "m"));
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stderr).not.toContain("ZZCANARY");
  expect(stdout).toBe("");
  expect(status).toBe(exit);
  expect(readdirSync(outputs)).toEqual(left);
}

describe("bad input gets one clear error, the right exit status, and leaves nothing", () => {
  test("no such directory", () => expectRefusal(run("hilum", "convert", join(folder, "none"), join(folder, "out.h5")), "SOURCE_NOT_FOUND", 3, folder));

  test("a directory without DICOM", () => {
    const { input, outputs, h5 } = scanned();
    rmSync(input, { recursive: true });
    mkdirSync(input);
    writeFileSync(join(input, "notes.txt"), "no image");
    expectRefusal(run("hilum", "convert", input, h5), "UNRECOGNIZED_FORMAT", 4, outputs);
  });

  test("a truncated file among the others", () => {
    const { input, outputs, h5 } = scanned({ faults: [{ kind: "truncated-file", slice: 2 }] });
    expectRefusal(run("hilum", "convert", input, h5), "TRUNCATED_PIXEL_DATA", 5, outputs);
  });

  test("a slice of another patient", () => {
    const { input, outputs, h5 } = scanned({ faults: [{ kind: "foreign-patient", slice: 2 }] });
    expectRefusal(run("hilum", "convert", input, h5), "MIXED_SERIES", 5, outputs);
  });

  test("a missing slice, a doubled slice", () => {
    const { input, outputs, h5 } = scanned({ phases: 3, faults: [{ kind: "missing-slice", phase: 1, slice: 2 }] });
    expectRefusal(run("hilum", "convert", input, h5), "IRREGULAR_GEOMETRY", 5, outputs);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    const doubled = scanned({ faults: [{ kind: "duplicate-slice", slice: 2 }] });
    expectRefusal(run("hilum", "convert", doubled.input, doubled.h5), "IRREGULAR_GEOMETRY", 5, doubled.outputs);
  });

  test("an existing output stays as it was", () => {
    const { input, outputs, h5 } = scanned();
    writeFileSync(h5, "mine");
    expectRefusal(run("hilum", "convert", input, h5), "OUTPUT_EXISTS", 7, outputs, ["out.h5"]);
    expect(readFileSync(h5, "utf8")).toBe("mine");
  });

  test("an output inside the input, also by way of a link", () => {
    const { input, outputs } = scanned();
    symlinkSync(input, join(outputs, "alias"));
    const before = readdirSync(input);
    expectRefusal(run("hilum", "convert", input, join(outputs, "alias", "out.h5")), "INVALID_JOB", 2, outputs, ["alias"]);
    expect(readdirSync(input)).toEqual(before);
  });

  test("an unknown job names the nearest", () => {
    const { input, outputs, h5 } = scanned();
    const result = run("hilum", "run", "gausian-blur", input, h5);
    expectRefusal(result, "UNKNOWN_JOB", 3, outputs);
    expect(result.stderr).toContain('"gaussian-blur"');
  });

  test.each([["--set", "sigma=-1"], ["--set", "sgima=1"], ["--set", "sigma"], ["--set", "postprocess.9.x=1"]])("%s %s", (flag, setting) => {
    const { input, outputs, h5 } = scanned();
    const result = run("hilum", "run", "gaussian-blur", input, h5, flag, setting);
    expectRefusal(result, setting === "sigma" ? "USAGE" : "INVALID_CONFIG", 2, outputs);
    if (setting === "sgima=1") expect(result.stderr).toContain('"sigma"');
  });

  test("missing arguments and unknown options are wrong requests", () => {
    for (const args of [["convert"], ["run", "gaussian-blur"], ["convert", "a", "b.h5", "--nonsense"], ["frobnicate"]]) {
      const { status, stderr } = run("hilum", ...args);
      expect([status, /^error: /m.test(stderr)]).toEqual([2, true]);
    }
    expect(run("dicom2hdf5", "-i", folder).status).toBe(2);
  });

  test("plugins that throw, are none, or are not there", () => {
    const { input, outputs, h5 } = scanned();
    const throwing = join(folder, "throwing.mjs");
    writeFileSync(throwing, 'throw new Error("no");');
    expectRefusal(run("hilum", "convert", input, h5, "--plugin", throwing), "PLUGIN_LOAD_FAILED", 6, outputs);
    writeFileSync(throwing, "export default 1;");
    expectRefusal(run("hilum", "convert", input, h5, "--plugin", throwing), "PLUGIN_LOAD_FAILED", 6, outputs);
    expectRefusal(run("hilum", "convert", input, h5, "--plugin", join(folder, "none.mjs")), "UNKNOWN_PLUGIN", 3, outputs);
  });

  test("HDF5 to DICOM without its template, with another template", () => {
    const { input, outputs, h5 } = scanned();
    expect(run("hilum", "convert", input, h5, "--quiet").status).toBe(0);
    expectRefusal(run("hilum", "convert", h5, join(outputs, "dicom")), "INVALID_JOB", 2, outputs, ["out.h5"]);
    const other = join(folder, "other");
    mkdirSync(other);
    saveFiles(other, scanSeries({ seed: 1 }).files);
    expectRefusal(run("hilum", "convert", h5, join(outputs, "dicom"), "--template", other), "TEMPLATE_MISMATCH", 5, outputs, ["out.h5"]);
  });

  test("an HDF5 file that is cut, and one that is not ours", () => {
    const { input, outputs, h5 } = scanned();
    expect(run("hilum", "convert", input, h5, "--quiet").status).toBe(0);
    truncateSync(h5, 5000);
    expectRefusal(run("hilum", "convert", h5, join(outputs, "dicom"), "--template", input), "MALFORMED_FILE", 5, outputs, ["out.h5"]);
  });
});

const canMount = process.getuid?.() === 0 && spawnSync("which", ["mount"]).status === 0;

describe.skipIf(!canMount)(`a full disk${canMount ? "" : " (skipped: only root can mount a small file system)"}`, () => {
  test.each(["out.h5", "out"])("ends with 7 and leaves nothing (%s)", (name) => {
    const { input } = scanned({ size: [128, 128, 30] });
    const small = join(folder, "small");
    mkdirSync(small);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=600k", "tmpfs", small]).status !== 0) return expect.unreachable("mount failed");
    try {
      expectRefusal(run("hilum", "convert", input, join(small, name)), "STORAGE_FULL", 7, small);
    } finally {
      spawnSync("umount", [small]);
    }
  });
});

describe("a process that ends too soon", () => {
  const start = (...args: readonly string[]) => {
    const child = spawn(process.execPath, [join(workspace, "packages/cli/bin/hilum.cjs"), ...args], { stdio: "ignore" });
    // Listened for from the start, since a child may end before anybody asks.
    return { child, ended: new Promise<number | null>((resolve) => child.on("exit", resolve)) };
  };

  test("killed at 50 moments, its output is absent or complete, and nothing else is in the directory", async () => {
    const { input, outputs } = scanned({ size: [128, 128, 40], phases: 2 });
    const whole = join(outputs, "whole.h5");
    const started = performance.now();
    expect(run("hilum", "convert", input, whole, "--quiet").status).toBe(0);
    const needed = performance.now() - started;
    const size = readFileSync(whole).length;
    rmSync(whole);
    let absent = 0;
    for (let n = 0; n < 50; n++) {
      const target = join(outputs, `${n}.h5`);
      const { child, ended } = start("convert", input, target, "--quiet");
      await sleep((needed * (n + 1)) / 50);
      child.kill("SIGKILL");
      await ended;
      if (existsSync(target)) expect(readFileSync(target).length).toBe(size);
      else absent++;
      rmSync(target, { force: true });
      expect(readdirSync(outputs)).toEqual([]);
    }
    expect(absent).toBeGreaterThan(10);
  });

  test("interrupted, it says so, ends with 130 and leaves nothing", async () => {
    const { input, outputs } = scanned({ size: [256, 256, 40] });
    for (const delay of [0, 50, 150, 400]) {
      // Wide enough to take seconds, so that it is always met at work; its first event says that it has begun.
      const child = spawn(process.execPath, [join(workspace, "packages/cli/bin/hilum.cjs"), "run", "gaussian-blur", input, join(outputs, "out.h5"), "--set", "sigma=60", "--events", "json"]);
      const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
      let said = "";
      child.stderr.on("data", (text) => (said += String(text)));
      await new Promise((resolve) => child.stdout.once("data", resolve));
      await sleep(delay);
      child.kill("SIGINT");
      expect(await ended).toBe(130);
      expect(said).toContain("Interrupted; nothing was left behind.");
      expect(readdirSync(outputs)).toEqual([]);
    }
  });
});

describe.skipIf(noShared !== false)(`the real series, damaged${noShared === false ? "" : ` (skipped: ${noShared})`}`, () => {
  test("a truncated file among the 180, a missing slice, a slice of another patient", () => {
    const input = join(folder, "in");
    const outputs = join(folder, "outputs");
    mkdirSync(outputs);
    const damaged = (damage: () => void): ReturnType<typeof run> => {
      rmSync(input, { recursive: true, force: true });
      cpSync(breast, input, { recursive: true });
      spawnSync("chmod", ["-R", "u+w", input]);
      damage();
      return run("hilum", "convert", input, join(outputs, "out.h5"));
    };
    expectRefusal(damaged(() => truncateSync(join(input, "IM-0001-0090.dcm"), 100_000)), "TRUNCATED_PIXEL_DATA", 5, outputs);
    expectRefusal(damaged(() => rmSync(join(input, "IM-0001-0090.dcm"))), "IRREGULAR_GEOMETRY", 5, outputs);
    const bytes = readFileSync(join(breast, "IM-0001-0090.dcm"));
    // Patient ID (0010,0020), VR LO: another digit in its value makes another patient.
    const at = bytes.indexOf(Buffer.from([0x10, 0x00, 0x20, 0x00, 0x4c, 0x4f])) + 8;
    bytes[at] = bytes[at] === 0x58 ? 0x59 : 0x58;
    expectRefusal(damaged(() => writeFileSync(join(input, "IM-0001-0090.dcm"), bytes)), "MIXED_SERIES", 5, outputs);
    expect(existsSync(shared)).toBe(true);
  });
});
