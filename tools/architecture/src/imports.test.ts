import ts from "typescript";
import { describe, expect, it } from "vitest";
import { importsOf, packageOf } from "./imports.ts";

describe("imports of a file", () => {
  it.each([
    ['import a from "x";', "x", false],
    ['import "x";', "x", false],
    ['import { type A } from "x";', "x", false],
    ['import type { A } from "x";', "x", true],
    ['import type * as A from "x";', "x", true],
    ['export * from "x";', "x", false],
    ['export type { A } from "x";', "x", true],
    ['import a = require("x");', "x", false],
    ['async () => await import("x");', "x", false],
    ["async () => await import(`x`);", "x", false],
    ['const a = require("x");', "x", false],
    ['const a = require.resolve("x");', "x", false],
    ['const a = import.meta.resolve("x");', "x", false],
    ['let a: import("x").A;', "x", true],
  ])("are seen in %s", (text, specifier, typeOnly) => {
    expect(importsOf(parse(`\n${text}`))).toEqual([{ specifier, line: 2, typeOnly }]);
  });

  it.each(['// import a from "x";', "const text = 'import a from \"x\"';", 'path.resolve("x");', "import(name);"])("are not seen in %s", (text) => {
    expect(importsOf(parse(text))).toEqual([]);
  });

  it.each([
    ["zod", "zod"],
    ["zod/mini", "zod"],
    ["@hilum/core", "@hilum/core"],
    ["@hilum/core/src/tokens.ts", "@hilum/core"],
    ["node:fs", "node:fs"],
    ["./x.ts", undefined],
    ["../x.ts", undefined],
  ])("of %s belong to the package %s", (specifier, name) => {
    expect(packageOf(specifier)).toBe(name);
  });
});

function parse(text: string): ts.SourceFile {
  return ts.createSourceFile("a.ts", text, ts.ScriptTarget.Latest, true);
}
