import { describe, expect, it } from "vitest";
import { tinyWorkspace } from "../tiny-workspace.test-support.ts";
import { lockWithoutAddresses, machinePlaces } from "./machine-places.ts";

// Every bad text is put together here, so that this file keeps the rule that it tests.
const path = (...parts: readonly string[]): string => parts.map((part) => `/${part}`).join("");
const host = (...parts: readonly string[]): string => parts.join(".");

describe("a place of one machine", () => {
  it.each([
    `const data = "${path("work", "shared", "data")}";`,
    `cd ${path("home", "ann", "hilum")}`,
    `\`${path("root", ".cache")}\``,
    `file:${path("", "", "home", "ann")}`,
    `${path("Users", "ann", "x")}`,
    `see https://${host("registry", "npmjs", "org")}/zod`,
    `"resolved": "http://${host("npm", "registry", "corp", "example", "com")}/zod.tgz"`,
    host("npm", "pkg", "github", "com"),
    host("artifactory", "example", "io"),
    `registry${"="}http://10.0.0.1:4873`,
  ])("is found in any text: %s", (text) => {
    expect(machinePlaces(tinyWorkspace({ "docs/guide/a.md": `\n\n${text}\n` })).map(({ place }) => place)).toEqual(["docs/guide/a.md:3"]);
  });

  it.each([
    "/usr/bin/python3",
    `./${"work"}/a`,
    "packages/work/src",
    "`${root}/home/`",
    'import { Registry } from "./registry.ts"; registry.list().map(String);',
    "https://www.npmjs.com/package/zod",
    "registry.get(id)",
  ])("is not found in %s", (text) => {
    expect(machinePlaces(tinyWorkspace({ "docs/guide/a.md": text }))).toEqual([]);
  });
});

describe("the lock file", () => {
  it("may link to the packages of the workspace", () => {
    expect(lockWithoutAddresses(tinyWorkspace({ "package-lock.json": { packages: { "": {}, "node_modules/a": { resolved: "packages/a", link: true } } } }))).toEqual([]);
  });

  it("may not say from where a package came", () => {
    const lock = { packages: { "node_modules/a": { resolved: "https://example.com/a.tgz" }, "node_modules/b": { resolved: "git+ssh://git@example.com/b" } } };
    expect(lockWithoutAddresses(tinyWorkspace({ "package-lock.json": lock })).map(({ reason }) => reason)).toEqual([
      expect.stringContaining("node_modules/a"),
      expect.stringContaining("node_modules/b"),
    ]);
  });
});
