import { isHilumError } from "@hilum/core";
import { expect, test } from "vitest";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { toRealValues } from "./real-values.ts";
import type { StoredSamples } from "./unpack.ts";

const pixel = { samplesPerPixel: 1, float: false } as DicomInstance["pixel"];
const FLOAT = { ...pixel, float: true };

function realValues(stored: StoredSamples, frame: Partial<DicomInstance>): { voxels: number[]; mask: number[] } {
  const voxels = new Float32Array(stored.length);
  const mask = new Uint8Array(stored.length).fill(9);
  toRealValues(stored, { pixel, modalityLut: { scale: 1, offset: 0 }, ...frame }, voxels, mask);
  return { voxels: [...voxels], mask: [...mask] };
}

test("a slope and an intercept are computed in double and rounded once", () => {
  expect(realValues(Uint32Array.of(3, 4_000_000_001), { modalityLut: { scale: 0.1, offset: -1024.3 } }).voxels).toEqual([
    Math.fround(3 * 0.1 - 1024.3),
    Math.fround(4_000_000_001 * 0.1 - 1024.3),
  ]);
});

test("a Modality LUT gives its first and last entry to values outside of it (PS3.3 C.11.1.1.1)", () => {
  const modalityTable = { firstMapped: -2, values: Float64Array.of(10, 20, 30) };
  expect(realValues(Int16Array.of(-9, -2, -1, 0, 1), { modalityTable }).voxels).toEqual([10, 10, 20, 30, 30]);
});

test("padding is told by stored values, also where a table maps them", () => {
  const { voxels, mask } = realValues(Int16Array.of(-2, 5), { modalityTable: { firstMapped: -2, values: Float64Array.of(7, 8) }, paddingRange: [-2, -2] });
  expect(mask).toEqual([1, 0]);
  expect(voxels).toEqual([7, 8]);
});

test("an image without padding has an empty mask", () => {
  expect(realValues(Uint8Array.of(1, 2), {}).mask).toEqual([0, 0]);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300])("%s in a float image is refused", (value) => {
  try {
    realValues(Float64Array.of(0, value), { pixel: FLOAT });
    expect.unreachable();
  } catch (error) {
    expect(isHilumError(error) && [error.code, error.details]).toEqual(["NON_FINITE_VOXELS", { voxel: 1 }]);
  }
});
