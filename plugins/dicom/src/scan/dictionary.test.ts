import { expect, test } from "vitest";
import { dictionaryVr } from "./dictionary.ts";

// PS3.6 and, for what depends on the image, PS3.5 A.1.
test.each([
  [0x00100010, "PN"],
  [0x0020000d, "UI"],
  [0x00280010, "US"],
  [0x00189087, "FD"],
  [0x00081140, "SQ"],
  [0x60003000, "OW"],
  [0x60023000, "OW"],
  [0x00280120, "US"],
  [0x00190010, "LO"],
  [0x00191010, "UN"],
  [0x00080000, "UL"],
  [0x12345678, "UN"],
])("knows the VR of %i", (tag, vr) => {
  expect(dictionaryVr(tag, false)).toBe(vr);
});

test("lets Pixel Representation decide between US and SS", () => {
  expect(dictionaryVr(0x00280106, true)).toBe("SS");
});
