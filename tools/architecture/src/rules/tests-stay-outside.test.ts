import { describe, expect, it } from "vitest";
import { manifest, tinyWorkspace } from "../tiny-workspace.test-support.ts";
import { testsStayOutside } from "./tests-stay-outside.ts";

const FILES = { "packages/a/package.json": manifest("a", "engine"), "packages/a/src/in/raw.test-support.ts": "", "packages/a/src/a.test.ts": 'import "./in/raw.test-support.ts";' };

describe("what supports tests", () => {
  it("is imported by tests", () => {
    expect(testsStayOutside(tinyWorkspace(FILES))).toEqual([]);
  });

  it.each(["./in/raw.test-support.ts", "./a.test.ts"])("is not imported by shipped sources: %s", (specifier) => {
    expect(testsStayOutside(tinyWorkspace({ ...FILES, "packages/a/src/b.ts": `import type { A } from "${specifier}";` })).map(({ place }) => place)).toEqual([
      "packages/a/src/b.ts:1",
    ]);
  });
});
