import { describe, expect, it } from "vitest";
import { storeReal } from "./real-voxels.ts";

const IDENTITY = { scale: 1, offset: 0 };

function stored(voxels: readonly number[], toReal = IDENTITY, mask?: Uint8Array, padding?: number) {
  const out = new Float32Array(voxels.length);
  const range = storeReal(Float32Array.from(voxels), toReal, mask, padding, out);
  return { values: [...out], range };
}

describe("real values as they are stored", () => {
  it("are those that were asked for, to the last bit, from the smallest to the largest of float32", () => {
    const asked = [0, -0, 1e-45, -1e-45, 1.17549435e-38, 1e-30, -1e30, 3.4028234663852886e38, -3.4028234663852886e38, 1 / 3, 16777217].map(Math.fround);
    const { values } = stored(asked);
    expect(values.every((value, i) => Object.is(value, asked[i]))).toBe(true);
  });

  it("are exact for random bits, whatever numbers they are", () => {
    const bits = new Uint32Array(4096);
    for (let i = 0, state = 1; i < bits.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      // An exponent of all ones is no number.
      bits[i] = (state & 0x7f800000) === 0x7f800000 ? state & 0x807fffff : state;
    }
    const voxels = new Float32Array(bits.buffer);
    const out = new Float32Array(voxels.length);
    storeReal(voxels, IDENTITY, undefined, undefined, out);
    expect(new Uint32Array(out.buffer)).toEqual(bits);
  });

  it("are voxel · scale + offset in double, rounded once", () => {
    // 16777217 is no float32: rounded before the sum, it would give 2.
    expect(stored([8388608.5], { scale: 2, offset: -16777215 }).values).toEqual([1]);
    expect(stored([0.1], { scale: 3, offset: 1 }).values).toEqual([Math.fround(Math.fround(0.1) * 3 + 1)]);
  });

  it.each([
    ["NaN", [1, Number.NaN], IDENTITY],
    ["infinity", [Number.NEGATIVE_INFINITY, 1], IDENTITY],
    ["more than float32 holds", [3e38, 0], { scale: 2, offset: 0 }],
  ] as const)("are never %s", (_what, voxels, toReal) => {
    expect(() => stored(voxels, toReal)).toThrow(expect.objectContaining({ code: "NON_FINITE_VOXELS", details: { voxels: 1 } }));
  });

  it("put the padding value where the mask says so, and leave it out of the range", () => {
    expect(stored([5, 1, 2], IDENTITY, Uint8Array.of(1, 0, 0), -1024)).toEqual({ values: [-1024, 1, 2], range: { smallest: 1, largest: 2 } });
    expect(stored([5, 1, 2], IDENTITY, Uint8Array.of(1, 0, 0))).toEqual({ values: [5, 1, 2], range: { smallest: 1, largest: 2 } });
    expect(stored([5], IDENTITY, Uint8Array.of(1), 7)).toEqual({ values: [7], range: { smallest: 0, largest: 0 } });
  });
});
