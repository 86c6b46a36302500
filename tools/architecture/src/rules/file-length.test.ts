import { describe, expect, it } from "vitest";
import { manifest, tinyWorkspace } from "../tiny-workspace.test-support.ts";
import { fileLength } from "./file-length.ts";

const MANIFEST = { "packages/a/package.json": manifest("a", "engine") };
const AROUND = "// a comment\n\n/**\n * A docstring.\n */\n";

describe("the length of a file", () => {
  it("counts neither comments nor blank lines", () => {
    expect(fileLength(tinyWorkspace({ ...MANIFEST, "packages/a/src/a.ts": `${AROUND}f();\n`.repeat(400) }))).toEqual([]);
  });

  it("is too long from 401 lines of code on, those inside of a text included", () => {
    const text = `const text = \`\n${"line\n".repeat(399)}\`;`;
    for (const long of [`${AROUND}f();\n`.repeat(401), text])
      expect(fileLength(tinyWorkspace({ ...MANIFEST, "packages/a/src/a.ts": long }))).toEqual([
        { place: "packages/a/src/a.ts", reason: expect.stringContaining("401 lines") as string },
      ]);
  });

  it("does not matter for what a program wrote", () => {
    expect(fileLength(tinyWorkspace({ ...MANIFEST, "packages/a/src/a.generated.ts": "f();\n".repeat(1000) }))).toEqual([]);
  });
});
