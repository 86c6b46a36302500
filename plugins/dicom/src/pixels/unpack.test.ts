import { expect, test } from "vitest";
import type { PixelLayout } from "../series/dicom-instance.ts";
import { unpackSamples } from "./unpack.ts";

function unpack(bytes: readonly number[] | Uint8Array, layout: Partial<PixelLayout>): number[] {
  return [
    ...unpackSamples({
      bytes: bytes instanceof Uint8Array ? bytes : Uint8Array.from(bytes),
      layout: { rows: 1, columns: 2, samplesPerPixel: 1, bitsAllocated: 8, bitsStored: layout.bitsAllocated ?? 8, highBit: (layout.bitsAllocated ?? 8) - 1, signed: false, float: false, photometricInterpretation: "MONOCHROME2", planarConfiguration: 0, frames: 1, encapsulated: false, offset: 0, frameBytes: bytes.length, ...layout },
    }),
  ];
}

test("single bits begin with the lowest of a byte (PS3.5 8.1.1)", () => {
  expect(unpack([0b0000_0101, 0b10], { bitsAllocated: 1, columns: 10 })).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
});

test("32-bit samples keep their sign, or have none", () => {
  const bytes = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0x80];
  expect(unpack(bytes, { bitsAllocated: 32, signed: true })).toEqual([-1, -2_147_483_648]);
  expect(unpack(bytes, { bitsAllocated: 32 })).toEqual([4_294_967_295, 2_147_483_648]);
});

test("samples are read from wherever in a buffer a decoder left them", () => {
  const buffer = Buffer.from([9, 0x34, 0x12, 0x78, 0x56]);
  expect(unpack(buffer.subarray(1), { bitsAllocated: 16 })).toEqual([0x1234, 0x5678]);
});

test("bits beside Bits Stored are dropped and the sign is extended", () => {
  expect(unpack([0xff, 0xf7, 0x00, 0x18], { bitsAllocated: 16, bitsStored: 12, highBit: 11, signed: true })).toEqual([2047, -2048]);
  expect(unpack([0x1f, 0x80], { bitsStored: 4, highBit: 7 })).toEqual([1, 8]);
});

test("planes become samples side by side", () => {
  expect(unpack([1, 2, 3, 4, 5, 6], { samplesPerPixel: 3, photometricInterpretation: "RGB", planarConfiguration: 1 })).toEqual([1, 3, 5, 2, 4, 6]);
});

test("both pixels of YBR_FULL_422 have the chroma of their pair (PS3.3 C.7.6.3.1.2)", () => {
  expect(unpack([10, 11, 20, 30], { samplesPerPixel: 3, photometricInterpretation: "YBR_FULL_422" })).toEqual([10, 20, 30, 11, 20, 30]);
});

test("float64 stay what they are", () => {
  const bytes = [...new Uint8Array(Float64Array.of(0.1, -3).buffer)];
  expect(unpack(bytes, { bitsAllocated: 64, float: true })).toEqual([0.1, -3]);
});
