import { expect, test } from "vitest";
import type { PixelLayout } from "../series/dicom-instance.ts";
import { decodeSlice, storedBytesOf } from "./decode-slice.ts";

function decode(
  layout: Pick<PixelLayout, "bitsAllocated" | "bitsStored" | "highBit" | "signed">,
  stored: readonly number[],
  lut = { scale: 1, offset: 0 },
  paddingRange?: readonly [number, number],
) {
  const frameBytes = (stored.length * layout.bitsAllocated) / 8;
  const whole: PixelLayout = { ...layout, frameBytes, rows: 1, columns: stored.length, samplesPerPixel: 1, float: false, photometricInterpretation: "MONOCHROME2", planarConfiguration: 0, frames: 1, encapsulated: false, offset: 0 };
  const voxels = new Float32Array(stored.length);
  const bytes = storedBytesOf(voxels, whole);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  stored.forEach((value, i) => (layout.bitsAllocated === 8 ? view.setUint8(i, value) : view.setUint16(i * 2, value, true)));
  const mask = new Uint8Array(stored.length).fill(9);
  decodeSlice({ voxels, mask, layout: whole, lut, paddingRange });
  return { voxels: [...voxels], mask: [...mask] };
}

test("reads 16-bit samples of both signs", () => {
  const stored = [0, 1, 0x7fff, 0x8000, 0xffff];
  expect(decode({ bitsAllocated: 16, bitsStored: 16, highBit: 15, signed: true }, stored).voxels).toEqual([0, 1, 32_767, -32_768, -1]);
  expect(decode({ bitsAllocated: 16, bitsStored: 16, highBit: 15, signed: false }, stored).voxels).toEqual([0, 1, 32_767, 32_768, 65_535]);
});

test("reads 8-bit samples of both signs", () => {
  const stored = [0, 127, 128, 255, 1, 2, 3];
  expect(decode({ bitsAllocated: 8, bitsStored: 8, highBit: 7, signed: true }, stored).voxels).toEqual([0, 127, -128, -1, 1, 2, 3]);
  expect(decode({ bitsAllocated: 8, bitsStored: 8, highBit: 7, signed: false }, stored).voxels).toEqual(stored);
});

test("drops the bits above Bits Stored", () => {
  expect(decode({ bitsAllocated: 16, bitsStored: 12, highBit: 11, signed: false }, [0xf001, 0x0fff, 0xa800]).voxels).toEqual([1, 4095, 2048]);
});

test("extends the sign from Bits Stored", () => {
  expect(decode({ bitsAllocated: 16, bitsStored: 12, highBit: 11, signed: true }, [0x0fff, 0x0800, 0xf7ff]).voxels).toEqual([-1, -2048, 2047]);
});

test("drops the bits below a High Bit that is not Bits Stored − 1", () => {
  expect(decode({ bitsAllocated: 16, bitsStored: 12, highBit: 15, signed: false }, [0x001f, 0xfff0]).voxels).toEqual([1, 4095]);
});

test("rounds the real value once, from double to float32", () => {
  const { voxels } = decode({ bitsAllocated: 16, bitsStored: 16, highBit: 15, signed: false }, [3, 65_535], { scale: 0.1, offset: -1024.3 });
  expect(voxels).toEqual([Math.fround(3 * 0.1 - 1024.3), Math.fround(65_535 * 0.1 - 1024.3)]);
});

test("marks stored values of the padding range, before the Modality LUT", () => {
  const { mask, voxels } = decode(
    { bitsAllocated: 16, bitsStored: 16, highBit: 15, signed: true },
    [0xf830, 0xf82f, 0xf831, 0],
    { scale: 2, offset: 1 },
    [-2000, -2000],
  );
  expect(mask).toEqual([1, 0, 0, 0]);
  expect(voxels[0]).toBe(-3999);
});

test("clears the mask of an image without padding", () => {
  expect(decode({ bitsAllocated: 8, bitsStored: 8, highBit: 7, signed: false }, [0, 1]).mask).toEqual([0, 0]);
});

test("turns every sample into a voxel in place, for every count and width", () => {
  for (const bitsAllocated of [8, 16] as const)
    for (let count = 1; count < 40; count++) {
      const stored = Array.from({ length: count }, (_, i) => (i * 37 + 11) % 251);
      expect(decode({ bitsAllocated, bitsStored: bitsAllocated, highBit: bitsAllocated - 1, signed: false }, stored).voxels).toEqual(stored);
    }
});
