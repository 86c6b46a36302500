import { readFileSync } from "node:fs";
import type { HilumError, ImageSeries, Json, Warning } from "@hilum/core";
import { codecContext, memorySource, readVoxels, scanSeries, type NamedFile, type ScanOptions } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { dicomReader, type DicomReadOptions } from "./dicom-reader.ts";

const SIZE = [6, 5, 7] as const;
const SLICE = SIZE[0] * SIZE[1];
const BREAST_LIKE: ScanOptions = { phases: 3, phaseStyle: "breast-like", size: SIZE };
const MISSING: ScanOptions = { size: SIZE, faults: [{ kind: "missing-slice", slice: 2 }] };

interface PlanJson {
  readonly phases: readonly { readonly label: string; readonly images: readonly Json[] }[];
  readonly [key: string]: Json | undefined | readonly object[];
}

async function open(files: readonly NamedFile[], options: DicomReadOptions = {}, context = codecContext()): Promise<ImageSeries> {
  const [series, ...more] = await dicomReader.open(memorySource(files, { kind: "directory" }), options, context);
  if (series === undefined || more.length > 0) throw new Error(`${more.length + 1} series`);
  return series;
}

function planOf({ assembly }: ImageSeries): PlanJson {
  // As it comes back from a file.
  return JSON.parse(JSON.stringify(assembly)) as PlanJson;
}

const schema = z.fromJSONSchema(JSON.parse(readFileSync(new URL("../../assembly.schema.json", import.meta.url), "utf8")) as Parameters<typeof z.fromJSONSchema>[0]);

function refusal(code: HilumError["code"], message: RegExp): unknown {
  return expect.objectContaining({ code, message: expect.stringMatching(message) as unknown });
}

describe("an assembly plan", () => {
  test.each<readonly [string, ScanOptions, DicomReadOptions]>([
    ["one phase", {}, {}],
    ["three phases", BREAST_LIKE, {}],
    ["a forced key", BREAST_LIKE, { phaseKey: "Instance Number block" }],
    ["PET", { modality: "PT", padding: true }, {}],
    ["a padded slice", MISSING, { onMissing: "pad" }],
    ["a single slice", { size: [4, 4, 1] }, {}],
  ])("satisfies its published JSON Schema: %s", async (_, scan, options) => {
    const plan = planOf(await open(scanSeries(scan).files, options));
    expect(schema.safeParse(plan).error).toBeUndefined();
    expect(schema.safeParse({ ...plan, patientName: "x" }).success, "a key that is not in the schema").toBe(false);
    expect(schema.safeParse({ ...plan, phases: [] }).success, "no phase").toBe(false);
  });

  test("names no patient and no UID", async () => {
    const { files, expected } = scanSeries(BREAST_LIKE);
    const text = JSON.stringify(planOf(await open(files)));
    expect(text).not.toContain("CANARY");
    for (const { derivedFrom } of expected.frames) expect(text).not.toContain(derivedFrom[0]?.sopInstanceUID);
  });

  test("given back, makes the same series of files in another order", async () => {
    const plain = await open(scanSeries(BREAST_LIKE).files);
    const again = await open(scanSeries(BREAST_LIKE).files.toReversed(), { plan: planOf(plain) });
    expect(again.frames).toEqual(plain.frames);
    expect(again.phases).toEqual(plain.phases);
    expect(again.volume).toEqual(plain.volume);
    expect(planOf(again)).toEqual({ ...planOf(plain), imagesNotInPlan: 0 });
    expect((await readVoxels(again)).voxels).toEqual((await readVoxels(plain)).voxels);
  });

  test("brings its options with it", async () => {
    const padded = await open(scanSeries(MISSING).files, { onMissing: "pad" });
    const again = await open(scanSeries(MISSING).files, { plan: planOf(padded) });
    expect(await readVoxels(again)).toEqual(await readVoxels(padded));
    const masked = await open(scanSeries({ padding: true }).files, { padding: "mask" });
    expect((await open(scanSeries({ padding: true }).files, { plan: planOf(masked) })).volume.masked).toBe(true);
  });

  test("edited: phases in another order, one of them left out", async () => {
    const { files, expected } = scanSeries(BREAST_LIKE);
    const plan = planOf(await open(files));
    const edited = await open(files, { plan: { ...plan, phases: [plan.phases[2], plan.phases[0]] } });
    expect(edited.phases.map(({ label }) => label)).toEqual([plan.phases[2]?.label, plan.phases[0]?.label]);
    const { voxels } = await readVoxels(edited);
    const truth = (await readVoxels(expected)).voxels;
    expect(voxels.subarray(0, 7 * SLICE)).toEqual(truth.subarray(2 * 7 * SLICE));
    expect(voxels.subarray(7 * SLICE)).toEqual(truth.subarray(0, 7 * SLICE));
    expect(edited.assembly).toMatchObject({ imagesNotInPlan: 7 });
  });

  test("edited: slices cut away at the ends, and none from within", async () => {
    const { files } = scanSeries(BREAST_LIKE);
    const plan = planOf(await open(files));
    const keeping = (wanted: (k: number) => boolean) => ({ ...plan, phases: plan.phases.map((phase) => ({ ...phase, images: phase.images.filter((_, k) => wanted(k)) })) });
    expect((await open(files, { plan: keeping((k) => k > 1) })).volume.geometry.size).toEqual([6, 5, 5]);
    await expect(open(files, { plan: keeping((k) => k !== 3) })).rejects.toThrow(refusal("IRREGULAR_GEOMETRY", /evenly/));
  });

  test("is refused where it does not fit", async () => {
    const { files } = scanSeries(BREAST_LIKE);
    const plan = planOf(await open(files));
    const [first, second, third] = plan.phases as [PlanJson["phases"][0], PlanJson["phases"][0], PlanJson["phases"][0]];
    await expect(open(files.slice(1), { plan })).rejects.toThrow(refusal("INVALID_CONFIG", /1 of the 21 images that it names are not there/));
    await expect(open(files, { plan: { ...plan, phases: [first, first, third] } })).rejects.toThrow(refusal("INVALID_CONFIG", /twice/));
    await expect(open(files, { plan: { ...plan, phases: [first, { ...second, images: second.images.slice(1) }] } })).rejects.toThrow(refusal("INVALID_CONFIG", /number of slices/));
    await expect(open(files, { plan: { ...plan, phases: [{ ...first, images: first.images.toReversed() }] } })).rejects.toThrow(refusal("INVALID_CONFIG", /ascending/));
    await expect(open(files, { plan: { ...plan, phases: [first, { ...second, images: [...second.images.slice(1), second.images[0] as Json] }] } })).rejects.toThrow(
      refusal("INVALID_CONFIG", /different positions/),
    );
    await expect(open(files, { plan: { ...plan, phases: [{ ...first, images: [null, ...first.images.slice(1)] }] } })).rejects.toThrow(refusal("INVALID_CONFIG", /first or last slice/));
    await expect(open(files, { plan: { hello: 1 } })).rejects.toThrow(refusal("INVALID_CONFIG", /schema/));
  });
});

describe("missing slices", () => {
  test("are masked where that is asked for, and told", async () => {
    const warnings: Warning[] = [];
    const { files, expected } = scanSeries(MISSING);
    const series = await open(files, { onMissing: "pad" }, { ...codecContext(), warn: (warning) => warnings.push(warning) });
    expect(series.volume.geometry.size).toEqual(SIZE);
    expect(series.volume.masked).toBe(true);
    for (const slabSlices of [1, 2, 7]) {
      const { voxels, mask } = await readVoxels(series, { slabSlices });
      const truth = (await readVoxels(expected)).voxels;
      truth.fill(0, 2 * SLICE, 3 * SLICE);
      expect(voxels).toEqual(truth);
      expect(mask).toEqual(Uint8Array.from(truth, (_, i) => (i >= 2 * SLICE && i < 3 * SLICE ? 1 : 0)));
    }
    expect(series.frames[2]).toMatchObject({ derivedFrom: [], slice: 2 });
    series.frames[2]?.imagePosition.forEach((value, axis) => expect(value).toBeCloseTo(expected.frames[2]?.imagePosition[axis] as number, 4));
    expect(series.assembly).toMatchObject({ paddedSlices: [{ phase: 0, slice: 2 }], positions: 7 });
    expect(warnings.map(({ code }) => code)).toContain("SLICES_PADDED");
    expect(series.attributes("all").perFrame).toHaveLength(7);
    expect(series.attributes("all").perFrame[2]).toEqual({});
  });

  test("of one phase among several are masked in that phase alone", async () => {
    const { files, expected } = scanSeries({ size: SIZE, phases: 2, faults: [{ kind: "missing-slice", phase: 1, slice: 6 }] });
    const { voxels, mask } = await readVoxels(await open(files, { onMissing: "pad" }));
    const truth = (await readVoxels(expected)).voxels.fill(0, 13 * SLICE);
    expect(voxels).toEqual(truth);
    expect(mask.indexOf(1)).toBe(13 * SLICE);
  });
});

test("of two images at one position, the one by Instance Number is taken where that is asked for", async () => {
  const { files, expected } = scanSeries({ size: SIZE, faults: [{ kind: "duplicate-slice", slice: 3 }] });
  const [first, last] = [await open(files, { onDuplicate: "first" }), await open(files, { onDuplicate: "last" })];
  expect(first.assembly).toMatchObject({ duplicatePositionsDropped: 1, positions: 7 });
  const truth = (await readVoxels(expected)).voxels;
  const differing = await Promise.all(
    [first, last].map(async (series) => {
      const { voxels } = await readVoxels(series);
      return new Set([...voxels].flatMap((voxel, i) => (voxel === truth[i] ? [] : [Math.floor(i / SLICE)])));
    }),
  );
  // One of the two is the phantom's own slice, the other its twin.
  expect(differing.map(({ size }) => size).toSorted()).toEqual([0, 1]);
  expect(differing.flatMap((slices) => [...slices])).toEqual([3]);
});
