import { describe, expect, it } from "vitest";
import { manifest, tinyWorkspace } from "../tiny-workspace.test-support.ts";
import { fileCycles, projectCycles } from "./cycles.ts";

const A_AND_B = { "packages/a/package.json": manifest("a", "engine"), "packages/b/package.json": manifest("b", "engine") };

describe("cycles of projects", () => {
  it("are found by what shipped sources import, types included", () => {
    const workspace = tinyWorkspace({ ...A_AND_B, "packages/a/src/x.ts": 'import "b";', "packages/b/src/x.ts": 'import type { X } from "a";' });
    expect(projectCycles(workspace)).toEqual([{ place: "packages/a/package.json", reason: expect.stringContaining("a → b → a") as string }]);
  });

  it("are found by what a package.json depends on", () => {
    const needsB = manifest("a", "engine", { dependencies: { b: "0.1.0" } });
    expect(projectCycles(tinyWorkspace({ ...A_AND_B, "packages/a/package.json": needsB, "packages/b/src/x.ts": 'import "a";' }))).toHaveLength(1);
  });

  it("are none where only a test goes back", () => {
    const needsB = manifest("a", "engine", { devDependencies: { b: "0.1.0" } });
    const files = { ...A_AND_B, "packages/a/package.json": needsB, "packages/a/src/x.test.ts": 'import "b";', "packages/b/src/x.ts": 'import "a";' };
    expect(projectCycles(tinyWorkspace(files))).toEqual([]);
  });
});

describe("cycles of files", () => {
  it("are found through re-exports and late imports, across folders", () => {
    const files = {
      "packages/a/package.json": manifest("a", "engine"),
      "packages/a/src/x.ts": 'export * from "./in/y.ts";',
      "packages/a/src/in/y.ts": 'import { z } from "../z.ts";',
      "packages/a/src/z.ts": 'export const z = () => import("./x.ts");',
    };
    expect(fileCycles(tinyWorkspace(files))).toEqual([
      { place: "packages/a/src/x.ts", reason: expect.stringContaining("x.ts → packages/a/src/in/y.ts → packages/a/src/z.ts → packages/a/src/x.ts") as string },
    ]);
  });

  it("are none where types alone go back", () => {
    const files = {
      "packages/a/package.json": manifest("a", "engine"),
      "packages/a/src/x.ts": 'import { y } from "./y.ts";',
      "packages/a/src/y.ts": 'import type { X } from "./x.ts";',
    };
    expect(fileCycles(tinyWorkspace(files))).toEqual([]);
  });
});
