import { decode } from "fast-png";
import { IDENTITY_MAP, type ImageSeries, type Vec3, type VolumeSpec } from "@hilum/core";
import { expect, test } from "vitest";
import { contactSheet } from "./contact-sheet.ts";
import { middlePlanes, upright, windowOf } from "./middle-planes.ts";

const signal = new AbortController().signal;

/** 4 × 2 × 3 voxels of 1 × 2 × 4 mm: value i + 10 j + 100 k + 1000 p; masked ones where the rule says so. */
function formula(options: { readonly phases?: number; readonly samples?: number; readonly photometric?: string; readonly padding?: (i: number, j: number, k: number) => boolean } = {}): ImageSeries {
  const { phases = 1, samples = 1, photometric = samples === 3 ? "RGB" : "MONOCHROME2", padding } = options;
  const volume: VolumeSpec = {
    geometry: { size: [4, 2, 3], spacing: [1, 2, 4], origin: [0, 0, 0], direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] },
    voxel: { componentType: "int16", samplesPerVoxel: samples },
    masked: padding !== undefined,
  };
  return {
    metadata: {},
    volume,
    phaseKey: "none",
    phases: Array.from({ length: phases }, (_, n) => ({ label: String(n) })),
    frames: [{ phase: 0, slice: 0, imagePosition: [0, 0, 0], toReal: IDENTITY_MAP, modalityLut: IDENTITY_MAP, derivedFrom: [], values: {} }],
    history: [],
    assembly: { photometricInterpretation: photometric },
    attributes: () => ({ shared: {}, perFrame: [] }),
    read(into) {
      for (let k = into.start; k < into.start + into.count; k++)
        for (let j = 0; j < 2; j++)
          for (let i = 0; i < 4; i++) {
            for (let s = 0; s < samples; s++) into.slice(k)[(j * 4 + i) * samples + s] = i + 10 * j + 100 * k + 1000 * into.phase;
            if (padding?.(i, j, k) === true) (into.sliceMask(k) as Uint8Array)[j * 4 + i] = 1;
          }
    },
    async [Symbol.asyncDispose]() {},
  };
}

test("the planes go through the voxel in the middle, with the last slice on top, and padding is no number", async () => {
  const [across, alongRows, alongColumns] = await middlePlanes(formula({ phases: 2, padding: (i, _j, k) => i === 0 && k === 1 }), 1, signal);
  expect(across).toMatchObject({ width: 4, height: 2, spacing: [1, 2] });
  expect(Array.from(across?.values ?? [])).toEqual([Number.NaN, 1101, 1102, 1103, Number.NaN, 1111, 1112, 1113]);
  expect(alongRows).toMatchObject({ width: 4, height: 3, spacing: [1, 4] });
  expect(Array.from(alongRows?.values ?? [])).toEqual([1210, 1211, 1212, 1213, Number.NaN, 1111, 1112, 1113, 1010, 1011, 1012, 1013]);
  expect(alongColumns).toMatchObject({ width: 2, height: 3, spacing: [2, 4] });
  expect(Array.from(alongColumns?.values ?? [])).toEqual([1202, 1212, 1102, 1112, 1002, 1012]);
});

// Directions in LPS; numbers as in a plane of 2 × 2 read from its top left.
test.each<readonly [string, Vec3, Vec3, readonly number[]]>([
  ["an axial plane from right to left and front to back stays", [1, 0, 0], [0, 1, 0], [1, 2, 3, 4]],
  ["a coronal plane with its head below is turned over", [1, 0, 0], [0, 0, 1], [3, 4, 1, 2]],
  ["a coronal plane that lies on its side stands up, its left at the right", [0, 0, -1], [1, 0, 0], [1, 3, 2, 4]],
  ["an axial plane with its left at the left is mirrored", [-1, 0, 0], [0, 1, 0], [2, 1, 4, 3]],
  ["a sagittal plane has its back at the right", [0, -1, 0], [0, 0, -1], [2, 1, 4, 3]],
  ["an oblique plane is taken by its nearest axes", [0.8, 0.6, 0], [0, -0.3, 0.95], [3, 4, 1, 2]],
  ["a plane whose sides are nearest to one axis stays", [0, 0.8, 0.6], [0, 0.7, -0.7], [1, 2, 3, 4]],
])("%s", (_, right, down, expected) => {
  const plane = { width: 2, height: 2, spacing: [1, 1] as const, samples: 1, values: Float32Array.of(1, 2, 3, 4) };
  expect(Array.from(upright(plane, right, down).values)).toEqual(expected);
});

test("a plane that is turned keeps its millimetres and its colours", () => {
  const plane = { width: 1, height: 2, spacing: [3, 5] as const, samples: 3, values: Float32Array.of(1, 2, 3, 4, 5, 6) };
  const found = upright(plane, [0, 0, -1], [1, 0, 0]);
  expect(found).toMatchObject({ width: 2, height: 1, spacing: [5, 3] });
  expect(Array.from(found.values)).toEqual([1, 2, 3, 4, 5, 6]);
});

test("luminance and colour differences become red, green and blue, as PS3.3 C.7.6.3.1.2 says", async () => {
  const series: ImageSeries = { ...formula({ samples: 3, photometric: "YBR_FULL_422" }), read: ({ start, slice }) => slice(start).set([76, 85, 255, 150, 44, 21, 29, 255, 107]) };
  const [across] = await middlePlanes({ ...series, volume: { ...series.volume, voxel: { componentType: "uint8", samplesPerVoxel: 3 } } }, 0, signal);
  // Pure red, green and blue, of which 8 bits keep all but rounding.
  const rounded = Array.from(across?.values.subarray(0, 9) ?? []).map((value) => Math.max(0, Math.round(value / 4) * 4));
  expect(rounded).toEqual([256, 0, 0, 0, 256, 0, 0, 0, 256]);
});

test("the window leaves out a hundredth at both ends, and padding", () => {
  const values = Float32Array.from({ length: 201 }, (_, n) => 200 - n);
  const plane = { width: 202, height: 1, spacing: [1, 1] as const, samples: 1, values: Float32Array.of(...values, Number.NaN) };
  expect(windowOf([plane])).toEqual([2, 198]);
  expect(windowOf([{ ...plane, values: Float32Array.of(Number.NaN) }])).toEqual([0, 0]);
});

test("planes have their physical size: 4 mm, 4 mm and 12 mm become 85, 85 and 256 pixels", async () => {
  const { width, height, channels, data } = decode(await contactSheet([formula({ phases: 2 })], signal));
  expect([width, height, channels]).toEqual([4 + 85 + 4 + 85 + 4 + 85 + 4, 4 + 256 + 4 + 256 + 4, 1]);
  // The corner of the first plane is its smallest value; below the plane there is the background.
  expect([data[0], data[4 * width + 4], data[(4 + 100) * width + 4]]).toEqual([40, expect.any(Number), 40]);
  expect(data[4 * width + 4]).toBeLessThan(128);
  // The last slice lies on top of the second plane, so that it is bright.
  expect(data[4 * width + 4 + 85 + 4 + 40]).toBeGreaterThan(220);
});

test("several series are a grid of their middle slices, in colour where one has colours", async () => {
  const { width, height, channels } = decode(await contactSheet([formula(), formula({ samples: 3 }), formula()], signal));
  expect([width, height, channels]).toEqual([2 * (256 + 4) + 4, 2 * (256 + 4) + 4, 3]);
});

test("padding is black where its voxels would be bright, and samples that no picture shows are refused", async () => {
  const { width, data } = decode(await contactSheet([formula(), formula({ padding: (i) => i >= 2 })], signal));
  const rightOf = (picture: number): number => data[(4 + 200) * width + 4 + picture * (256 + 4) + 200] as number;
  expect([rightOf(0) > 128, rightOf(1)]).toEqual([true, 0]);
  await expect(contactSheet([formula({ samples: 2 })], signal)).rejects.toMatchObject({ code: "UNSUPPORTED_VOXEL_FORMAT" });
  await expect(contactSheet([formula({ photometric: "PALETTE COLOR" })], signal)).rejects.toMatchObject({ code: "UNSUPPORTED_VOXEL_FORMAT" });
});

test("where low is white, the brightest corner is the smallest value", async () => {
  const { width, data } = decode(await contactSheet([formula({ photometric: "MONOCHROME1" })], signal));
  expect(data[4 * width + 4]).toBeGreaterThan(128);
});

test("a series that is refused or has no picture leaves a cross at its place", async () => {
  const { width, data } = decode(await contactSheet([formula(), undefined, formula({ photometric: "PALETTE COLOR" }), formula()], signal));
  const corner = (column: number, row: number): number => data[(4 + row * 260 + 7) * width + 4 + column * 260 + 7] as number;
  const beside = (column: number, row: number): number => data[(4 + row * 260 + 7) * width + 4 + column * 260 + 60] as number;
  expect([corner(1, 0), beside(1, 0), corner(0, 1), beside(0, 1)]).toEqual([90, 40, 90, 40]);
});
