import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isHilumError, type Frame, type ImageSeries, type Source, type Warning } from "@hilum/core";
import { codecContext, memorySource, readVoxels, type NamedFile } from "@hilum/testing";
import { withElementValue } from "@hilum/testing/mutate";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { oracle, orSkipped, sharedDataPresent, sharedSource } from "../scan/shared-data.test-support.ts";
import { dicomReader, type DicomReadOptions } from "./dicom-reader.ts";

interface OracleSeries {
  readonly path: string;
  readonly perVolume?: readonly { readonly storedSha256: string }[];
}

const MEDIA_STORAGE_SOP_INSTANCE_UID = 0x00020003;
const SOP_INSTANCE_UID = 0x00080018;
const INSTANCE_NUMBER = 0x00200013;

async function open(source: Source, options: DicomReadOptions = {}, context = codecContext()): Promise<readonly ImageSeries[]> {
  return dicomReader.open(source, options, context);
}

/** The SHA-256 of each phase's stored values, for series without a rescale. */
async function digestsOf(series: ImageSeries): Promise<readonly string[]> {
  const { voxels } = await readVoxels(series);
  const length = voxels.length / series.phases.length;
  return series.phases.map((_, phase) => createHash("sha256").update(Int16Array.from(voxels.subarray(phase * length, (phase + 1) * length))).digest("hex"));
}

const IRREGULAR = new Set(["ct-gantry-tilt-variable-spacing", "duplicate-slice", "missing-slice-ct", "missing-slice-tilted-ct", "no-geometry-tags", "enhanced-mr-10-frames"].map((name) => `geometry/${name}`));

describe.skipIf(!sharedDataPresent)(`assembly plans of the shared series${orSkipped}`, () => {
  const schema = sharedDataPresent ? z.fromJSONSchema(JSON.parse(readFileSync(new URL("../../assembly.schema.json", import.meta.url), "utf8")) as Parameters<typeof z.fromJSONSchema>[0]) : z.never();
  const paths = [...new Set(oracle<OracleSeries>("series").map(({ path }) => path))].filter((path) => !IRREGULAR.has(path));

  test.each(paths)("of %s satisfy their schema and make the same series again", async (path) => {
    for (const series of await open(sharedSource(path))) {
      const plan = JSON.parse(JSON.stringify(series.assembly)) as Record<string, unknown>;
      expect(schema.safeParse(plan).error).toBeUndefined();
      const [again] = (await open(sharedSource(path), { plan })) as [ImageSeries];
      expect(again.frames).toEqual(series.frames);
      expect(again.volume).toEqual(series.volume);
      expect(again.phases).toEqual(series.phases);
    }
  });

  test.each(paths)("of %s have no quarrel with Spacing Between Slices and with midnight", async (path) => {
    const context = codecContext();
    await open(sharedSource(path), {}, context);
    const codes = new Set(context.warnings.map(({ code }) => code));
    expect([codes.has("SLICE_SPACING_DIFFERS"), codes.has("MIDNIGHT_ASSUMED")]).toEqual([false, false]);
  });

  test("the missing slices of a CT series are filled, and the others are where they were", async () => {
    const [series] = (await open(sharedSource("geometry/missing-slice-ct"), { onMissing: "pad" })) as [ImageSeries];
    expect(series.volume.geometry.size).toEqual([512, 512, 5]);
    // Positions by pydicom: 18.108, 23.108, 28.107 and 38.107 mm.
    expect(series.assembly).toMatchObject({ paddedSlices: [{ phase: 0, slice: 3 }] });
    expect(series.frames.map(({ derivedFrom }) => derivedFrom.length)).toEqual([1, 1, 1, 0, 1]);
    expect(series.frames[3]?.imagePosition[2]).toBeCloseTo(33.107, 2);
  });

  test("a tilt is told, kept in the grid, and refused where that is asked for", async () => {
    const warnings: Warning[] = [];
    const source = (): Source => sharedSource("geometry/ct-gantry-tilt-philips");
    const [series] = (await open(source(), {}, { ...codecContext(), warn: (warning) => warnings.push(warning) })) as [ImageSeries];
    expect(warnings.map(({ code }) => code)).toEqual(["GANTRY_TILT"]);
    expect(series.assembly).toMatchObject({ sheared: true, tiltDegrees: expect.closeTo(18.5, 2) as unknown });
    await expect(open(source(), { onTilt: "refuse" })).rejects.toMatchObject({ code: "IRREGULAR_GEOMETRY", details: { kind: "gantry tilt" } });
  });
});

describe.skipIf(!sharedDataPresent)(`the breast series${orSkipped}`, () => {
  let files: readonly NamedFile[] = [];
  const perVolume = oracle<OracleSeries>("series").find(({ path }) => path === "breast-mri-nact-pilot")?.perVolume?.map(({ storedSha256 }) => storedSha256);

  beforeAll(() => {
    files = sharedSource("breast-mri-nact-pilot").files.map((file) => {
      const bytes = Buffer.alloc(file.size);
      file.read(bytes, 0);
      return { name: file.name, bytes };
    });
  });

  /** Opens files as a directory, or gives the code and kind of what that throws. */
  async function openedOrRefused(some: readonly NamedFile[]): Promise<ImageSeries | readonly unknown[]> {
    try {
      const [series] = (await open(memorySource(some, { kind: "directory" }))) as [ImageSeries];
      return series;
    } catch (error) {
      if (!isHilumError(error)) throw error;
      return [error.code, error.details["kind"]];
    }
  }

  test("is refused without any one of its 180 files", async () => {
    expect(files).toHaveLength(180);
    for (const [left] of files.entries()) expect(await openedOrRefused(files.filter((_, index) => index !== left)), `without file ${left + 1}`).toEqual(["IRREGULAR_GEOMETRY", "missing image"]);
  });

  test("is refused with any one of its 180 files doubled under another SOP Instance UID", async () => {
    for (const [index, { bytes }] of files.entries())
      expect(await openedOrRefused([...files, { name: "doubled", bytes: withSopInstanceUID(bytes, `2.25.${index + 1}`) }]), `with file ${index + 1} twice`).toEqual(["IRREGULAR_GEOMETRY", "duplicate position"]);
  });

  test("is itself with any one of its 180 files doubled under another name, and counts the copy as dropped", async () => {
    const itself = (await openedOrRefused(files)) as ImageSeries;
    for (const [index, { bytes }] of files.entries()) {
      // Before, among and behind the others in order of names.
      const again = await openedOrRefused([...files, { name: ["0", `${files[index]?.name}~`, "~"][index % 3] as string, bytes }]);
      expect(again, `with file ${index + 1} twice`).toMatchObject({ assembly: { duplicatesDropped: 1 } });
      expect((again as ImageSeries).frames.map(withoutName)).toEqual(itself.frames.map(withoutName));
    }
  });

  test("rejects Acquisition Number with its groups of 60 and 120, and names what split the phases", async () => {
    const [series] = (await open(sharedSource("breast-mri-nact-pilot"))) as [ImageSeries];
    expect(series.assembly).toMatchObject({
      phaseKey: "Instance Number block",
      rejectedPhaseKeys: expect.arrayContaining([{ key: "Acquisition Number", reason: "2 groups of 60 and 120 images, for 3 phases" }]) as unknown,
    });
    expect(await digestsOf(series)).toEqual(perVolume);
  });

  test.each([1, 2, 3])("is the same with shuffled names and Instance Numbers (%i)", async (seed) => {
    const numbers = shuffled(files.map((_, index) => index + 1), seed);
    const renumbered = files.map(({ bytes }, index) => withElementValue(bytes, INSTANCE_NUMBER, textValue(`${numbers[index]}`)));
    const names = shuffled(files.map((_, index) => `${index}`.padStart(4, "0")), seed + 10);
    const source = memorySource(renumbered.map((bytes, index) => ({ name: names[index] as string, bytes })), { kind: "directory" });
    const [series] = (await open(source)) as [ImageSeries];
    expect(series.phaseKey).toBe("Acquisition Time");
    expect(await digestsOf(series)).toEqual(perVolume);
  });
});

/** The same items in another order (Fisher and Yates, with a linear congruential generator). */
function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  const mixed = [...items];
  let state = seed;
  for (let last = mixed.length - 1; last > 0; last--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other] as T, mixed[last] as T];
  }
  return mixed;
}

/** The file as another instance: its UID in the data set and in the file meta information (PS3.10 7.1). */
function withSopInstanceUID(file: Uint8Array, uid: string): Uint8Array {
  return withElementValue(withElementValue(file, SOP_INSTANCE_UID, textValue(uid)), MEDIA_STORAGE_SOP_INSTANCE_UID, textValue(uid));
}

function textValue(text: string): Uint8Array {
  return Buffer.from(text.length % 2 === 0 ? text : `${text}\0`);
}

/** A frame without the name of the file that it is from. */
function withoutName(frame: Frame): object {
  return { ...frame, derivedFrom: frame.derivedFrom.map((image) => ({ ...image, sourceNameHash: undefined })) };
}
