import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HilumError, type JobEvent, type JobSpec } from "@hilum/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createHost, type Host } from "./host.ts";
import { createWholeFile } from "./io/create-whole-file.ts";
import { COLUMNS, rawCodec, ROWS, testPlugin, treeCodec } from "./raw-codec.test-support.ts";

let folder: string;
let opened: string[];
let disposed: string[];
let host: Host;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
  mkdirSync(join(folder, "in"));
  [opened, disposed] = [[], []];
  host = await createHost({ plugins: [testPlugin({ codecs: [treeCodec(opened, disposed), rawCodec()] })] });
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(files: { readonly [name: string]: unknown }): string {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, "in", name), JSON.stringify(content));
  return join(folder, "in");
}

const one = [{ phases: 1, slices: 2 }];
const two = [{ phases: 1, slices: 3 }, { phases: 1, slices: 4 }];
const tree = { "1.1.json": one, "1.2.json": "fault", "1.3.json": two, notes: "", readme: "" };

const spec = (input: string, series?: string): JobSpec => ({
  name: "test",
  input: { path: input, ...(series === undefined ? {} : { series }) },
  steps: [],
  output: { path: join(folder, "out.raw") },
});
const slicesWritten = (): number => readFileSync(join(folder, "out.raw")).length / 4 / ROWS / COLUMNS;
const codeOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => "nothing was thrown", (error: HilumError) => error.code);

describe("a survey", () => {
  test("tells the faults of some series beside the others, with their warnings, and counts what is no image", async () => {
    const input = put(tree);
    symlinkSync("/etc/hostname", join(input, "link"));
    const done: (readonly [number, number])[] = [];
    const survey = await host.survey(input, { onProgress: (count, total) => done.push([count, total]) });
    expect(survey.series.map(({ number, series, fault }) => [number, series?.volume.geometry.size[2] ?? fault?.code])).toEqual([[1, 2], [2, "IRREGULAR_GEOMETRY"], [3, 3], [4, 4]]);
    expect(survey.series.map(({ warnings }) => warnings.length)).toEqual([1, 0, 1, 1]);
    expect(survey.series[1]?.metadata.seriesInstanceUID).toBe("1.2");
    expect([...survey.skipped]).toEqual([["no test file", 2], ["no regular file", 1]]);
    expect(done).toEqual([[1, 5], [2, 5], [3, 5], [4, 5], [5, 5]]);
    await survey[Symbol.asyncDispose]();
    expect(disposed).toEqual(["1.1", "1.3", "1.3"]);
  });

  test("of nothing but files that are no images says that the format is not known", async () => {
    expect(await codeOf(host.survey(put({ notes: "", readme: "" })))).toBe("UNRECOGNIZED_FORMAT");
  });

  test("leaves a defect of a codec to be seen", async () => {
    const broken = { ...treeCodec(), reader: { ...treeCodec().reader, open: () => Promise.reject(new TypeError("a defect")) } };
    const other = await createHost({ plugins: [testPlugin({ codecs: [broken as never] })] });
    await expect(other.survey(put(tree))).rejects.toThrow(TypeError);
  });

  test("opens its series for jobs, which tell its warnings", async () => {
    const survey = await host.survey(put(tree));
    const third = survey.series[3];
    const events: JobEvent[] = [];
    const { codec } = survey;
    const report = await host.run(spec(join(folder, "in")), { opened: { codec, series: third?.series as never, warnings: third?.warnings ?? [] }, onEvent: (event) => events.push(event) });
    expect(slicesWritten()).toBe(4);
    expect(report.warnings).toEqual([{ code: "LOOK", message: "Look." }]);
    expect(opened).toHaveLength(5);
  });
});

describe("one series of several", () => {
  test.each([["1", 2], ["3", 3], ["4", 4], ["1.1", 2]])("is chosen by number or UID: %s", async (series, slices) => {
    const report = await host.run(spec(put(tree), series));
    expect(slicesWritten()).toBe(slices);
    expect(report.warnings).toEqual([{ code: "LOOK", message: "Look." }]);
  });

  test("is opened alone where its UID tells its part, but for what tells no series", async () => {
    await host.run(spec(put(tree), "1.1"));
    expect(opened).toEqual(["1.1", "notes", "readme"]);
    expect(disposed).toEqual(["1.1"]);
  });

  test.each([
    ["2", "IRREGULAR_GEOMETRY"],
    ["1.2", "IRREGULAR_GEOMETRY"],
    ["1.3", "AMBIGUOUS_INPUT"],
    ["5", "INVALID_JOB"],
    ["0", "INVALID_JOB"],
    ["1.9", "INVALID_JOB"],
    ["__proto__", "INVALID_JOB"],
  ])("is refused as %s with %s, and all that was opened is disposed of", async (series, code) => {
    expect(await codeOf(host.run(spec(put(tree), series)))).toBe(code);
    expect(new Set(disposed)).toEqual(new Set(opened.filter((name) => (code === "AMBIGUOUS_INPUT" || /^(5|2)$/.test(series)) && /^1\.[13]$/.test(name))));
  });
});

describe("a whole file", () => {
  test("appears with its bytes, for its owner, and never over another", async () => {
    const path = join(folder, "plan.json");
    await createWholeFile(path, new TextEncoder().encode("mine"));
    expect(readFileSync(path, "utf8")).toBe("mine");
    expect(await codeOf(createWholeFile(path, new Uint8Array(1)))).toBe("OUTPUT_EXISTS");
    expect(await codeOf(createWholeFile(join(folder, "in", "plan.json"), new Uint8Array(1), [join(folder, "in")]))).toBe("INVALID_JOB");
    expect(readFileSync(path, "utf8")).toBe("mine");
  });
});
