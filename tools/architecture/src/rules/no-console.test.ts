import { describe, expect, it } from "vitest";
import { manifest, tinyWorkspace } from "../tiny-workspace.test-support.ts";
import { noConsole } from "./no-console.ts";

const MANIFESTS = { "packages/a/package.json": manifest("a", "engine"), "tools/t/package.json": manifest("t", "tool") };

describe("the console", () => {
  it.each(["packages/a/src/a.test.ts", "tools/t/src/main.ts"])("is open to %s", (path) => {
    expect(noConsole(tinyWorkspace({ ...MANIFESTS, [path]: "console.log(1);" }))).toEqual([]);
  });

  it.each([
    ["packages/a/src/a.ts", "console.log(1);"],
    ["packages/a/src/a.ts", "const { warn } = console;"],
    ["packages/a/src/a.ts", "globalThis.console.log(1);"],
    ["packages/a/bin/a.js", 'console["error"](1);'],
  ])("is closed to %s with %s", (path, text) => {
    expect(noConsole(tinyWorkspace({ ...MANIFESTS, [path]: `\n${text}` })).map(({ place }) => place)).toEqual([`${path}:2`]);
  });
});
