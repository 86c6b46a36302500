import { describe, expect, it } from "vitest";
import { manifest, tinyWorkspace } from "../tiny-workspace.test-support.ts";
import { pureCore } from "./pure-core.ts";

const CORE = { "packages/core/package.json": manifest("@hilum/core", "contract", { devDependencies: { "@hilum/testing": "0.1.0" } }) };

describe("core", () => {
  it("is pure when it only computes, whatever its tests do", () => {
    const files = {
      ...CORE,
      "packages/core/src/a.ts": "export const steps = (job: { process: string[] }): string[] => job.process;",
      "packages/core/src/a.test.ts": 'import "node:fs"; process.exit();',
    };
    expect(pureCore(tinyWorkspace(files))).toEqual([]);
  });

  it.each([
    'import "node:fs";',
    'import { readFileSync } from "fs";',
    'export const a = () => import("node:fs/promises");',
    'import type { Readable } from "node:stream";',
    'export const a = () => fetch("x");',
    "export const a = process.env;",
    "export let a: Buffer;",
    'console.log("a");',
  ])("is not pure with %s", (text) => {
    expect(pureCore(tinyWorkspace({ ...CORE, "packages/core/src/a.ts": text })).map(({ place }) => place)).toEqual(["packages/core/src/a.ts:1"]);
  });

  it.each(["dependencies", "peerDependencies", "optionalDependencies"])("is not pure with %s", (group) => {
    const files = { "packages/core/package.json": manifest("@hilum/core", "contract", { [group]: { zod: "4.0.0" } }) };
    expect(pureCore(tinyWorkspace(files)).map(({ place }) => place)).toEqual(["packages/core/package.json"]);
  });

  it("alone has to be: the host reads files", () => {
    const files = { "packages/host/package.json": manifest("@hilum/host", "engine"), "packages/host/src/a.ts": 'import "node:fs";' };
    expect(pureCore(tinyWorkspace(files))).toEqual([]);
  });
});
