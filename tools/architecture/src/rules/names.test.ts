import { describe, expect, it } from "vitest";
import { tinyWorkspace } from "../tiny-workspace.test-support.ts";
import { names } from "./names.ts";

describe("a name", () => {
  it.each([
    "packages/a/src/slice-window.ts",
    "packages/a/src/slice-window.int.test.ts",
    "packages/a/src/raw-codec.test-support.ts",
    "packages/a/src/kernel.generated.ts",
    "packages/a/src/common-options.ts",
    "packages/a/bin/dicom2hdf5.cjs",
    "README.md",
    "docs/Some Notes/UTILS.md",
  ])("is good: %s", (path) => {
    expect(names(tinyWorkspace({ [path]: "" }))).toEqual([]);
  });

  it.each([
    ["packages/a/src/SliceWindow.ts", "kebab-case"],
    ["packages/a/src/sliceWindow.test.ts", "kebab-case"],
    ["packages/a/src/slice_window.ts", "kebab-case"],
    ["packages/a/src/slice--window.ts", "kebab-case"],
    ["scripts/Build.mjs", "kebab-case"],
    ["packages/a/src/utils.ts", "fits anything"],
    ["packages/a/src/string-utils.ts", "fits anything"],
    ["packages/a/src/helpers.test.ts", "fits anything"],
    ["packages/a/src/job-manager.ts", "fits anything"],
    ["examples/misc.js", "fits anything"],
  ])("is refused: %s", (path, reason) => {
    expect(names(tinyWorkspace({ [path]: "" }))).toEqual([{ place: path, reason: expect.stringContaining(reason) as string }]);
  });

  it.each([
    ["packages/a/src/common", "fits anything"],
    ["packages/a/src/__tests__", "kebab-case"],
    ["packages/Cli", "kebab-case"],
  ])("of a folder is refused once: %s", (folder, reason) => {
    expect(names(tinyWorkspace({ [`${folder}/a.ts`]: "", [`${folder}/b.ts`]: "" }))).toEqual([{ place: folder, reason: expect.stringContaining(reason) as string }]);
  });
});
