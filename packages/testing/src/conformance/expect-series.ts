import { expect } from "vitest";
import { slabOver, sliceLengthOf, type ImageSeries, type SeriesSpec, type Vec3 } from "@hilum/core";
import type { Phantom } from "../phantom.ts";
import { readVoxels, type ReadVoxelsOptions, type SeriesVoxels } from "../read-voxels.ts";

/** Largest difference of positions and directions, mm or none: less than any format's own rounding can add up to. */
const GEOMETRY_TOLERANCE = 1e-5;

/** Fails unless both series lie at the same place, with the same phases and frames in the same order. */
export function expectSameGeometry(actual: SeriesSpec, expected: SeriesSpec): void {
  const from = actual.volume.geometry;
  const to = expected.volume.geometry;
  expect(from.size, "size").toEqual(to.size);
  expect(actual.phases.length, "phases").toBe(expected.phases.length);
  expectNear([...from.spacing], [...to.spacing], "spacing");
  expectNear([...from.origin], [...to.origin], "origin");
  expectNear(from.direction.flat(), to.direction.flat(), "direction");
  expect(
    actual.frames.map(({ phase, slice }) => [phase, slice]),
    "order of frames",
  ).toEqual(expected.frames.map(({ phase, slice }) => [phase, slice]));
  expectNear(positions(actual), positions(expected), "image positions");
  expect(
    actual.frames.every(({ toReal }) => toReal.scale === 1 && toReal.offset === 0),
    "readers give real values, so that toReal is the identity",
  ).toBe(true);
}

/** Fails unless the frames still say what their numbers mean and what they came from. */
export function expectSameFrames(actual: SeriesSpec, expected: SeriesSpec): void {
  expect(
    actual.frames.map(({ modalityLut }) => modalityLut),
    "modality LUT",
  ).toEqual(expected.frames.map(({ modalityLut }) => modalityLut));
  expect(
    actual.frames.map(({ derivedFrom }) => derivedFrom.map((ref) => ref.sopInstanceUIDHash)),
    "what the frames came from",
  ).toEqual(expected.frames.map(({ derivedFrom }) => derivedFrom.map((ref) => ref.sopInstanceUIDHash)));
}

/**
 * Fails unless every voxel and every mask is as the phantom's formula says. Compared with the formula, not with the phantom's
 * own reading.
 * @param tolerance largest difference of a voxel.
 */
export async function expectPhantomVoxels(
  actual: ImageSeries,
  expected: Phantom,
  tolerance: number,
  reading: ReadVoxelsOptions = {},
): Promise<void> {
  expect(actual.volume.masked, "masked").toBe(expected.volume.masked);
  expect(actual.volume.voxel.samplesPerVoxel, "samples per voxel").toBe(expected.volume.voxel.samplesPerVoxel);
  const difference = firstDifference(await readVoxels(actual, reading), expected, tolerance);
  expect(difference, "first voxel that differs").toBeUndefined();
}

/** Fails unless every range that a series tells is that of the image voxels that it gives. */
export async function expectRangesOfVoxels(series: ImageSeries): Promise<void> {
  const [columns, rows, slices] = series.volume.geometry.size;
  const sliceLength = sliceLengthOf(series.volume);
  const memory = new WebAssembly.Memory({ initial: Math.ceil((slices * (4 * sliceLength + columns * rows)) / 65_536), maximum: 65_536, shared: true });
  const voxels = new Float32Array(memory.buffer, 0, slices * sliceLength);
  const mask = series.volume.masked ? new Uint8Array(memory.buffer, voxels.byteLength, slices * columns * rows) : undefined;
  for (let phase = 0; phase < series.phases.length; phase++) {
    const slab = slabOver({ phase, start: 0, count: slices, sliceLength }, voxels, mask, memory);
    const told = series.ranges?.(slab);
    if (told === undefined) continue;
    await series.read(slab);
    const isImage = (k: number, index: number): boolean => slab.sliceMask(k)?.[Math.floor(index / series.volume.voxel.samplesPerVoxel)] !== 1;
    const image = Array.from({ length: slices }, (_, k) => slab.slice(k).filter((_voxel, index) => isImage(k, index)));
    expect(told, `ranges of phase ${phase}`).toEqual(image.map((values) => (values.length === 0 ? undefined : [Math.min(...values) + 0, Math.max(...values) + 0])));
  }
}

function firstDifference({ voxels, mask }: SeriesVoxels, expected: Phantom, tolerance: number): object | undefined {
  const [columns, rows, slices] = expected.volume.geometry.size;
  const samples = expected.volume.voxel.samplesPerVoxel;
  let at = 0;
  let voxel = 0;
  for (let phase = 0; phase < expected.phases.length; phase++)
    for (let k = 0; k < slices; k++)
      for (let j = 0; j < rows; j++)
        for (let i = 0; i < columns; i++) {
          for (let sample = 0; sample < samples; sample++) {
            const is = voxels[at++] as number;
            const shouldBe = expected.valueAt(phase, k, j, i, sample);
            if (!(Math.abs(is - shouldBe) <= tolerance)) return { phase, k, j, i, sample, is, shouldBe };
          }
          if (mask.length > 0) {
            const isPadding = mask[voxel++];
            const shouldBePadding = expected.paddedAt(k, j, i) ? 1 : 0;
            if (isPadding !== shouldBePadding) return { phase, k, j, i, isPadding, shouldBePadding };
          }
        }
  return undefined;
}

function positions(series: SeriesSpec): number[] {
  return series.frames.flatMap(({ imagePosition }: { readonly imagePosition: Vec3 }) => [...imagePosition]);
}

function expectNear(actual: readonly number[], expected: readonly number[], what: string): void {
  expect(actual.length, `how many ${what}`).toBe(expected.length);
  const worst = Math.max(...actual.map((value, index) => Math.abs(value - (expected[index] as number))));
  expect(worst, `largest difference of ${what}`).toBeLessThanOrEqual(GEOMETRY_TOLERANCE);
}
