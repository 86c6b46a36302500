import { decode } from "fast-png";
import { IDENTITY_MAP, type ImageSeries, type VolumeSpec } from "@hilum/core";
import { expect, test } from "vitest";
import { contactSheet } from "./contact-sheet.ts";
import { middlePlanes, windowOf } from "./middle-planes.ts";

const signal = new AbortController().signal;

/** 4 × 2 × 3 voxels of 1 × 2 × 4 mm: value i + 10 j + 100 k + 1000 p; masked ones where the rule says so. */
function formula(options: { readonly phases?: number; readonly samples?: number; readonly padding?: (i: number, j: number, k: number) => boolean } = {}): ImageSeries {
  const { phases = 1, samples = 1, padding } = options;
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
});
