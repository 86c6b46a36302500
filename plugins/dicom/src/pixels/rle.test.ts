import { describe, expect, test } from "vitest";
import { decodeRle } from "./rle.ts";

/** A frame of segments as PS3.5 G.5 lays them out: 64 bytes of header, then one segment behind the other. */
function frameOf(...segments: readonly (readonly number[])[]): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32LE(segments.length, 0);
  let at = 64;
  segments.forEach((segment, k) => {
    header.writeUInt32LE(at, 4 + 4 * k);
    at += segment.length;
  });
  return Buffer.concat([header, ...segments.map((segment) => Buffer.from(segment))]);
}

describe("an RLE frame", () => {
  test("holds literal and replicated runs, and a byte that does nothing (PS3.5 G.3.1)", () => {
    expect(decodeRle(frameOf([2, 1, 2, 3, 0x80, 0xfe, 7]), 6, 1, 1)).toEqual(Uint8Array.of(1, 2, 3, 7, 7, 7));
  });

  test("has the most significant byte of a sample first, and gives it last", () => {
    expect(decodeRle(frameOf([1, 0x12, 0x34], [1, 0x56, 0x78]), 2, 1, 2)).toEqual(Uint8Array.of(0x56, 0x12, 0x78, 0x34));
  });

  test("has one sample after the other, and gives them side by side", () => {
    expect(decodeRle(frameOf([0xff, 1], [0xff, 2], [0xff, 3]), 2, 3, 1)).toEqual(Uint8Array.of(1, 2, 3, 1, 2, 3));
  });

  test("may have padding behind a segment", () => {
    expect(decodeRle(frameOf([0xff, 9, 0, 0]), 2, 1, 1)).toEqual(Uint8Array.of(9, 9));
  });

  test.each<readonly [string, Buffer]>([
    ["another number of segments", frameOf([0xff, 1], [0xff, 2])],
    ["a segment that ends early", frameOf([0xff])],
    ["a literal run that ends early", frameOf([1, 5])],
    ["no header", Buffer.alloc(12)],
    ["a segment past the end", Buffer.concat([frameOf([0xff, 1]).subarray(0, 4), Buffer.from([0xff, 0, 0, 0]), Buffer.alloc(60)])],
  ])("is refused with %s", (_, bytes) => {
    expect(decodeRle(bytes, 2, 1, 1)).toBeUndefined();
  });
});
