import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KERNEL_BASE64 } from "./kernel.generated.ts";
import { decodeSlice, rangeOfSlice, storedBytesOf } from "./pixels/decode-slice.ts";
import type { PixelLayout } from "./series/dicom-instance.ts";
import { simdKernelIn } from "./simd-kernel.ts";

const CANARY = 0xa5;

/** Every way to store a sample: allocated, stored and high bit, sign. */
const layouts = fc
  .record({ bitsAllocated: fc.constantFrom(8, 16), signed: fc.boolean(), stored: fc.nat(), high: fc.nat(), whole: fc.boolean() })
  .map(({ bitsAllocated, signed, stored, high, whole }) => {
    const bitsStored = whole ? bitsAllocated : 1 + (stored % bitsAllocated);
    const highBit = bitsStored - 1 + (high % (bitsAllocated - bitsStored + 1));
    return { bitsAllocated, bitsStored, highBit, signed };
  });

/** Maps that float32 computes exactly, up to the very limit, and maps that it does not. */
const luts = fc.oneof(
  fc.constantFrom(
    { scale: 1, offset: 0 },
    { scale: 1, offset: -1024 },
    { scale: -3, offset: 7 },
    { scale: 255, offset: 65_536 },
    { scale: 255, offset: 65_537 },
    { scale: 256, offset: 0 },
    { scale: 257, offset: 1 },
    { scale: 0.1, offset: -1024.3 },
  ),
  fc.record({ scale: fc.double({ min: -1e6, max: 1e6, noNaN: true }), offset: fc.double({ min: -1e9, max: 1e9, noNaN: true }) }),
);

function layoutOf(layout: Pick<PixelLayout, "bitsAllocated" | "bitsStored" | "highBit" | "signed">, count: number): PixelLayout {
  const frameBytes = (count * layout.bitsAllocated) / 8;
  return { ...layout, frameBytes, rows: 1, columns: count, samplesPerPixel: 1, float: false, photometricInterpretation: "MONOCHROME2", planarConfiguration: 0, frames: 1, encapsulated: false, offset: 0 };
}

function sharedMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
}

describe("the SIMD kernel", () => {
  it("is what its source compiles to", { timeout: 60_000 }, async () => {
    const build = (await import(new URL("../build-kernel.mjs", import.meta.url).href)) as { compileKernel(): Promise<Uint8Array> };
    expect(Buffer.from(await build.compileKernel()).toString("base64")).toBe(KERNEL_BASE64);
  });

  it("is made once for each memory, and leaves the memory as it was", () => {
    const memory = sharedMemory();
    const bytes = new Uint8Array(memory.buffer).fill(CANARY);
    const kernel = simdKernelIn(memory);
    expect(kernel).toBeDefined();
    expect(simdKernelIn(memory)).toBe(kernel);
    expect(bytes.every((byte) => byte === CANARY)).toBe(true);
  });

  it("is not used for memory that is not shared", () => {
    expect(simdKernelIn(new WebAssembly.Memory({ initial: 1 }))).toBeUndefined();
  });

  it("decodes to the same bits and the same mask as the plain path, for every layout, length and place, and stores nowhere else", () => {
    const words = fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 70 });
    const paddings = fc.oneof(fc.constant(undefined), fc.tuple(fc.nat(0xffff), fc.nat(40)));
    fc.assert(
      fc.property(layouts, luts, words, paddings, fc.nat(9), fc.nat(17), (bits, lut, stored, padding, word, byte) => {
        const layout = layoutOf(bits, stored.length);
        const lowest = bits.signed ? -0x8000 : 0;
        const first = padding === undefined ? 0 : lowest + padding[0];
        const paddingRange = padding === undefined ? undefined : ([first, Math.min(first + padding[1], lowest + 0xffff)] as const);
        const bytes = new Uint8Array(Uint16Array.from(stored).buffer).subarray(0, layout.frameBytes);

        const plain = { voxels: new Float32Array(stored.length), mask: new Uint8Array(stored.length).fill(9) };
        storedBytesOf(plain.voxels, layout).set(bytes);
        decodeSlice({ ...plain, layout, lut, paddingRange });

        const memory = sharedMemory();
        const all = new Uint8Array(memory.buffer).fill(CANARY);
        const [voxelsAt, maskAt] = [64 + 4 * word, 4096 + byte];
        const simd = { voxels: new Float32Array(memory.buffer, voxelsAt, stored.length), mask: new Uint8Array(memory.buffer, maskAt, stored.length) };
        storedBytesOf(simd.voxels, layout).set(bytes);
        decodeSlice({ ...simd, layout, lut, paddingRange, memory });

        expect(bitsOf(simd.voxels)).toEqual(bitsOf(plain.voxels));
        expect([...simd.mask]).toEqual([...plain.mask]);
        const outside = (at: number): boolean =>
          !(at >= voxelsAt && at < voxelsAt + 4 * stored.length) && !(at >= maskAt && at < maskAt + stored.length);
        expect(all.every((value, at) => value === CANARY || !outside(at))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("finds the range that the decoded voxels have beside padding, for every layout, length and place", () => {
    const words = fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 70 });
    const paddings = fc.oneof(fc.constant(undefined), fc.tuple(fc.nat(0xffff), fc.oneof(fc.nat(40), fc.nat(0xffff))));
    fc.assert(
      fc.property(layouts, luts, words, paddings, fc.nat(9), fc.boolean(), (bits, lut, stored, padding, word, masked) => {
        const layout = layoutOf(bits, stored.length);
        const lowest = bits.signed ? -0x8000 : 0;
        const first = padding === undefined ? 0 : lowest + padding[0];
        const paddingRange = padding === undefined ? undefined : ([first, Math.min(first + padding[1], lowest + 0xffff)] as const);
        const bytes = new Uint8Array(Uint16Array.from(stored).buffer).subarray(0, layout.frameBytes);

        const plain = { voxels: new Float32Array(stored.length), mask: masked ? new Uint8Array(stored.length) : undefined };
        storedBytesOf(plain.voxels, layout).set(bytes);
        decodeSlice({ ...plain, layout, lut, paddingRange });
        const image = [...plain.voxels].filter((_, index) => plain.mask?.[index] !== 1);

        const memory = sharedMemory();
        const all = new Uint8Array(memory.buffer).fill(CANARY);
        const voxels = new Float32Array(memory.buffer, 64 + 4 * word, stored.length);
        storedBytesOf(voxels, layout).set(bytes);
        const before = all.slice();
        const range = rangeOfSlice({ voxels, mask: masked ? new Uint8Array(memory.buffer, 4096, stored.length) : undefined, layout, lut, paddingRange, memory });
        // Adding 0 turns −0 into 0.
        expect(range).toEqual(image.length === 0 ? undefined : [Math.min(...image) + 0, Math.max(...image) + 0]);
        expect(Buffer.compare(all, before)).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  it("rounds once, where float32 arithmetic would round twice", () => {
    // 65535 · 1025 = 67,173,375 is no float32, and rounds up to 67,173,376; less 67,108,864 it is 64,511 or 64,512.
    const memory = sharedMemory();
    const voxels = new Float32Array(memory.buffer, 64, 9);
    const layout = layoutOf({ bitsAllocated: 16, bitsStored: 16, highBit: 15, signed: false }, 9);
    storedBytesOf(voxels, layout).fill(0xff);
    decodeSlice({ voxels, layout, lut: { scale: 1025, offset: -67_108_864 }, memory });
    expect([...voxels]).toEqual(Array(9).fill(64_511));
  });

  it("decodes a slice without a mask, and clears the mask of a slice without padding", () => {
    const memory = sharedMemory();
    const voxels = new Float32Array(memory.buffer, 64, 17);
    const mask = new Uint8Array(memory.buffer, 1024, 17).fill(1);
    const layout = layoutOf({ bitsAllocated: 16, bitsStored: 16, highBit: 15, signed: true }, 17);
    for (const given of [undefined, mask]) {
      storedBytesOf(voxels, layout).fill(0xff);
      decodeSlice({ voxels, mask: given, layout, lut: { scale: 2, offset: 1 }, paddingRange: given === undefined ? [-1, -1] : undefined, memory });
      expect([...voxels]).toEqual(Array(17).fill(-1));
    }
    expect([...mask]).toEqual(Array(17).fill(0));
  });
});

function bitsOf(voxels: Float32Array): number[] {
  return [...new Uint32Array(voxels.slice().buffer)];
}
