import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { HilumError, type ImageSeries, type Source, type Warning } from "@hilum/core";
import { codecContext, memorySource, readVoxels } from "@hilum/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { oracle, orSkipped, sharedDataPresent, sharedSource } from "../scan/shared-data.test-support.ts";
import { assembleStacks } from "../series/assemble.ts";
import type { ImageHeader } from "../series/image-header.ts";
import { dicomReader, type DicomReadOptions } from "./dicom-reader.ts";
import { findImages } from "./find-images.ts";

interface OracleSeries {
  readonly path: string;
  readonly perVolume?: readonly { readonly storedSha256: string }[];
}

const REFUSE = { onMissing: "refuse", onDuplicate: "refuse", onTilt: "shear" } as const;

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
  let images: readonly ImageHeader[] = [];
  const perVolume = oracle<OracleSeries>("series").find(({ path }) => path === "breast-mri-nact-pilot")?.perVolume?.map(({ storedSha256 }) => storedSha256);

  beforeAll(async () => {
    images = (await findImages(sharedSource("breast-mri-nact-pilot"), "auto", codecContext())).images;
  });

  /** The code and kind of what assembling them throws. */
  function faultOf(some: readonly ImageHeader[]): readonly unknown[] {
    try {
      assembleStacks(some, REFUSE);
      return ["nothing"];
    } catch (error) {
      if (!(error instanceof HilumError)) throw error;
      return [error.code, error.details["kind"]];
    }
  }

  test("is refused without any one of its 180 images", () => {
    expect(images).toHaveLength(180);
    for (const [left] of images.entries()) expect(faultOf(images.filter((_, index) => index !== left)), `without ${left}`).toEqual(["IRREGULAR_GEOMETRY", "missing image"]);
  });

  test("is refused with any one of its 180 images doubled under another UID", () => {
    for (const [index, image] of images.entries())
      expect(faultOf([...images, { ...image, sopInstanceUID: `${image.sopInstanceUID}.1` }]), `with ${index} twice`).toEqual(["IRREGULAR_GEOMETRY", "duplicate position"]);
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
    const files = sharedSource("breast-mri-nact-pilot").files.map((file) => {
      const bytes = Buffer.alloc(file.size);
      file.read(bytes, 0);
      return bytes;
    });
    const numbers = shuffled(files.map((_, index) => index + 1), seed);
    const renumbered = files.map((bytes, index) => withInstanceNumber(bytes, numbers[index] as number));
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

/** An explicit little endian file with another Instance Number (0020,0013). */
function withInstanceNumber(file: Buffer, number: number): Buffer {
  const at = file.indexOf(Buffer.from([0x20, 0, 0x13, 0, 0x49, 0x53]));
  const text = `${number}`.length % 2 === 0 ? `${number}` : `${number} `;
  const element = Buffer.alloc(8);
  file.copy(element, 0, at, at + 6);
  element.writeUInt16LE(text.length, 6);
  return Buffer.concat([file.subarray(0, at), element, Buffer.from(text), file.subarray(at + 8 + file.readUInt16LE(at + 6))]);
}
