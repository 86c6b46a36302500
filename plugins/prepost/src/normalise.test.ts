import { slabOver, type LinearMap, type Slab, type VolumeSpec } from "@hilum/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MinMax } from "./min-max.ts";
import { normalise, type NormaliseConfig } from "./normalise.ts";

const config: NormaliseConfig = { scope: "phase" };

describe("normalise", () => {
  it("maps -1000, 0 and 3000 to 0, 0.25 and 1", () => {
    expect([...normalised([[-1000, 0, 3000]]).voxels]).toEqual([0, 0.25, 1]);
  });

  it("measures all slices of its scope together", () => {
    expect([...normalised([[10, 20], [30, 50]]).voxels]).toEqual([0, 0.25, 0.5, 1]);
  });

  it("maps slice by slice with the numbers of each slice", () => {
    const input = slabOf([[0, 4], [100, 300]]);
    const output = empty(input);
    const each = [measure(input, [0]), measure(input, [1])];
    void normalise.run({ input, output, config: { scope: "slice" }, spec: specOf(input), measured: (k) => each[k] as MinMax });
    expect([...output.voxels]).toEqual([0, 1, 0, 1]);
  });

  it("reads the slices of the output range out of a wider input", () => {
    const input = slabOf([[9, 9], [10, 20], [30, 50], [9, 9]]);
    const output = slabOver({ phase: 0, start: 1, count: 2, sliceLength: 2 }, new Float32Array(4));
    void normalise.run({ input, output, config, spec: specOf(input), measured: () => ({ lo: 10, hi: 50 }) });
    expect([...output.voxels]).toEqual([0, 0.25, 0.5, 1]);
  });

  it("gives exactly 0 at the minimum, exactly 1 at the maximum, and nothing outside, for any float32", () => {
    fc.assert(
      fc.property(fc.array(finiteFloat32(), { minLength: 2, maxLength: 40 }), (values) => {
        const input = [...Float32Array.from(values)];
        const output = [...normalised([values]).voxels];
        const lo = Math.min(...input);
        const hi = Math.max(...input);
        expect(output[input.indexOf(lo)]).toBe(0);
        expect(output[input.indexOf(hi)]).toBe(hi > lo ? 1 : 0);
        expect(output.every((y) => y >= 0 && y <= 1)).toBe(true);
      }),
    );
  });

  it("makes a constant scope 0 and gives its value back", () => {
    const input = slabOf([[7, 7, 7]]);
    const measured = measure(input, [0]);
    expect([...normalised([[7, 7, 7]]).voxels]).toEqual([0, 0, 0]);
    expect(normalise.toInput?.(measured, config)).toEqual({ scale: 1, offset: 7 });
    expect([...thereAndBack(input).voxels]).toEqual([7, 7, 7]);
  });

  it("does not count padding, maps it by the same line, and copies the mask", () => {
    const mask = [1, 0, 0, 0];
    const input = slabOf([[-2000, -1000, 1000, 3000]], mask);
    const output = empty(input);
    const measured = measure(input, [0]);
    expect(measured).toEqual({ lo: -1000, hi: 3000 });
    void normalise.run({ input, output, config, spec: specOf(input), measured: () => measured });
    expect([...output.voxels]).toEqual([-0.25, 0, 0.5, 1]);
    expect([...(output.mask ?? [])]).toEqual(mask);
    expect([...thereAndBack(input).voxels]).toEqual([-2000, -1000, 1000, 3000]);
    expect([...(thereAndBack(input).mask ?? [])]).toEqual(mask);
  });

  it("covers every sample of an image voxel by one byte of the mask", () => {
    expect(measure(slabOf([[900, 901, 902, 4, 5, 6]], [1, 0]), [0])).toEqual({ lo: 4, hi: 6 });
  });

  it("changes nothing where all is padding", () => {
    const input = slabOf([[3, 5]], [1, 1]);
    expect(measure(input, [0])).toEqual({ lo: 0, hi: 1 });
    expect(normalise.measure?.range?.(stat(input, 0))).toBeUndefined();
  });

  it("tells the range of each slice", () => {
    expect(normalise.measure?.range?.(stat(slabOf([[3, -5, 4]]), 0))).toEqual([-5, 4]);
  });

  it("takes a range in place of voxels, and refuses one that is not finite", () => {
    const ofRange = (range: readonly [number, number] | undefined): unknown => normalise.measure?.ofRange?.(range, config);
    expect(ofRange([-5, 4])).toEqual(stat(slabOf([[3, -5, 4]]), 0));
    expect(ofRange(undefined)).toEqual(stat(slabOf([[3, 5]], [1, 1]), 0));
    expect(() => ofRange([0, Infinity])).toThrow(expect.objectContaining({ code: "NON_FINITE_VOXELS" }));
    expect(() => ofRange([-Infinity, 0])).toThrow(expect.objectContaining({ code: "NON_FINITE_VOXELS" }));
  });

  it.each([NaN, Infinity, -Infinity])("refuses %d, with and without a mask", (bad) => {
    const refusal = expect.objectContaining({ code: "NON_FINITE_VOXELS", details: { phase: 0, slice: 1 } });
    expect(() => stat(slabOf([[0, 1, 2], [1, bad, 2]]), 1)).toThrow(refusal);
    expect(() => stat(slabOf([[0, 1, 2], [1, bad, 2]], [0, 0, 0, 0, 0, 1]), 1)).toThrow(refusal);
    expect(stat(slabOf([[1, bad, 2]], [0, 1, 0]), 0)).toEqual({ lo: 1, hi: 2 });
  });

  it.each<[string, number, number, LinearMap]>([
    ["int16", -32768, 32767, { scale: 1, offset: 0 }],
    ["uint16", 0, 65535, { scale: 1, offset: 0 }],
    ["int16 with slope 0.1 and intercept -1024", -32768, 32767, { scale: 0.1, offset: -1024 }],
    ["uint16 with slope 0.1 and intercept -1024", 0, 65535, { scale: 0.1, offset: -1024 }],
    ["uint16 with slope 2.44140625 and intercept 0", 0, 65535, { scale: 2.44140625, offset: 0 }],
    ["a narrow range of uint16", 40000, 40003, { scale: 1, offset: 0 }],
  ])("gives every stored value of %s back after rounding", (_, first, last, lut) => {
    const stored = Array.from({ length: last - first + 1 }, (_each, n) => first + n);
    const back = thereAndBack(slabOf([stored.map((value) => value * lut.scale + lut.offset)]));
    const wrong = stored.filter((value, n) => Math.round(((back.voxels[n] as number) - lut.offset) / lut.scale) !== value);
    expect(wrong).toEqual([]);
  });

  it("takes the scope of the series by default, and refuses unknown scopes and keys", async () => {
    expect(await normalise.config["~standard"].validate({})).toEqual({ value: { scope: "series" } });
    expect(await normalise.config["~standard"].validate({ scope: "study" })).toHaveProperty("issues");
    expect(await normalise.config["~standard"].validate({ scop: "slice" })).toHaveProperty("issues");
  });
});

function finiteFloat32(): fc.Arbitrary<number> {
  return fc.float({ noDefaultInfinity: true, noNaN: true });
}

function slabOf(slices: readonly (readonly number[])[], mask?: readonly number[]): Slab {
  const place = { phase: 0, start: 0, count: slices.length, sliceLength: slices[0]?.length ?? 0 };
  return slabOver(place, Float32Array.from(slices.flat()), mask && Uint8Array.from(mask));
}

function empty(like: Slab): Slab {
  return slabOver(like, new Float32Array(like.voxels.length), like.mask && new Uint8Array(like.mask.length));
}

function specOf(slab: Slab): VolumeSpec {
  return {
    geometry: {
      size: [slab.sliceLength, 1, slab.count],
      spacing: [1, 1, 1],
      origin: [0, 0, 0],
      direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    },
    voxel: { componentType: "float32", samplesPerVoxel: 1 },
    masked: slab.mask !== undefined,
  };
}

function stat(slab: Slab, k: number): MinMax {
  return normalise.measure?.slice(slab, k, config) as MinMax;
}

function measure(slab: Slab, slices: readonly number[]): MinMax {
  return normalise.measure?.fold(slices.map((k) => stat(slab, k)), config) as MinMax;
}

function normalised(slices: readonly (readonly number[])[]): Slab {
  const input = slabOf(slices);
  const output = empty(input);
  const measured = measure(input, [...slices.keys()]);
  void normalise.run({ input, output, config, spec: specOf(input), measured: () => measured });
  return output;
}

function thereAndBack(input: Slab): Slab {
  const between = empty(input);
  const back = empty(input);
  const measured = measure(input, [0]);
  void normalise.run({ input, output: between, config, spec: specOf(input), measured: () => measured });
  void normalise.undo?.({ input: between, output: back, config, spec: specOf(input), measured: () => measured });
  return back;
}
