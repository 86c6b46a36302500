import ts from "typescript";
import { describe, expect, it } from "vitest";
import { globalUses } from "./global-uses.ts";

describe("uses of a global", () => {
  it.each([
    "process.exit(1);",
    "const { env } = process;",
    "const all = { process };",
    "globalThis.process.exit(1);",
    "let signal: process.Signals;",
    "type Take = (process: string) => void; process.exit(1);",
  ])("are seen in %s", (text) => {
    expect(lines(text)).toEqual([1]);
  });

  it.each([
    "job.process.push(step);",
    "const job = { process: [] };",
    "interface Job { readonly process: readonly string[] }",
    "class Job { process() {} }",
    "const { process: steps } = job;",
    "const { process } = job; process.push(step);",
    "function count(process: string) { return process.length; }",
    'import { process } from "./process.ts"; process();',
    "// process.exit(1)",
  ])("are not seen in %s", (text) => {
    expect(lines(text)).toEqual([]);
  });
});

function lines(text: string): readonly number[] {
  return globalUses(ts.createSourceFile("a.ts", text, ts.ScriptTarget.Latest, true), new Set(["process"])).map(({ line }) => line);
}
