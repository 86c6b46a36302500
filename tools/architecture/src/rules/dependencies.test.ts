import { describe, expect, it } from "vitest";
import { manifest, tinyWorkspace } from "../tiny-workspace.test-support.ts";
import { declaredDependencies, exactVersions, usedDependencies } from "./dependencies.ts";

const ROOT = { "package.json": { name: "root", devDependencies: { vitest: "4.1.12" } } };

describe("a declared package", () => {
  it("is in the dependencies for shipped sources, in the devDependencies or the root's for tests", () => {
    const files = {
      ...ROOT,
      "packages/a/package.json": manifest("a", "engine", { dependencies: { x: "1.0.0" }, devDependencies: { y: "1.0.0" } }),
      "packages/a/src/index.ts": 'import "x/deep"; import "node:fs"; import "./b.ts"; import "a";',
      "packages/a/src/index.test.ts": 'import "x"; import "y"; import "vitest";',
    };
    expect(declaredDependencies(tinyWorkspace(files))).toEqual([]);
    expect(usedDependencies(tinyWorkspace(files))).toEqual([]);
  });

  it("may be the root's for every source of a tool, which nobody installs", () => {
    expect(declaredDependencies(tinyWorkspace({ ...ROOT, "tools/t/package.json": manifest("t", "tool"), "tools/t/src/main.ts": 'import "vitest";' }))).toEqual([]);
  });

  it.each([
    ["src/index.ts", "z", "whoever installs"],
    ["src/index.ts", "y", "whoever installs"],
    ["src/index.ts", "vitest", "whoever installs"],
    ["bin/a.js", "vitest", "whoever installs"],
    ["src/index.test.ts", "z", "neither declared"],
  ])("is missed by %s that imports %s", (path, name, reason) => {
    const files = {
      ...ROOT,
      "packages/a/package.json": manifest("a", "engine", { devDependencies: { y: "1.0.0" } }),
      [`packages/a/${path}`]: `import type { A } from "${name}";`,
    };
    expect(declaredDependencies(tinyWorkspace(files))).toEqual([{ place: `packages/a/${path}:1`, reason: expect.stringContaining(reason) as string }]);
  });

  it.each([
    ["dependencies", 'import "y";', "no shipped source imports"],
    ["devDependencies", 'import "y";', "nothing in the project imports"],
    ["peerDependencies", 'import "y";', "nothing in the project imports"],
  ])("in the %s has to be imported", (group, text, reason) => {
    const files = {
      "packages/a/package.json": manifest("a", "engine", { [group]: { x: "1.0.0" } }),
      "packages/a/src/index.test.ts": group === "dependencies" ? 'import "x";' : text,
    };
    expect(usedDependencies(tinyWorkspace(files))).toEqual([{ place: "packages/a/package.json", reason: expect.stringContaining(reason) as string }]);
  });
});

describe("a version", () => {
  it.each(["1.2.3", "1.0.0-rc.1"])("is exact: %s", (version) => {
    expect(exactVersions(tinyWorkspace({ "packages/a/package.json": manifest("a", "engine", { dependencies: { x: version } }) }))).toEqual([]);
  });

  it.each(["^1.2.3", "~1.2.3", "1.2", "1.x", "*", ">=1.0.0", "latest", "1.0.0 || 2.0.0", "workspace:*", "file:../x", "github:x/x"])("is not exact: %s", (version) => {
    for (const group of ["dependencies", "devDependencies", "optionalDependencies"]) {
      expect(exactVersions(tinyWorkspace({ "packages/a/package.json": manifest("a", "engine", { [group]: { x: version } }) }))).toHaveLength(1);
      expect(exactVersions(tinyWorkspace({ "package.json": { name: "root", [group]: { x: version } } }))).toEqual([
        { place: "package.json", reason: expect.stringContaining(version) as string },
      ]);
    }
  });

  it("of a package of the workspace is the one that it has", () => {
    const needs = (version: string) => tinyWorkspace({
      "packages/a/package.json": manifest("a", "engine"),
      "packages/b/package.json": manifest("b", "engine", { dependencies: { a: version } }),
    });
    expect(exactVersions(needs("0.1.0"))).toEqual([]);
    expect(exactVersions(needs("0.0.9"))).toEqual([{ place: "packages/b/package.json", reason: expect.stringContaining("0.1.0") as string }]);
  });
});
