import { describe, expect, it } from "vitest";
import { boundaryMap, type BoundaryMode } from "./boundary.ts";

describe("boundaryMap", () => {
  // The lines of SciPy's documentation of ndimage, with a b c d as 0 1 2 3.
  it.each<[BoundaryMode, string]>([
    ["reflect", "dcba|abcd|dcba"],
    ["nearest", "aaaa|abcd|dddd"],
    ["wrap", "abcd|abcd|abcd"],
    ["constant", "kkkk|abcd|kkkk"],
  ])("goes on by %s as %s", (mode, line) => {
    expect([...boundaryMap(4, 4, mode)]).toEqual([...line.replaceAll("|", "")].map((letter) => "abcdk".indexOf(letter)));
  });

  it("goes on by mirror as dcb|abcd|cba, without repeating the edge", () => {
    expect([...boundaryMap(4, 3, "mirror")]).toEqual([3, 2, 1, 0, 1, 2, 3, 2, 1, 0]);
  });

  it("goes on again where the radius is larger than the axis", () => {
    expect([...boundaryMap(2, 5, "reflect")]).toEqual([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1]);
    expect([...boundaryMap(2, 5, "mirror")]).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
    expect([...boundaryMap(2, 5, "wrap")]).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
  });

  it.each<BoundaryMode>(["reflect", "nearest", "mirror", "wrap"])("finds the only voxel everywhere by %s", (mode) => {
    expect([...boundaryMap(1, 2, mode)]).toEqual([0, 0, 0, 0, 0]);
  });
});
