import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Tokens, type AnyJobProcessor, type ConfigResult, type Json, type Step } from "@hilum/core";
import { bindValue, createHost } from "@hilum/host";
import { saveFiles } from "../named-file.ts";
import { phantomFile, phantomPlugin } from "../phantom-codec.ts";
import { createPhantom, type PhantomOptions } from "../phantom.ts";
import { readVoxels, type SeriesVoxels } from "../read-voxels.ts";
import { createCaptureCodec } from "./capture-codec.ts";
import { guardedProcessor, sameBytes } from "./guarded-processor.ts";
import { runPlainly } from "./run-plainly.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

/** What the laws of a processor need to know of it. */
export interface ProcessorLaws {
  /** Configurations to try; default none but the defaults. */
  readonly configs?: readonly { readonly [key: string]: Json }[];
  /** Inputs to try; default several shapes, some wider than a vector register, one masked. */
  readonly phantoms?: readonly PhantomOptions[];
  /** Largest difference after undo, as a part of the largest input value; default 1e-6. */
  readonly undoTolerance?: number;
}

const PHANTOMS: readonly PhantomOptions[] = [
  { componentType: "int16" },
  { size: [37, 9, 6], phases: 3, orientation: "oblique", componentType: "uint16", bitsStored: 12, seed: 1 },
  { size: [5, 4, 1], componentType: "float32", seed: 2 },
  { padding: "mask", rescale: "hounsfield", modality: "CT", seed: 3 },
];

/** Largest difference between a WebAssembly kernel and the plain path, as a part of the largest value. */
const PATH_TOLERANCE = 1e-6;

/** Registers vitest tests: the laws that every processor has to keep. Call it at the top of a test file. */
export function describeProcessor(processor: AnyJobProcessor, laws: ProcessorLaws = {}): void {
  const { configs = [{}], phantoms = PHANTOMS, undoTolerance = 1e-6 } = laws;
  const cases = configs.flatMap((config) =>
    phantoms.map((phantom) => [`${JSON.stringify(config)} on ${JSON.stringify(phantom)}`, config, phantom] as const),
  );

  describe(`processor laws: ${processor.id}`, () => {
    test("has a default for every key of its configuration, and a description", async () => {
      expect((await validated(processor, {})).issues).toBeUndefined();
      const { properties = {} } = processor.config["~standard"].jsonSchema.input({ target: "draft-2020-12" }) as {
        readonly properties?: { readonly [key: string]: { readonly description?: string } };
      };
      const silent = Object.entries(properties).filter(([, property]) => property.description === undefined);
      expect(
        silent.map(([key]) => key),
        "keys without a description",
      ).toEqual([]);
    });

    test.each(configs.map((config) => [JSON.stringify(config), config] as const))("refuses an unknown key beside %s", async (_, config) => {
      expect((await validated(processor, config)).issues).toBeUndefined();
      expect((await validated(processor, { ...config, "no such key": 1 })).issues).toBeDefined();
    });

    describe.each(cases)("%s", (_, config, phantom) => {
      const slices = createPhantom(phantom).volume.geometry.size[2];
      const depths = [...new Set([1, 2, 3, slices])].filter((depth) => depth <= slices);

      test("fills its whole output, leaves its input alone, and does not depend on the slab depth", async () => {
        const { violations, processor: guarded } = guardedProcessor(processor);
        const step: Step = { processor: processor.id, config };
        const results: SeriesVoxels[] = [];
        for (const depth of depths) results.push(await runInHost(guarded, [step], phantom, depth));
        expect(violations).toEqual([]);
        expectSame(results, depths);
      });

      test("gives the same over ordinary buffers, with more slices than it asked for, and never writes beside them", async () => {
        const full = valueOf(await validated(processor, config));
        const asked = await runPlainly(processor, full, createPhantom(phantom), 1, "asked");
        const others = [];
        for (const depth of depths) others.push(await runPlainly(processor, full, createPhantom(phantom), depth, "all"));
        expectSame([asked, ...others], ["asked", ...depths]);
        expect([asked, ...others].map(({ strayWrites }) => strayWrites)).toEqual([asked, ...others].map(() => 0));
        const inHost = await runInHost(processor, [{ processor: processor.id, config }], phantom, slices);
        expectNear(inHost, asked, PATH_TOLERANCE);
      });

      if (processor.undo === undefined) return;
      test("comes back when it is undone", async () => {
        const { violations, processor: guarded } = guardedProcessor(processor);
        const steps: readonly Step[] = [{ processor: processor.id, config }, { invert: processor.id }];
        for (const depth of depths)
          expectNear(await runInHost(guarded, steps, phantom, depth), await readVoxels(createPhantom(phantom)), undoTolerance);
        expect(violations).toEqual([]);
      });
    });
  });
}

async function validated(processor: AnyJobProcessor, config: unknown): Promise<ConfigResult<unknown>> {
  return processor.config["~standard"].validate(config);
}

function valueOf(result: ConfigResult<unknown>): unknown {
  if (result.issues !== undefined) throw new TypeError("the configuration is not valid");
  return result.value;
}

/** Runs steps over a phantom as a job, with the host's slabs, memory and passes. */
async function runInHost(processor: AnyJobProcessor, steps: readonly Step[], phantom: PhantomOptions, slabSlices: number): Promise<SeriesVoxels> {
  using directory = temporaryDirectory();
  const { codec, captured } = createCaptureCodec();
  const input = phantomFile("input", phantom);
  saveFiles(directory.path, [input]);
  await using host = await createHost({
    plugins: [phantomPlugin],
    bind: [bindValue(Tokens.FormatCodec, codec), bindValue(Tokens.JobProcessor, processor)],
    slabSlices,
  });
  const output = { path: join(directory.path, "output.captured"), codec: "capture" };
  await host.run({ name: "laws", input: { path: join(directory.path, input.name) }, steps, output });
  return captured();
}

function expectSame(results: readonly SeriesVoxels[], names: readonly (number | string)[]): void {
  const [first] = results;
  const differing = names.filter((_, index) => !sameBytes(results[index]?.voxels, first?.voxels) || !sameBytes(results[index]?.mask, first?.mask));
  expect(differing, `slab depths whose result differs from that of ${names[0] ?? ""}`).toEqual([]);
}

function expectNear(actual: SeriesVoxels, expected: SeriesVoxels, tolerance: number): void {
  expect(actual.voxels.length).toBe(expected.voxels.length);
  expect(sameBytes(actual.mask, expected.mask), "same mask").toBe(true);
  let largest = 0;
  let worst = 0;
  expected.voxels.forEach((value, index) => {
    largest = Math.max(largest, Math.abs(value));
    const difference = Math.abs(value - (actual.voxels[index] as number));
    worst = difference <= worst ? worst : difference;
  });
  expect(worst, "largest difference").toBeLessThanOrEqual(tolerance * largest);
}
