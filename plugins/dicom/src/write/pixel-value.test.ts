import { describe, expect, it } from "vitest";
import { encapsulatedValue, nativeValue, type PixelValue } from "./pixel-value.ts";

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
});
