import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BOUNDARY_MODES } from "./boundary.ts";
import { gaussianBlur } from "./gaussian-blur.ts";
import { blurInSlabs, resolved, specOf, type TestVolume } from "./blur-in-slabs.test-support.ts";

const SIZE = [7, 5, 4] as const;

describe("gaussianBlur", () => {
  it("spreads an impulse into the outer product of the weights along x, y and z", () => {
    const voxels = new Float32Array(5 * 5 * 5);
    voxels[62] = 1;
    const { voxels: blurred } = blurInSlabs({ size: [5, 5, 5], voxels }, { sigma: [1, 0.5, 0.8], unit: "voxel", radius: 1 });
    // e^(-1/2), e^(-2), e^(-0.78125) by hand, each over 1 + 2 of itself.
    const side = [0.6065306597126334, 0.1353352832366127, 0.45783336177161427].map((e) => e / (1 + 2 * e));
    const weight = (axis: number, distance: number): number =>
      distance > 1 ? 0 : distance === 1 ? (side[axis] as number) : 1 - 2 * (side[axis] as number);
    const expected = Array.from({ length: 125 }, (_, n) => {
      const [i, j, k] = [n % 5, Math.floor(n / 5) % 5, Math.floor(n / 25)];
      return weight(0, Math.abs(i - 2)) * weight(1, Math.abs(j - 2)) * weight(2, Math.abs(k - 2));
    });
    expect(largestDifference(blurred, expected)).toBeLessThan(1e-8);
  });

  it("takes sigma in mm by the spacing of each axis: 1 mm at 0.5 x 1 x 2 mm is [2, 1, 0.5] voxels", () => {
    const voxels = ramp(SIZE);
    const inMm = blurInSlabs({ size: SIZE, spacing: [0.5, 1, 2], voxels }, {});
    const inVoxels = blurInSlabs({ size: SIZE, voxels }, { sigma: [2, 1, 0.5], unit: "voxel" });
    expect(inMm.voxels).toEqual(inVoxels.voxels);
  });

  it("needs as many slices on each side as the radius along z, and all of the phase to wrap round", () => {
    const spec = specOf({ size: [9, 9, 60], spacing: [1, 1, 2], voxels: new Float32Array(0) });
    const asked = (config: object): unknown => gaussianBlur.inputSlices?.({ start: 10, count: 5 }, spec, resolved(config));
    // 1 mm is half a voxel: floor(4 · 0.5 + 0.5) = 2.
    expect(asked({})).toEqual({ start: 8, count: 9 });
    // 0.8 mm is 0.4 of a voxel: floor(1.6 + 0.5) = 2.
    expect(asked({ sigma: 0.8 })).toEqual({ start: 8, count: 9 });
    expect(asked({ sigma: 0.8, truncate: 3 })).toEqual({ start: 9, count: 7 });
    expect(asked({ radius: [1, 1, 3] })).toEqual({ start: 7, count: 11 });
    expect(asked({ sigma: [1, 1, 0] })).toEqual({ start: 10, count: 5 });
    expect(asked({ mode: "wrap" })).toEqual({ start: 0, count: 60 });
    expect(asked({ mode: "wrap", sigma: [1, 1, 0] })).toEqual({ start: 10, count: 5 });
  });

  it("keeps a constant volume, masked or not, for any sigma and boundary", () => {
    fc.assert(
      fc.property(anyConfig(), fc.float({ noNaN: true, min: -1e6, max: 1e6 }), fc.option(anyMask()), (config, any, mask) => {
        // −0 comes back as 0: the addition makes it 0 from the start.
        const value = any + 0;
        const voxels = new Float32Array(140).fill(value);
        const blurred = blurInSlabs({ size: SIZE, voxels, ...(mask === null ? {} : { mask }) }, { ...config, constantValue: value });
        expect([...blurred.voxels]).toEqual([...voxels]);
      }),
    );
  });

  it("is linear", () => {
    fc.assert(
      fc.property(anyConfig(), anyVoxels(), anyVoxels(), (config, a, b) => {
        const sum = a.map((x, n) => 0.5 * x + 0.25 * (b[n] as number));
        const [blurredA, blurredB, blurredSum] = [a, b, sum].map((voxels) => blurInSlabs({ size: SIZE, voxels }, config).voxels);
        const expected = [...(blurredA ?? [])].map((x, n) => 0.5 * x + 0.25 * (blurredB?.[n] as number));
        expect(largestDifference(blurredSum ?? [], expected)).toBeLessThan(1e-6);
      }),
    );
  });

  it("blurs each axis on its own, in any order", () => {
    fc.assert(
      fc.property(anyVoxels(), fc.constantFrom(...BOUNDARY_MODES), (voxels, mode) => {
        const along = (input: Float32Array, sigma: readonly number[]): Float32Array =>
          blurInSlabs({ size: SIZE, voxels: input }, { sigma, mode, unit: "voxel" }).voxels;
        const apart = along(along(along(voxels, [1.2, 0, 0]), [0, 0, 0.7]), [0, 0.9, 0]);
        expect(largestDifference(along(voxels, [1.2, 0.9, 0.7]), apart)).toBeLessThan(1e-6);
      }),
    );
  });

  it("blurred by 3 and then by 4 is as blurred by 5", () => {
    // The boundary "wrap" makes a torus of the line, on which Gaussians add by their squares; sampling costs less than 1e-5 here.
    const voxels = new Float32Array(64).map((_, i) => (i === 20 || (i > 40 && i < 47) ? 1 : 0));
    expect(largestDifference(onTorus(onTorus(voxels, 3), 4), onTorus(voxels, 5))).toBeLessThan(1e-5);
  });

  it("gives the same bits for any slab depth, masked or not", () => {
    fc.assert(
      fc.property(anyConfig(), anyVoxels(), fc.option(anyMask()), fc.integer({ min: 1, max: 3 }), (config, voxels, mask, depth) => {
        const volume: TestVolume = { size: SIZE, voxels, ...(mask === null ? {} : { mask }) };
        const whole = blurInSlabs(volume, config);
        const cut = blurInSlabs(volume, config, depth);
        expect(cut.voxels).toEqual(whole.voxels);
        expect(cut.mask).toEqual(whole.mask);
      }),
    );
  });

  it("weighs image voxels only and leaves padding as it was", () => {
    // Weights 1 : e^-0.5 on a line 10 | pad | 20: the first has only itself (and its reflection), so it stays 10.
    const line: TestVolume = { size: [4, 1, 1], voxels: Float32Array.of(10, -2000, 20, 40), mask: Uint8Array.of(0, 1, 0, 0) };
    const blurred = blurInSlabs(line, { sigma: [1, 0, 0], unit: "voxel", radius: 1 });
    const e = 0.6065306597126334;
    expect(blurred.voxels[0]).toBe(10);
    expect(blurred.voxels[1]).toBe(-2000);
    expect(blurred.voxels[2]).toBeCloseTo((20 + e * 40) / (1 + e), 5);
    expect(blurred.voxels[3]).toBeCloseTo((40 + e * 20 + e * 40) / (1 + 2 * e), 5);
    expect(blurred.mask).toEqual(line.mask);
  });

  it("does not see what lies in padding, be it NaN", () => {
    fc.assert(
      fc.property(anyConfig(), anyVoxels(), anyMask(), (config, voxels, mask) => {
        const other = voxels.map((x, n) => (mask[n] === 0 ? x : NaN));
        const a = blurInSlabs({ size: SIZE, voxels, mask }, config).voxels.filter((_, n) => mask[n] === 0);
        const b = blurInSlabs({ size: SIZE, voxels: other, mask }, config).voxels.filter((_, n) => mask[n] === 0);
        expect(b).toEqual(a);
      }),
    );
  });

  it("gives for a mask without padding the bits of no mask", () => {
    fc.assert(
      fc.property(anyConfig(), anyVoxels(), (config, voxels) => {
        const masked = blurInSlabs({ size: SIZE, voxels, mask: new Uint8Array(140) }, config);
        expect(masked.voxels).toEqual(blurInSlabs({ size: SIZE, voxels }, config).voxels);
      }),
    );
  });

  it("blurs each sample of a voxel as if it were alone, masked or not", () => {
    fc.assert(
      fc.property(anyConfig(), anyVoxels(), anyVoxels(), fc.option(anyMask()), (config, red, green, mask) => {
        const masked = mask === null ? {} : { mask };
        const both = Float32Array.from({ length: 280 }, (_, n) => (n % 2 === 0 ? red : green)[n >> 1] as number);
        const blurred = blurInSlabs({ size: SIZE, samples: 2, voxels: both, ...masked }, config).voxels;
        expect(blurred.filter((_, n) => n % 2 === 0)).toEqual(blurInSlabs({ size: SIZE, voxels: red, ...masked }, config).voxels);
        expect(blurred.filter((_, n) => n % 2 === 1)).toEqual(blurInSlabs({ size: SIZE, voxels: green, ...masked }, config).voxels);
      }),
    );
  });

  it("does not write to its input", () => {
    const voxels = ramp(SIZE);
    blurInSlabs({ size: SIZE, voxels }, { sigma: 2 });
    expect(voxels).toEqual(ramp(SIZE));
  });

  it("says what it did in at most 64 characters, with the code of DICOM", () => {
    expect(gaussianBlur.derivation?.(resolved({})).description).toBe("3D Gaussian blur, sigma 1 mm");
    const perAxis = gaussianBlur.derivation?.(resolved({ sigma: [1, 1, 2.5], unit: "voxel" }));
    expect(perAxis?.description).toBe("3D Gaussian blur, sigma 1 x 1 x 2.5 voxel");
    const longest = gaussianBlur.derivation?.(resolved({ sigma: [1.23456e-100, 1.23457e-101, 123.456], unit: "voxel" }));
    expect(longest?.description.length).toBeLessThanOrEqual(64);
    expect(longest?.code).toEqual({ value: "113088", scheme: "DCM", meaning: "Gaussian blur" });
  });

  it("has the defaults of SciPy, with sigma 1 mm", () => {
    expect(resolved({})).toEqual({ sigma: 1, unit: "mm", mode: "reflect", constantValue: 0, truncate: 4 });
  });

  it.each([
    { sigma: -1 },
    { sigma: [1, 1] },
    { sigma: Number.NaN },
    { sigma: Infinity },
    { sigma: "1" },
    { unit: "cm" },
    { mode: "periodic" },
    { radius: 1.5 },
    { truncate: -1 },
    { sigm: 1 },
  ])("refuses %o", (config) => {
    expect(() => resolved(config)).toThrow(TypeError);
  });
});

function ramp(size: readonly [number, number, number]): Float32Array {
  return Float32Array.from({ length: size[0] * size[1] * size[2] }, (_, n) => (n * 37) % 101);
}

function onTorus(line: Float32Array, sigma: number): Float32Array {
  const volume: TestVolume = { size: [line.length, 1, 1], voxels: line };
  return blurInSlabs(volume, { sigma: [sigma, 0, 0], unit: "voxel", mode: "wrap", truncate: 8 }).voxels;
}

function anyVoxels(): fc.Arbitrary<Float32Array> {
  const voxel = fc.integer({ min: 0, max: 1 << 16 }).map((n) => n / (1 << 16));
  return fc.array(voxel, { minLength: 140, maxLength: 140 }).map((voxels) => Float32Array.from(voxels));
}

function anyMask(): fc.Arbitrary<Uint8Array> {
  return fc.array(fc.constantFrom(0, 0, 1), { minLength: 140, maxLength: 140 }).map((mask) => Uint8Array.from(mask));
}

function anyConfig(): fc.Arbitrary<object> {
  const sigma = fc.double({ min: 0, max: 3, noNaN: true });
  return fc.record({
    sigma: fc.oneof(sigma, fc.tuple(sigma, sigma, sigma)),
    unit: fc.constant("voxel"),
    mode: fc.constantFrom(...BOUNDARY_MODES),
  });
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((largest, x, n) => Math.max(largest, Math.abs(x - (b[n] as number))), 0);
}
