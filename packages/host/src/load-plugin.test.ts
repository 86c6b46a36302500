import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadPlugin } from "./load-plugin.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const DECLARATION = 'export default { apiVersion: 1, name: "found", version: "1.0.0", module: import.meta.url };';

test("loads a module by its path, and a package by its directory", async () => {
  writeFileSync(join(folder, "plugin.mjs"), DECLARATION);
  expect((await loadPlugin(join(folder, "plugin.mjs"))).name).toBe("found");
  const directory = join(folder, "package");
  mkdirSync(directory);
  writeFileSync(join(directory, "package.json"), '{"name":"found","type":"module","exports":{".":{"types":"./main.d.ts","import":"./main.js"}}}');
  writeFileSync(join(directory, "main.js"), DECLARATION);
  expect((await loadPlugin(directory)).name).toBe("found");
});

test.each([
  ["a module that throws", 'throw new Error("no");', "PLUGIN_LOAD_FAILED"],
  ["a module that does not parse", "export default {", "PLUGIN_LOAD_FAILED"],
  ["a module without a default export", "export const plugin = 1;", "PLUGIN_LOAD_FAILED"],
  ["a default export that is no plugin", "export default { name: 'x' };", "PLUGIN_LOAD_FAILED"],
])("refuses %s", async (_, text, code) => {
  const path = join(folder, "plugin.mjs");
  writeFileSync(path, text);
  await expect(loadPlugin(path)).rejects.toMatchObject({ code });
});

test("refuses what is not there", async () => {
  await expect(loadPlugin(join(folder, "none.mjs"))).rejects.toMatchObject({ code: "UNKNOWN_PLUGIN" });
  await expect(loadPlugin("no-such-package-anywhere")).rejects.toMatchObject({ code: "UNKNOWN_PLUGIN" });
});
