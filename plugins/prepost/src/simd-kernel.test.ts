import { slabOver, type Slab } from "@hilum/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KERNEL_BASE64 } from "./kernel.generated.ts";
import { mapLinear } from "./map-linear.ts";
import { minMax } from "./min-max.ts";
import { simdKernelFor } from "./simd-kernel.ts";

const CANARY = 123.25;

describe("the SIMD kernel", () => {
  it("is what its source compiles to", { timeout: 60_000 }, async () => {
    const build = (await import(new URL("../build-kernel.mjs", import.meta.url).href)) as { compileKernel(): Promise<Uint8Array> };
    expect(Buffer.from(await build.compileKernel()).toString("base64")).toBe(KERNEL_BASE64);
  });

  it("is made once for each memory, and leaves the memory as it was", () => {
    const memory = sharedMemory();
    const bytes = new Uint8Array(memory.buffer).fill(0xa5);
    const slabs = [slabIn(memory, 0, Float32Array.of(1, 2)), slabIn(memory, 64, Float32Array.of(3))] as const;
    const before = bytes.slice();
    const kernel = simdKernelFor(slabs[0]);
    expect(kernel).toBeDefined();
    expect(simdKernelFor(slabs[1])).toBe(kernel);
    expect(bytes.slice()).toEqual(before);
  });

  it("is not used for ordinary buffers, nor for memory that is not shared", () => {
    const plain = slabOver(placeOf(2), Float32Array.of(1, 2));
    expect(simdKernelFor(plain)).toBeUndefined();
    expect(simdKernelFor(slabIn(new WebAssembly.Memory({ initial: 1 }), 0, Float32Array.of(1, 2)))).toBeUndefined();
  });

  it("finds the same smallest and largest value as the plain path, at any place and length", () => {
    fc.assert(
      fc.property(anyVoxels(fc.float()), fc.nat(9), (values, word) => {
        const plain = minMax(slabOver(placeOf(values.length), values), 0);
        const simd = minMax(slabIn(sharedMemory(), 4 * word, values), 0);
        expect(simd).toEqual(plain);
      }),
      { numRuns: 500 },
    );
  });

  it("leaves padding out as the plain path does, at any place and length", () => {
    const voxel = fc.tuple(fc.float(), fc.constantFrom(0, 0, 1));
    fc.assert(
      fc.property(fc.array(voxel, { minLength: 1, maxLength: 70 }), fc.nat(9), (pairs, word) => {
        const values = Float32Array.from(pairs, ([x]) => x);
        const mask = Uint8Array.from(pairs, ([, padding]) => padding);
        const memory = sharedMemory();
        const maskIn = new Uint8Array(memory.buffer, 1000 + word, mask.length);
        maskIn.set(mask);
        const view = new Float32Array(memory.buffer, 4 * word, values.length);
        view.set(values);
        const plain = minMax(slabOver(placeOf(values.length), values, mask), 0);
        expect(minMax(slabOver(placeOf(values.length), view, maskIn, memory), 0)).toEqual(plain);
      }),
      { numRuns: 500 },
    );
  });

  it("gives 0 and never -0 as the smallest or largest value, whichever comes first, as the plain path does", () => {
    for (const values of [[0, -0, 1], [-0, 0, 1], [-0, -0, -0]]) {
      const voxels = Float32Array.from(values);
      expect(minMax(slabOver(placeOf(3), voxels), 0).lo).toBe(0);
      expect(minMax(slabIn(sharedMemory(), 0, voxels), 0).lo).toBe(0);
    }
  });

  it("reads one byte of the mask for all samples of a voxel", () => {
    const memory = sharedMemory();
    const mask = new Uint8Array(memory.buffer, 128, 4);
    mask.set([1, 0, 0, 1]);
    const { voxels } = slabIn(memory, 0, Float32Array.of(90, 91, 92, 1, 2, 3, 4, 5, 6, 93, 94, 95));
    expect(minMax(slabOver(placeOf(12), voxels, mask, memory), 0)).toEqual({ lo: 1, hi: 6 });
  });

  it("is not used from one memory to another", () => {
    const from = slabIn(sharedMemory(), 0, Float32Array.of(1, 2, 3, 4));
    const to = slabIn(sharedMemory(), 64, new Float32Array(4));
    mapLinear(from, to, 0, { origin: 1, scale: 2, offset: 0 });
    expect([...to.voxels]).toEqual([0, 2, 4, 6]);
  });

  it("finds no value where all is padding, and does not see a NaN there", () => {
    const memory = sharedMemory();
    const voxels = new Float32Array(memory.buffer, 64, 11).fill(NaN);
    const mask = new Uint8Array(memory.buffer, 128, 11).fill(1);
    const slab = slabOver(placeOf(11), voxels, mask, memory);
    expect(minMax(slab, 0)).toEqual({ lo: Infinity, hi: -Infinity });
    for (const place of [0, 6, 10]) {
      mask.fill(1).fill(0, place, place + 1);
      voxels.fill(NaN).fill(4, place, place + 1);
      expect(minMax(slab, 0)).toEqual({ lo: 4, hi: 4 });
    }
  });

  it.each([...Array(20).keys()])("sees a minimum, a maximum and a NaN at place %i of 20", (place) => {
    const at = (x: number): Slab => slabIn(sharedMemory(), 4, new Float32Array(20).fill(1).with(place, x));
    expect(minMax(at(-3), 0)).toEqual({ lo: -3, hi: 1 });
    expect(minMax(at(5), 0)).toEqual({ lo: 1, hi: 5 });
    expect(minMax(at(NaN), 0)).toEqual({ lo: NaN, hi: NaN });
    expect(minMax(at(Infinity), 0)).toEqual({ lo: NaN, hi: NaN });
  });

  it("maps to the same bits as the plain path and stores nowhere else", () => {
    const double = fc.double({ noNaN: true, min: -1e6, max: 1e6 });
    fc.assert(
      fc.property(anyVoxels(fc.float({ noNaN: true })), fc.nat(9), double, double, double, (values, word, origin, scale, offset) => {
        const step = { origin, scale, offset };
        const plain = new Float32Array(values.length);
        mapLinear(slabOver(placeOf(values.length), values), slabOver(placeOf(values.length), plain), 0, step);

        const memory = sharedMemory();
        const all = new Float32Array(memory.buffer).fill(CANARY);
        const from = slabIn(memory, 4 * word, values);
        const to = slabOver(placeOf(values.length), new Float32Array(memory.buffer, 4 * (1000 + word), values.length), undefined, memory);
        mapLinear(from, to, 0, step);
        expect(bits(to.voxels)).toEqual(bits(plain));
        const outside = all.filter((_, n) => !(n >= word && n < word + values.length) && !(n >= 1000 + word && n < 1000 + word + values.length));
        expect(outside.every((x) => x === CANARY)).toBe(true);
      }),
    );
  });

  it("maps in place", () => {
    const slab = slabIn(sharedMemory(), 4, Float32Array.of(1, 2, 3, 4, 5));
    mapLinear(slab, slab, 0, { origin: 1, scale: 0.5, offset: 10 });
    expect([...slab.voxels]).toEqual([10, 10.5, 11, 11.5, 12]);
  });

  it("rounds once, where float32 arithmetic would round thrice", () => {
    // 16777217 = 2^24 + 1 is no float32; (2^24 − 1) + 2 in double is exact and lies half way, so it goes to even: 2^24.
    const slab = slabIn(sharedMemory(), 0, Float32Array.of(16777215, 16777215, 16777215, 16777215, 16777215));
    mapLinear(slab, slab, 0, { origin: -0.5, scale: 1, offset: 1.5 });
    expect([...slab.voxels]).toEqual([16777216, 16777216, 16777216, 16777216, 16777216]);
  });
});

function sharedMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
}

function placeOf(sliceLength: number): { phase: number; start: number; count: number; sliceLength: number } {
  return { phase: 0, start: 0, count: 1, sliceLength };
}

function slabIn(memory: WebAssembly.Memory, byteOffset: number, values: Float32Array): Slab {
  const view = new Float32Array(memory.buffer, byteOffset, values.length);
  view.set(values);
  return slabOver(placeOf(values.length), view, undefined, memory);
}

function anyVoxels(value: fc.Arbitrary<number>): fc.Arbitrary<Float32Array> {
  return fc.array(value, { minLength: 1, maxLength: 70 }).map((values) => Float32Array.from(values));
}

function bits(values: Float32Array): number[] {
  return [...new Uint32Array(values.slice().buffer)];
}
