import { cross, dot, norm, slabOver } from "@hilum/core";
import { describe, expect, test } from "vitest";
import { createPhantom } from "./phantom.ts";
import { isPaddingAt, storedRangeOf, storedValueAt } from "./phantom-content.ts";
import { readVoxels } from "./read-voxels.ts";

describe("content of phantoms", () => {
  test("follows the formula of its documentation", () => {
    const range = storedRangeOf(16, true);
    // 31 + 1237·3 + 7919·2 + 15013·4 + 4211·1 + 3·9 + 5·6 + 11·8 + 17·5 = 84073; 84073 − 65521 − 32760 = −14208
    expect(storedValueAt(range, 5, 1, 4, 2, 3)).toBe(-14_208);
  });

  test.each([
    [8, false, 0, 250, 255],
    [8, true, -125, 125, -128],
    [12, false, 0, 4092, 4095],
    [12, true, -2046, 2046, -2048],
    [16, false, 0, 65_520, 65_535],
    [16, true, -32_760, 32_760, -32_768],
  ] as const)("fits %i bits, signed %s", (bits, signed, lowest, highest, padding) => {
    const range = storedRangeOf(bits, signed);
    expect([range.lowest, range.lowest + range.levels - 1, range.padding]).toEqual([lowest, highest, padding]);
  });

  test("refuses other numbers of bits", () => {
    expect(() => storedRangeOf(10, false)).toThrow(new TypeError("a phantom stores 8, 12 or 16 bits, not 10"));
  });

  test.each([
    ["i", 1, 0, 0, 0],
    ["j", 0, 1, 0, 0],
    ["k", 0, 0, 1, 0],
    ["phase", 0, 0, 0, 1],
  ] as const)("differs from itself shifted or mirrored along %s, nearly everywhere", (_, di, dj, dk, dp) => {
    const phantom = createPhantom({ phases: 3 });
    const [columns, rows, slices] = phantom.volume.geometry.size;
    const mirror = (index: number, count: number, by: number): number => (by === 0 ? index : count - 1 - index);
    let same = 0;
    let mirrored = 0;
    let count = 0;
    for (let p = 0; p < 3; p++)
      for (let k = 0; k < slices; k++)
        for (let j = 0; j < rows; j++)
          for (let i = 0; i < columns; i++) {
            const value = phantom.valueAt(p, k, j, i);
            if (value === phantom.valueAt(p + dp, k + dk, j + dj, i + di)) same++;
            if (value === phantom.valueAt(mirror(p, 3, dp), mirror(k, slices, dk), mirror(j, rows, dj), mirror(i, columns, di))) mirrored++;
            count++;
          }
    expect(same).toBe(0);
    // The middle plane of an odd count lies on itself; it is at most a third of the voxels (three phases).
    expect(mirrored).toBeLessThanOrEqual(count / 3);
  });

  test("pads a corner that no axis can be swapped in", () => {
    expect(isPaddingAt(0, 0, 4)).toBe(true);
    expect(isPaddingAt(0, 4, 0)).toBe(false);
    expect(isPaddingAt(0, 2, 0)).toBe(true);
    expect(isPaddingAt(2, 0, 0)).toBe(true);
    expect(isPaddingAt(3, 0, 0)).toBe(false);
  });
});

describe("phantoms", () => {
  test.each(["axial", "sagittal", "oblique"] as const)("has an orthonormal right-handed %s direction", (orientation) => {
    const [u, v, w] = createPhantom({ orientation }).volume.geometry.direction;
    expect([norm(u), norm(v), norm(w)].every((length) => Math.abs(length - 1) < 1e-12)).toBe(true);
    expect(Math.max(Math.abs(dot(u, v)), Math.abs(dot(v, w)), Math.abs(dot(u, w)))).toBeLessThan(1e-12);
    expect(Math.max(...cross(u, v).map((value, axis) => Math.abs(value - (w[axis] as number))))).toBeLessThan(1e-12);
  });

  test("lies where spacing and direction say", () => {
    const { frames } = createPhantom({ orientation: "sagittal", phases: 2 });
    // Slices of a sagittal stack go along −x, 2.3 mm apart: −31.5 − 3 · 2.3 = −38.4.
    expect(frames[5 + 3]).toMatchObject({ phase: 1, slice: 3, imagePosition: [-38.4, 17.25, 43.75] });
  });

  test("rounds real values once, from double to float32", () => {
    const phantom = createPhantom({ rescale: "per-slice", phases: 2 });
    const { scale } = phantom.frames[5 + 2]?.modalityLut ?? { scale: Number.NaN };
    // 0.1371 + 2 · 0.0113 + 0.0529
    expect(scale).toBe(0.2126);
    expect(phantom.valueAt(1, 2, 3, 4)).toBe(Math.fround(phantom.storedAt(1, 2, 3, 4) * 0.2126));
  });

  test("has another slope for every frame of a series with slopes per slice", () => {
    const slopes = createPhantom({ rescale: "per-slice", phases: 3 }).frames.map(({ modalityLut }) => modalityLut.scale);
    expect(new Set(slopes).size).toBe(15);
  });

  test("reads samples column fastest, then rows, then slices, samples side by side", async () => {
    const phantom = createPhantom({ samplesPerVoxel: 3, size: [4, 3, 2], phases: 2, componentType: "uint8" });
    const { voxels } = await readVoxels(phantom);
    expect(voxels.length).toBe(2 * 2 * 3 * 4 * 3);
    // Place of phase 1, k 1, j 2, i 3, sample 2: (((1·2 + 1)·3 + 2)·4 + 3)·3 + 2 = 143.
    expect(voxels[143]).toBe(phantom.valueAt(1, 1, 2, 3, 2));
    // Phase 1, k 0, j 1, i 2, sample 1: (((1·2 + 0)·3 + 1)·4 + 2)·3 + 1 = 91.
    expect(voxels[91]).toBe(phantom.valueAt(1, 0, 1, 2, 1));
  });

  test("marks padding in the mask, and gives it the real value of its stored value", async () => {
    const phantom = createPhantom({ padding: "mask", rescale: "hounsfield" });
    const { voxels, mask } = await readVoxels(phantom, { slabSlices: 2, backwards: true });
    expect([mask[0], mask[5], mask[3 * 77]]).toEqual([1, 0, 0]);
    expect(voxels[0]).toBe(-32_768 - 1024);
  });

  test("refuses slabs outside itself", () => {
    const slab = slabOver({ phase: 0, start: 4, count: 2, sliceLength: 77 }, new Float32Array(154));
    expect(() => createPhantom().read(slab)).toThrow(new RangeError("the slab lies outside the phantom"));
  });

  test("gives the attributes that are asked for, with decimal strings as text", () => {
    const phantom = createPhantom({ orientation: "oblique" });
    const { shared, perFrame } = phantom.attributes(new Set(["00280030", "00200032"]));
    expect(shared).toEqual({ "00280030": { vr: "DS", Value: ["1.1", "0.7"] } });
    expect(perFrame[0]).toEqual({ "00200032": { vr: "DS", Value: ["-31.5", "17.25", "43.75"] } });
    expect(perFrame.length).toBe(5);
  });

  test("has other content and other identifiers for another seed", () => {
    const [a, b] = [createPhantom({ seed: 1 }), createPhantom({ seed: 2 })];
    expect(a.valueAt(0, 0, 0, 0)).not.toBe(b.valueAt(0, 0, 0, 0));
    expect(a.metadata.seriesInstanceUID).not.toBe(b.metadata.seriesInstanceUID);
    expect(a.frames[0]?.derivedFrom[0]?.sopInstanceUIDHash).not.toBe(b.frames[0]?.derivedFrom[0]?.sopInstanceUIDHash);
  });
});
