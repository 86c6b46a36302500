import { createHash } from "node:crypto";
import { slabOver, sliceLengthOf, type VolumeSpec } from "@hilum/core";
import { describe, expect, test } from "vitest";
import { oracle, orSkipped, sharedDataPresent } from "../scan/shared-data.test-support.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { readFrames } from "./read-frames.ts";
import { readStored } from "./read-stored.ts";
import { framesOfFile, type PixelFrame } from "./shared-frames.test-support.ts";
import type { StoredSamples } from "./unpack.ts";

interface Statistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

interface OracleFile {
  readonly path: string;
  readonly lossy: boolean;
  readonly pixel?: { readonly dtype: string; readonly sha256: string };
  readonly samples_at?: readonly (readonly [number, number])[];
  readonly channels?: readonly Statistics[];
  readonly modality_lut?: Statistics & { readonly rule: string };
}

const files = oracle<OracleFile>("files").filter(({ pixel }) => pixel !== undefined);
const lossless = files.filter(({ lossy }) => !lossy);
const lossy = files.filter((file) => file.lossy);

const stored = (frames: readonly PixelFrame[]): Promise<StoredSamples[]> => Promise.all(frames.map((frame) => readStored(frame as DicomInstance)));

/** The real values of a frame, as a series reads them into a slab. */
async function real(frame: PixelFrame): Promise<Float32Array> {
  const [columns, rows] = frame.size;
  const spec = { geometry: { size: [columns, rows, 1] }, voxel: { samplesPerVoxel: frame.pixel.samplesPerPixel } } as unknown as VolumeSpec;
  const slab = slabOver({ phase: 0, start: 0, count: 1, sliceLength: sliceLengthOf(spec) }, new Float32Array(sliceLengthOf(spec)));
  await readFrames([frame as DicomInstance], slab, true);
  return slab.voxels;
}

async function statisticsOf(frames: readonly PixelFrame[], channel = 0, channels = 1): Promise<Statistics> {
  let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const frame of frames) {
    const voxels = await real(frame);
    for (let i = channel; i < voxels.length; i += channels) {
      const value = voxels[i] as number;
      min = Math.min(min, value);
      max = Math.max(max, value);
      sum += value;
    }
    count += voxels.length / channels;
  }
  return { min, max, mean: sum / count };
}

/** Within `tolerance`, or within what float32 keeps of the oracle's float64. */
function expectNear(found: Statistics, expected: Statistics, tolerance: number): void {
  for (const key of ["min", "max", "mean"] as const) {
    const rounding = 1e-6 * Math.max(1, Math.abs(expected.min), Math.abs(expected.max));
    expect(Math.abs(found[key] - expected[key]), key).toBeLessThanOrEqual(Math.max(rounding, key === "mean" ? tolerance / 16 : tolerance));
  }
}

test.skipIf(!sharedDataPresent)(`the oracle has 665 lossless files and 32 lossy ones${orSkipped}`, () => {
  expect([lossless.length, lossy.length]).toEqual([665, 32]);
});

describe("each lossless file of the oracle", () => {
  test.each(lossless)("$path decodes to its stored values", async ({ path, pixel }) => {
    const hash = createHash("sha256");
    for (const samples of await stored(framesOfFile(path))) {
      expect(samples.constructor.name.replace("Array", "").toLowerCase()).toBe(pixel?.dtype);
      hash.update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
    }
    expect(hash.digest("hex")).toBe(pixel?.sha256);
  });

  // Slopes of functional groups belong to the frames of an enhanced instance, which are not made here.
  test.each(lossless.filter(({ modality_lut: lut }) => lut !== undefined && lut.rule !== "per-frame rescale"))(
    "$path has the real values of its Modality LUT",
    async ({ path, modality_lut: lut }) => {
      expectNear(await statisticsOf(framesOfFile(path)), lut as Statistics, 0);
    },
  );
});

describe("each lossy file of the oracle", () => {
  test.each(lossy)("$path is within tolerance", async ({ path, pixel, samples_at: samplesAt, channels, modality_lut: lut }) => {
    const tolerance = pixel?.dtype === "uint8" ? 4 : 16;
    const frames = framesOfFile(path);
    const samples = await stored(frames);
    const length = samples[0]?.length as number;
    const differences = (samplesAt ?? []).map(([index, value]) => Math.abs((samples[Math.floor(index / length)]?.[index % length] as number) - value));
    expect(differences).toHaveLength(Math.min(64, length * samples.length));
    expect(Math.max(...differences)).toBeLessThanOrEqual(tolerance);
    const scale = Math.abs(frames[0]?.modalityLut.scale as number);
    if (lut !== undefined) expectNear(await statisticsOf(frames), lut, tolerance * scale);
    for (const [channel, expected] of (channels ?? []).entries()) expectNear(await statisticsOf(frames, channel, 3), expected, tolerance);
  });
});
