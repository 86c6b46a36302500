import { describe, expect, it } from "vitest";
import { encapsulatedValue, joinedValue, nativeValue, type PixelValue } from "./pixel-value.ts";

/** The bytes of a value that takes frames in an order, hexadecimal, and how many parts came with each frame. */
function filled(value: PixelValue, frames: readonly (readonly [index: number, frame: Uint8Array])[]): { hex: string; parts: number[] } {
  const parts = frames.map(([index, frame]) => value.add(index, frame));
  const bytes = Buffer.alloc(value.length, 0xee);
  for (const part of parts.flat()) bytes.set(part.bytes, part.at);
  return { hex: bytes.toString("hex"), parts: parts.map(({ length }) => length) };
}

describe("encapsulated Pixel Data", () => {
  const [one, two, three] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5), Uint8Array.of(6)];
  // PS3.5 A.4, table A.4-2: a table of offsets from the first fragment's item, the fragments, the delimitation.
  const expected = [
    "feff00e0 0c000000 00000000 0c000000 16000000",
    "feff00e0 04000000 01020300",
    "feff00e0 02000000 0405",
    "feff00e0 02000000 0600",
    "feffdde0 00000000",
  ].join("").replaceAll(" ", "");

  it("is a table of every frame's offset, each frame in a fragment of even length, and a delimitation", () => {
    const { hex, parts } = filled(encapsulatedValue(3), [[0, one], [1, two], [2, three]]);
    expect(hex).toBe(expected);
    expect(parts).toEqual([1, 1, 3]);
  });

  it("is the same in whatever order the frames come, and holds none back whose turn it is", () => {
    const { hex, parts } = filled(encapsulatedValue(3), [[1, two], [0, one], [2, three]]);
    expect(hex).toBe(expected);
    expect(parts).toEqual([0, 2, 3]);
  });
});

describe("native Pixel Data", () => {
  it("is the frames, one behind the other", () => {
    expect(filled(nativeValue(), [[1, Uint8Array.of(3, 4)], [0, Uint8Array.of(1, 2)]]).hex).toBe("01020304");
  });

  it("is the bits of frames without a gap, held until the last frame is there", () => {
    // Frames of 11 bits: 0b10000000001, 0b11111111111 and 0b00000000011, from the lowest bit of the first byte on.
    const value = joinedValue(11, 3);
    const frames = [Uint8Array.of(0b0000_0001, 0b100), Uint8Array.of(0xff, 0b111), Uint8Array.of(0b0000_0011, 0)] as const;
    expect([value.add(1, frames[1]), value.add(2, frames[2])]).toEqual([[], []]);
    expect(value.add(0, frames[0])).toEqual([{ bytes: Uint8Array.of(0b0000_0001, 0b1111_1100, 0b1111_1111, 0b0000_0000, 0b0000_0000), at: 0 }]);
    expect(value.length).toBe(5);
  });
});
