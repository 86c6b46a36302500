import { slabOver } from "@hilum/core";
import { describe, expect, test } from "vitest";
import { opened, voxelsOf, written } from "../codec-round-trip.test-support.ts";
import { phantom } from "../phantom-series.test-support.ts";

describe("compressed chunks", () => {
  test.each([1, 2, 3, 7])("keep the mask of every slice where some are what the one before was, %d slices at a time", async (depth) => {
    const kinds = [0, 0, 1, 0, 0, 0, 2];
    const made = phantom({ size: [5, 4, 7], phases: 1, masked: (_phase, k, index) => (index % 4 === kinds[k] ? 1 : 0) });
    for (const compression of ["none", "gzip"] as const) {
      const series = await opened(await written(made, { compression }, depth));
      const { mask } = await voxelsOf(series, 0);
      expect([...mask]).toEqual(kinds.flatMap((kind) => Array.from({ length: 20 }, (_, index) => (index % 4 === kind ? 1 : 0))));
      await series[Symbol.asyncDispose]();
    }
  });

  test.each([1, 2, 3])("keep masks of which a chunk holds two, where a phase ends in the middle of one, %d slices at a time", async (depth) => {
    // Two masks of 360,000 bytes fit into 1 MiB, which HDF5 libraries keep of a dataset by default.
    const made = phantom({ size: [600, 600, 3], phases: 2, masked: (phase, k, index) => (index % 7 === phase * 3 + k ? 1 : 0) });
    const bytes = await written(made, {}, depth);
    const series = await opened(bytes);
    for (const phase of [0, 1]) {
      const { mask } = await voxelsOf(series, phase);
      expect(mask.findIndex((value, n) => value !== ((n % 360_000) % 7 === phase * 3 + Math.floor(n / 360_000) ? 1 : 0))).toBe(-1);
    }
    await series[Symbol.asyncDispose]();
  });

  test("index thousands of compressed slices", async () => {
    const made = phantom({ size: [3, 2, 2100], phases: 2 });
    const series = await opened(await written(made, { compression: "gzip", metadata: "none" }, 500));
    for (const [phase, k] of [[0, 0], [0, 63], [0, 64], [0, 2099], [1, 0], [1, 1996], [1, 2099]] as const) {
      const voxels = new Float32Array(6);
      await series.read(slabOver({ phase, start: k, count: 1, sliceLength: 6 }, voxels));
      expect(voxels[0]).toBe((phase * 2100 + k) * 6 + 0.5);
    }
    await series[Symbol.asyncDispose]();
  });
});
