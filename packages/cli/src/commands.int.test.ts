import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CANARY, saveFiles, scanSeries } from "@hilum/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "./outside.test-support.ts";

let folder: string;
let input: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
  input = join(folder, "in");
  mkdirSync(input);
  saveFiles(input, scanSeries({ phases: 3, phaseStyle: "breast-like", shuffled: true }).files);
});
afterAll(() => rmSync(folder, { recursive: true }));

const json = (text: string): unknown => JSON.parse(text);

test("--help is help for every command, also where -h is a file, and --version is the package's version", () => {
  for (const [command, ...args] of [["hilum"], ["hilum", "convert"], ["hilum", "run"], ["hilum", "inspect"], ["hilum", "jobs"], ["hilum", "plugins"], ["dicom2hdf5"], ["hdf52dicom"]] as const) {
    const { status, stdout } = run(command, ...args, "--help");
    expect([status, stdout.startsWith("Usage: ")]).toEqual([0, true]);
  }
  const { version } = json(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  expect(run("hilum", "--version").stdout).toBe(`${version}\n`);
});

test("inspect tells a person and a program the same, and which keys did not split the phases", () => {
  const inspected = json(run("hilum", "inspect", input, "--json").stdout);
  expect(inspected).toMatchObject({ codec: "dicom", series: [{ shape: [3, 5, 7, 11], spacing: [0.7, 1.1, expect.closeTo(2.3, 9)] }] });
  const { stdout } = run("hilum", "inspect", input);
  expect(stdout).toContain("11 columns × 7 rows × 5 slices × 3 phases");
  expect(stdout).toMatch(/Acquisition Number: .+/);
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});

test("plugins and jobs are listed for a person and for a program", () => {
  expect(run("hilum", "plugins").stdout).toMatch(/codec +dicom +DICOM series \(reads, writes\)/);
  const plugins = json(run("hilum", "plugins", "--json").stdout) as { readonly codecs: readonly { readonly id: string }[] };
  expect(plugins.codecs.map((codec) => codec.id)).toEqual(["dicom", "hdf5"]);
  expect(run("hilum", "jobs").stdout).toContain("normalise → gaussian-blur → invert normalise");
  const [job] = json(run("hilum", "jobs", "--json").stdout) as readonly { readonly process: readonly { readonly schema: { readonly properties: object } }[] }[];
  expect(Object.keys(job?.process[0]?.schema.properties ?? {})).toContain("sigma");
});

test("a dry run prints the plan with its passes and writes nothing", () => {
  const before = readdirSync(folder);
  const plan = json(run("hilum", "run", "gaussian-blur", input, join(folder, "out.h5"), "--set", "sigma=2", "--dry-run").stdout);
  expect(plan).toMatchObject({
    passes: ["measure normalise", "write hdf5"],
    steps: [{ processor: "normalise" }, { processor: "gaussian-blur", config: { sigma: 2 } }, { processor: "normalise", inverse: true }],
  });
  expect(readdirSync(folder)).toEqual(before);
});

test("events are lines of JSON, from started to succeeded", () => {
  const { stdout } = run("hilum", "convert", input, join(folder, "events.h5"), "--events", "json");
  const events = stdout.trimEnd().split("\n").map((line) => json(line) as { type: string });
  expect(events[0]?.type).toBe("started");
  expect(events.at(-1)?.type).toBe("succeeded");
});

test("the report is written beside the output, and no patient is in it, in the output or in what is said", () => {
  const report = join(folder, "report.json");
  const h5 = join(folder, "canary.h5");
  const { stdout, stderr } = run("hilum", "convert", input, h5, "--json", join(folder, "canary.json"), "--report", report);
  const said = [stdout, stderr, readFileSync(report, "utf8"), readFileSync(join(folder, "canary.json"), "utf8"), readFileSync(h5, "latin1")];
  for (const text of said) expect(text).not.toContain(CANARY);
  expect(said.join("").toUpperCase()).not.toContain("ZZCANARY");
  expect(json(readFileSync(report, "utf8"))).toMatchObject({ job: "convert", outputs: [{ name: "" }, { name: "sidecar" }] });
});

test("--metadata full keeps what safe leaves out, and only then", () => {
  const h5 = join(folder, "full.h5");
  expect(run("hilum", "convert", input, h5, "--metadata", "full", "--quiet").status).toBe(0);
  expect(readFileSync(h5, "latin1")).toContain(CANARY);
});
