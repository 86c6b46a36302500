import { describe, expect, it } from "vitest";
import { findCycles } from "./find-cycles.ts";

describe("cycles of a graph", () => {
  it("are none where two ways lead to one node", () => {
    expect(findCycles(new Map([["a", ["b", "c"]], ["b", ["d"]], ["c", ["d"]], ["d", []]]))).toEqual([]);
  });

  it("are found behind a way in, from the first node of the circle to itself", () => {
    expect(findCycles(new Map([["in", ["a"]], ["a", ["b"]], ["b", ["c"]], ["c", ["a"]]]))).toEqual([["a", "b", "c", "a"]]);
  });

  it("are found where a node leads to itself, and where two circles share a node", () => {
    expect(findCycles(new Map([["a", ["a", "b", "c"]], ["b", ["a"]], ["c", ["a"]]]))).toEqual([["a", "a"], ["a", "b", "a"], ["a", "c", "a"]]);
  });
});
