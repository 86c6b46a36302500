import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hdf5Codec } from "./hdf5-codec.ts";
import plugin from "./index.ts";
import { WRITE_OPTIONS } from "./options.ts";

describe("the plugin", () => {
  test("has the version of its package", () => {
    const { version, name } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as Record<string, string>;
    expect({ version: plugin.version, name: plugin.name }).toEqual({ version, name });
    expect(plugin.codecs).toEqual([hdf5Codec]);
  });

  test("refuses unknown options and fills in defaults", () => {
    expect(WRITE_OPTIONS.parse({})).toEqual({ metadata: "safe", compression: "none" });
    expect(WRITE_OPTIONS.safeParse({ metdata: "full" }).success).toBe(false);
  });
});
