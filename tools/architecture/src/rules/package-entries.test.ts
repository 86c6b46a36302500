import { describe, expect, it } from "vitest";
import { manifest, tinyWorkspace } from "../tiny-workspace.test-support.ts";
import { packageEntries } from "./package-entries.ts";

const MANIFESTS = {
  "packages/core/package.json": manifest("@hilum/core", "contract", { exports: { ".": {}, "./laws": {} } }),
  "packages/host/package.json": manifest("@hilum/host", "engine"),
};

describe("the entries of packages", () => {
  it.each(["@hilum/core", "@hilum/core/laws", "./b.ts", "../src/b.ts", "zod/mini", "node:fs"])("let a file import %s", (specifier) => {
    expect(packageEntries(tinyWorkspace({ ...MANIFESTS, "packages/host/src/a.ts": `import "${specifier}";` }))).toEqual([]);
  });

  it.each([
    ["@hilum/core/src/tokens.ts", "reaches past"],
    ["@hilum/core/", "reaches past"],
    ["../../core/src/tokens.ts", "leaves the project"],
    ["../../host-two/a.ts", "leaves the project"],
    ["../../../../b.ts", "leaves the project"],
    ["/opt/b.ts", "one machine"],
    ["file:///opt/b.ts", "one machine"],
  ])("keep shipped sources, commands and tests from importing %s", (specifier, reason) => {
    for (const path of ["packages/host/src/a.ts", "packages/host/src/a.test.ts", "packages/host/bin/a.js"])
      expect(packageEntries(tinyWorkspace({ ...MANIFESTS, [path]: `import "${specifier}";` }))).toEqual([
        { place: `${path}:1`, reason: expect.stringContaining(reason) as string },
      ]);
  });
});
