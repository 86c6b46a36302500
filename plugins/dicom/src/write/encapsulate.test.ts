import { describe, expect, it } from "vitest";
import { encapsulate } from "./encapsulate.ts";

describe("encapsulated Pixel Data", () => {
  it("is a table of every frame's offset, each frame in a fragment of even length, and a delimitation, as PS3.5 A.4 lays them out", () => {
    const value = encapsulate([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)]);
    const items = [
      "feff00e0 08000000 00000000 0c000000", // offsets from the first fragment's item
      "feff00e0 04000000 01020300",
      "feff00e0 02000000 0405",
      "feffdde0 00000000",
    ];
    expect(value.toString("hex")).toBe(items.join("").replaceAll(" ", ""));
  });
});
