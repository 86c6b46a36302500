import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createToken, definePlugin, HilumError, NO_CONFIG, Tokens, type ConfigSchema, type FormatCodec, type JobEvent, type JobProcessor, type JobSpec, type Logger, type Step } from "@hilum/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bindValue } from "./composition/compose.ts";
import { createHost, type Host } from "./host.ts";
import { centre, COLUMNS, rawCodec, ROWS, sumOfNeighbours, testPlugin, valueAt, type ReadCounts } from "./raw-codec.test-support.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
  writeFileSync(join(folder, "in.json"), JSON.stringify({ phases: 2, slices: 7 }));
});
afterEach(() => rmSync(folder, { recursive: true }));

function specOf(steps: readonly Step[] = [], sidecar = false): JobSpec {
  return {
    name: "test",
    input: { path: join(folder, "in.json") },
    steps,
    output: { path: join(folder, "out.raw"), ...(sidecar ? { sidecar: join(folder, "out.txt") } : {}) },
  };
}

function written(): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(join(folder, "out.raw"))).buffer);
}

const hostWith = (processors: readonly JobProcessor<never, never, never>[], slabSlices?: number, counts?: ReadCounts): Promise<Host> =>
  createHost({ plugins: [testPlugin({ codecs: [rawCodec(counts)], processors: processors as never })], ...(slabSlices === undefined ? {} : { slabSlices }) });

/** A schema that takes anything. */
const anyConfig: ConfigSchema<Record<string, unknown>> = {
  "~standard": { ...NO_CONFIG["~standard"], validate: (value) => ({ value: value as Record<string, unknown> }) },
};

const codeOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => "nothing was thrown", (error: HilumError) => error.code);

describe("running", () => {
  test("a job with no steps writes every voxel in order of phase, slice, row, column", async () => {
    await (await hostWith([], 3)).run(specOf());
    const voxels = written();
    expect(voxels.length).toBe(2 * 7 * ROWS * COLUMNS);
    expect(voxels[((1 * 7 + 5) * ROWS + 1) * COLUMNS + 2]).toBe(valueAt(1, 5, 1, 2));
  });

  test("a neighbourhood does not depend on slab depth, never crosses phases, and reads each slice once", async () => {
    const results = [];
    for (const depth of [1, 2, 3, 7]) {
      const counts: ReadCounts = new Map();
      await (await hostWith([sumOfNeighbours(2)] as never, depth, counts)).run(specOf([{ processor: "sum-of-neighbours" }]));
      results.push(Array.from(written()));
      expect([...counts.values()]).toEqual(Array.from({ length: 14 }, () => 1));
      rmSync(join(folder, "out.raw"));
    }
    for (const result of results) expect(result).toEqual(results[0]);
    // Slice 0 of phase 1: the slices 0, 1 and 2 of that phase, added by hand.
    expect(results[0]?.[7 * ROWS * COLUMNS]).toBe(1000 + 1100 + 1200);
  });

  test("two neighbourhoods in a row see each other's results", async () => {
    const twice: JobProcessor<Record<string, never>> = { ...sumOfNeighbours(1), id: "again" };
    await (await hostWith([sumOfNeighbours(1), twice] as never, 2)).run(specOf([{ processor: "sum-of-neighbours" }, { processor: "again" }]));
    // Weights 1 2 3 2 1 over the slices 1…5 of phase 0, at voxel 0, by hand.
    expect(written()[3 * ROWS * COLUMNS]).toBe(100 + 2 * 200 + 3 * 300 + 2 * 400 + 500);
  });

  test.each([
    ["slice"],
    ["phase"],
    ["series"],
  ] as const)("a pair of scope %s gives the input back", async (scope) => {
    await (await hostWith([centre(scope)] as never, 2)).run(specOf([{ processor: "centre" }, { invert: "centre" }]));
    const voxels = written();
    for (const at of [0, 17, 50, 83]) {
      const i = at % COLUMNS;
      const j = Math.floor(at / COLUMNS) % ROWS;
      const k = Math.floor(at / (COLUMNS * ROWS)) % 7;
      expect(voxels[at]).toBeCloseTo(valueAt(Math.floor(at / (COLUMNS * ROWS * 7)), k, j, i), 4);
    }
  });

  test("frames tell the writer how to come back to real values", async () => {
    const seen: Parameters<typeof rawCodec>[1] = {};
    const host = await createHost({ plugins: [testPlugin({ codecs: [rawCodec(new Map(), seen)], processors: [centre("phase")] as never })] });
    await host.run(specOf([{ processor: "centre" }]));
    // The mean of phase 1 over k 0…6, j 0…1, i 0…2 is 1000 + 300 + 5 + 1, by hand.
    expect(seen.request?.series.frames[7]?.toReal).toEqual({ scale: 1, offset: 1306 });
    expect(seen.request?.series.frames[7]?.realRange).toEqual([0, 1]);
    expect(seen.request?.series.history.map((step) => step.processor)).toEqual(["centre"]);
  });

  test("a step that needs ranges alone is measured of those that its source tells, and of voxels where it tells none", async () => {
    const measuredBy = async (tells: "ranges" | "nothing"): Promise<{ bytes: Buffer; reads: number | undefined; asked: number }> => {
      const counts: ReadCounts = new Map();
      let asked = 0;
      const codec = rawCodec(counts);
      const reader = codec.reader as NonNullable<typeof codec.reader>;
      const telling: FormatCodec = {
        ...codec,
        reader: {
          ...reader,
          open: async (...call) =>
            (await reader.open(...call)).map((series) => ({
              ...series,
              // The smallest and largest of a slice are its first and last voxel.
              ranges: ({ phase, start, count, voxels }) => {
                asked += count;
                voxels.fill(-1);
                if (tells === "nothing") return undefined;
                return Array.from({ length: count }, (_, n) => [valueAt(phase, start + n, 0, 0), valueAt(phase, start + n, ROWS - 1, COLUMNS - 1)] as const);
              },
            })),
        },
      };
      const spread: JobProcessor<Record<string, never>, number, number> = {
        id: "spread",
        title: "Multiply by the range",
        config: NO_CONFIG,
        measure: {
          scope: () => "slice",
          slice: (input, k) => Math.max(...input.slice(k)) - Math.min(...input.slice(k)),
          ofRange: (range) => (range === undefined ? 0 : range[1] - range[0]),
          fold: (stats) => stats[0] as number,
        },
        run: ({ input, output, measured }) => {
          for (let k = output.start; k < output.start + output.count; k++) input.slice(k).forEach((value, at) => (output.slice(k)[at] = value * measured(k)));
        },
      };
      const host = await createHost({ plugins: [testPlugin({ codecs: [telling], processors: [spread] })], slabSlices: 2 });
      rmSync(join(folder, "out.raw"), { force: true });
      await host.run(specOf([{ processor: "spread" }]));
      return { bytes: readFileSync(join(folder, "out.raw")), reads: counts.get("1.3"), asked };
    };
    const ofRanges = await measuredBy("ranges");
    const ofVoxels = await measuredBy("nothing");
    expect([ofRanges.reads, ofVoxels.reads, ofRanges.asked, ofVoxels.asked]).toEqual([1, 2, 14, 14]);
    // 12 is the range of every slice: 1 row of 10 and 2 columns of 1.
    expect(ofRanges.bytes.readFloatLE(4 * (COLUMNS * ROWS * 9 + 1))).toBe(valueAt(1, 2, 0, 1) * 12);
    expect(Buffer.compare(ofRanges.bytes, ofVoxels.bytes)).toBe(0);
  });

  test("events start, rise to the total and end once", async () => {
    const events: JobEvent[] = [];
    await (await hostWith([centre("series")] as never, 1)).run(specOf([{ processor: "centre" }]), { onEvent: (event) => events.push(event) });
    expect(events[0]).toMatchObject({ type: "started", total: 28, passes: ["measure centre", "write raw"] });
    const done = events.flatMap((event) => (event.type === "progress" ? [event.done] : []));
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(done.at(-1)).toBe(28);
    expect(events.filter((event) => ["succeeded", "failed", "cancelled"].includes(event.type))).toHaveLength(1);
    expect(events.at(-1)?.type).toBe("succeeded");
  });

  test("the report holds the SHA-256 of the output's bytes", async () => {
    const report = await (await hostWith([])).run(specOf());
    const { createHash } = await import("node:crypto");
    expect(report.outputs).toEqual([{ name: "", bytes: 336, sha256: createHash("sha256").update(readFileSync(join(folder, "out.raw"))).digest("hex") }]);
  });
});

describe("all or nothing", () => {
  const failing = (after: number): JobProcessor<Record<string, never>> => {
    let calls = 0;
    return { ...sumOfNeighbours(0), run: () => { if (++calls > after) throw new Error("boom"); } };
  };

  test("a step that throws leaves nothing, and the error names the step", async () => {
    const host = await hostWith([failing(3)] as never, 1);
    await expect(host.run(specOf([{ processor: "sum-of-neighbours" }], true))).rejects.toMatchObject({ code: "KERNEL_FAILED", details: { step: "sum-of-neighbours" } });
    expect(readdirSync(folder)).toEqual(["in.json"]);
  });

  test("a cancelled job rejects with the signal's reason and leaves nothing", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const events: JobEvent[] = [];
    const stopping: JobProcessor<Record<string, never>> = { ...sumOfNeighbours(0), run: () => controller.abort(reason) };
    const host = await hostWith([stopping] as never, 1);
    await expect(host.run(specOf([{ processor: "sum-of-neighbours" }]), { signal: controller.signal, onEvent: (event) => events.push(event) })).rejects.toBe(reason);
    expect(events.at(-1)).toEqual({ type: "cancelled" });
    expect(readdirSync(folder)).toEqual(["in.json"]);
  });

  test("an existing output is refused and untouched, also when it is only the sidecar", async () => {
    writeFileSync(join(folder, "out.txt"), "mine");
    expect(await codeOf((await hostWith([])).run(specOf([], true)))).toBe("OUTPUT_EXISTS");
    expect(readdirSync(folder).toSorted()).toEqual(["in.json", "out.txt"]);
    expect(readFileSync(join(folder, "out.txt"), "utf8")).toBe("mine");
  });

  test("an output that appears while the job runs is not overwritten, and takes the sidecar away again", async () => {
    const racing: JobProcessor<Record<string, never>> = { ...sumOfNeighbours(0), run: () => writeFileSync(join(folder, "out.txt"), "first") };
    expect(await codeOf((await hostWith([racing] as never)).run(specOf([{ processor: "sum-of-neighbours" }], true)))).toBe("OUTPUT_EXISTS");
    expect(readdirSync(folder).toSorted()).toEqual(["in.json", "out.txt"]);
    expect(readFileSync(join(folder, "out.txt"), "utf8")).toBe("first");
  });
});

describe("what may leave", () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("a result with one %s is refused, with its slice", async (value) => {
    const spoiling: JobProcessor<Record<string, never>> = {
      ...sumOfNeighbours(0),
      run: ({ output }) => {
        output.voxels.fill(1);
        if (output.phase === 1 && output.start === 3) output.voxels[5] = value;
      },
    };
    const host = await hostWith([spoiling] as never, 1);
    await expect(host.run(specOf([{ processor: "sum-of-neighbours" }]))).rejects.toMatchObject({ code: "NON_FINITE_VOXELS", details: { phase: 1, slice: 3 } });
    expect(readdirSync(folder)).toEqual(["in.json"]);
  });
});

describe("planning", () => {
  test("finds every fault before a byte is written", async () => {
    const host = await hostWith([centre("slice"), sumOfNeighbours(1)] as never);
    const plan = (steps: readonly Step[], change: (spec: JobSpec) => JobSpec = (spec) => spec): Promise<string> => codeOf(host.plan(change(specOf(steps))));
    expect(await plan([{ processor: "center" }])).toBe("UNKNOWN_PROCESSOR");
    expect(await plan([{ processor: "centre", config: { sigma: 1 } }])).toBe("INVALID_CONFIG");
    expect(await plan([{ invert: "centre" }])).toBe("INVALID_JOB");
    expect(await plan([{ processor: "sum-of-neighbours" }, { invert: "sum-of-neighbours" }])).toBe("INVALID_JOB");
    expect(await plan([{ processor: "centre" }, { invert: "centre" }, { invert: "centre" }])).toBe("INVALID_JOB");
    expect(await plan([{ processor: "centre" }, { processor: "sum-of-neighbours" }, { invert: "centre" }])).toBe("INVALID_JOB");
    expect(await plan([], (spec) => ({ ...spec, output: { path: join(folder, "out.nii") } }))).toBe("UNSUPPORTED_WRITE");
    expect(await plan([], (spec) => ({ ...spec, input: { path: join(folder, "none") } }))).toBe("SOURCE_NOT_FOUND");
    expect(await plan([], (spec) => ({ ...spec, input: { path: folder } }))).toBe("INVALID_JOB");
    expect(await plan([], (spec) => ({ ...spec, output: { path: join(folder, "no/out.raw") } }))).toBe("OUTPUT_NOT_WRITABLE");
  });

  test("refuses a step that does more with indices into a palette than to map them", async () => {
    const host = await hostWith([centre("slice"), sumOfNeighbours(0)] as never);
    writeFileSync(join(folder, "in.json"), JSON.stringify({ phases: 2, slices: 7, indexed: true }));
    const plan = (...steps: readonly Step[]): Promise<string> => codeOf(host.plan(specOf(steps)));
    expect(await plan({ processor: "sum-of-neighbours" })).toBe("UNSUPPORTED_VOXEL_FORMAT");
    expect(await plan({ processor: "centre" }, { invert: "centre" }, { processor: "sum-of-neighbours" })).toBe("UNSUPPORTED_VOXEL_FORMAT");
    for (const steps of [[], [{ processor: "centre" }], [{ processor: "centre" }, { invert: "centre" }]]) expect(await plan(...steps)).toBe("nothing was thrown");
  });

  test("says which passes it will make, and which depth the memory budget allows", async () => {
    const host = await createHost({ plugins: [testPlugin({ codecs: [rawCodec()], processors: [centre("series"), sumOfNeighbours(1)] as never })], memoryBudgetBytes: 6000 });
    const plan = await host.plan(specOf([{ processor: "centre" }, { processor: "sum-of-neighbours" }]));
    expect(plan.passes).toEqual(["measure centre", "write raw"]);
    expect(plan.slab.bufferBytes).toBeLessThanOrEqual(6000);
    const poor = await createHost({ plugins: [testPlugin({ codecs: [rawCodec()] })], memoryBudgetBytes: 100 });
    expect(await codeOf(poor.plan(specOf()))).toBe("MEMORY_BUDGET_EXCEEDED");
  });
});

describe("composing", () => {
  test("gives a plugin what it requires, and a program can bind it anew", async () => {
    const lines: string[] = [];
    const logger: Logger = { debug: () => {}, info: (line) => lines.push(line), warn: () => {} };
    const plugin = definePlugin({
      name: "needy",
      version: "1.0.0",
      module: import.meta.url,
      requires: { log: Tokens.Logger },
      setup: ({ log }) => {
        log.info("set up");
        return { codecs: [rawCodec()] };
      },
    });
    const host = await createHost({ plugins: [plugin], bind: [bindValue(Tokens.Logger, logger)] });
    expect(lines).toEqual(["set up"]);
    expect(host.codecs.ids()).toEqual(["raw"]);
  });

  test("a clock that a program binds is the time of its jobs", async () => {
    const host = await createHost({ plugins: [testPlugin({ codecs: [rawCodec()] })], bind: [bindValue(Tokens.Clock, { now: () => new Date("2001-02-03T04:05:06Z") })] });
    expect((await host.run(specOf())).startedAt).toBe("2001-02-03T04:05:06.000Z");
  });

  test("refuses duplicates, missing tokens, other contract versions and setups that throw", async () => {
    const raw = testPlugin({ codecs: [rawCodec()] });
    expect(await codeOf(createHost({ plugins: [raw, { ...raw, name: "other" }] }))).toBe("PLUGIN_CONFLICT");
    expect(await codeOf(createHost({ plugins: [raw, raw] }))).toBe("PLUGIN_CONFLICT");
    expect(await codeOf(createHost({ plugins: [{ ...raw, apiVersion: 2 }] }))).toBe("PLUGIN_INCOMPATIBLE");
    const missing = { requires: { thing: createToken<string>("test:not-bound") }, setup: () => ({}) };
    expect(await codeOf(createHost({ plugins: [testPlugin(missing)] }))).toBe("PLUGIN_LOAD_FAILED");
    const throwing = { setup: () => { throw new Error("no"); } };
    expect(await codeOf(createHost({ plugins: [testPlugin(throwing)] }))).toBe("PLUGIN_LOAD_FAILED");
  });

  test("a codec can be bound without a plugin", async () => {
    const host = await createHost({ plugins: [], bind: [bindValue(Tokens.FormatCodec, rawCodec())] });
    expect((await host.run(specOf())).input.codec).toBe("raw");
  });
});

describe("the job registry", () => {
  const definition = { name: "centred", title: "Centred", aliases: ["middle"], preprocess: [], process: [{ processor: "centre" }], postprocess: [{ invert: "centre" }] };

  test("runs an entry by name or alias, with changes to its steps", async () => {
    const host = await hostWith([{ ...centre("series"), config: NO_CONFIG }] as never);
    host.jobs.register(definition);
    expect(host.jobs.isRegistered("middle")).toBe(true);
    const report = await host.execute("middle", join(folder, "in.json"), join(folder, "out.raw"));
    expect(report.job).toBe("centred");
    expect(await codeOf(Promise.resolve().then(() => host.jobSpec("centred", "a", "b", { config: { "process.1": {} } })))).toBe("INVALID_CONFIG");
    expect(await codeOf(Promise.resolve().then(() => host.jobSpec("centred", "a", "b", { config: { "postprocess.0": { x: 1 } } })))).toBe("INVALID_CONFIG");
    expect(host.jobs.unregister("centred")).toBe(true);
    expect(host.jobs.list()).toEqual([]);
  });

  test("an entry's own configuration and output hold until a caller says otherwise", async () => {
    const host = await hostWith([{ ...centre("series"), config: anyConfig }] as never);
    host.jobs.register({ ...definition, config: { a: 1, b: 1 }, output: { codec: "raw", options: { c: 1 } } });
    const spec = host.jobSpec("centred", "in", "out", { config: { "process.0": { b: 2 } }, output: { options: { d: 2 } } });
    expect(spec.steps[0]).toEqual({ processor: "centre", config: { a: 1, b: 2 } });
    expect(spec.output).toEqual({ codec: "raw", options: { c: 1, d: 2 }, path: "out" });
  });

  test("checks entries when they are registered, and says which name is near", async () => {
    const host = await hostWith([centre("series")] as never);
    host.jobs.register(definition);
    expect(() => host.jobs.register(definition)).toThrow(expect.objectContaining({ code: "INVALID_JOB" }));
    expect(() => host.jobs.register({ ...definition, title: "Anew" }, { replace: true })).not.toThrow();
    expect(() => host.jobs.register({ ...definition, name: "x", aliases: [], process: [{ processor: "zzz" }] })).toThrow(expect.objectContaining({ code: "UNKNOWN_PROCESSOR" }));
    expect(() => host.jobs.register({ ...definition, name: "No Good", aliases: [] })).toThrow(expect.objectContaining({ code: "INVALID_JOB" }));
    expect(() => host.jobs.get("centered")).toThrow(expect.objectContaining({ code: "UNKNOWN_JOB", details: expect.objectContaining({ nearest: "centred" }) }));
  });
});
