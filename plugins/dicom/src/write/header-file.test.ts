import { describe, expect, it } from "vitest";
import { headerFile } from "./header-file.ts";

const ATTRIBUTES = { "00080060": { vr: "CS", Value: ["MR"] }, "00280100": { vr: "US", Value: [16] } };
/** Modality, Bits Allocated, and Pixel Data of 3 bytes and one of padding, by hand (PS3.5 7.1). */
const BYTES = Buffer.from("08006000435302004d52 28000001555302001000 e07f10004f57000004000000 00000000".replaceAll(" ", ""), "hex");

describe("a file of attributes", () => {
  it("is a data set with Pixel Data of zeros, wherever it is read", () => {
    const file = headerFile(ATTRIBUTES, 3);
    expect(file.size).toBe(BYTES.length);
    for (let position = 0; position <= BYTES.length + 1; position++)
      for (const length of [1, 7, BYTES.length]) {
        const into = Buffer.alloc(length, 0xee);
        const count = file.read(into, position);
        expect(into.subarray(0, count)).toEqual(BYTES.subarray(position, position + length));
        expect(into.subarray(count)).toEqual(Buffer.alloc(length - count, 0xee));
        if (position % 3 === 0) file.close();
      }
  });

  it("has pixels of 8 bits as bytes", () => {
    const into = Buffer.alloc(64);
    const file = headerFile({ ...ATTRIBUTES, "00280100": { vr: "US", Value: [8] } }, 4);
    expect(into.subarray(0, file.read(into, 0)).includes("OB", 20, "latin1")).toBe(true);
  });
});
