import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { temporaryDirectory } from "../temporary-directory.ts";

/** Titles of the laws that failed, by what is broken. */
const failures = new Map<string, Set<string>>();
const runs = new Map<string, number>();

interface Assertion {
  readonly status: string;
  readonly ancestorTitles: readonly string[];
  readonly title: string;
}

beforeAll(() => {
  using directory = temporaryDirectory();
  const outputFile = join(directory.path, "report.json");
  const vitest = fileURLToPath(new URL("vitest.mjs", import.meta.resolve("vitest/package.json")));
  const config = fileURLToPath(new URL("fixtures/vitest.config.ts", import.meta.url));
  const root = fileURLToPath(new URL("../..", import.meta.url));
  // Nothing of the outer run may reach the inner one.
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST")));
  const result = spawnSync(process.execPath, [vitest, "run", "--root", root, "--config", config, "--reporter=json", `--outputFile=${outputFile}`], {
    env: environment,
    encoding: "utf8",
  });
  if (result.status !== 1) throw new Error(`the inner run ended with ${String(result.status)}: ${result.stderr}`);
  const report = JSON.parse(readFileSync(outputFile, "utf8")) as { readonly testResults: readonly { readonly assertionResults: readonly Assertion[] }[] };
  for (const { ancestorTitles, title, status } of report.testResults.flatMap((file) => file.assertionResults)) {
    const broken = ancestorTitles[0] ?? "";
    runs.set(broken, (runs.get(broken) ?? 0) + 1);
    if (status === "failed") failures.set(broken, (failures.get(broken) ?? new Set()).add(title));
  }
});

const CODEC_LAWS = {
  identity: "comes back as it went in: voxels, mask, geometry, phases",
  again: "is read the same again, by slices, and backwards",
  depth: "becomes the same bytes whatever the slab depth",
};
const PROCESSOR_LAWS = {
  depth: "fills its whole output, leaves its input alone, and does not depend on the slab depth",
  plain: "gives the same over ordinary buffers, with more slices than it asked for, and never writes beside them",
  undo: "comes back when it is undone",
};

describe("a broken codec fails just the laws that it breaks", () => {
  test.each([
    [
      "claims everything",
      ["claims nothing of an empty directory", "claims nothing of a directory of text", "claims nothing of an empty file", "claims nothing of a text file", "claims nothing of a PNG file"],
    ],
    ["forgets the origin", [CODEC_LAWS.identity]],
    ["swaps rows and columns", [CODEC_LAWS.identity, CODEC_LAWS.again]],
    ["writes its slab depth", [CODEC_LAWS.depth]],
    ["reads only onwards", [CODEC_LAWS.again]],
    ["skips the mask", [CODEC_LAWS.identity, CODEC_LAWS.again]],
    ["swallows errors", ["leaves nothing when writing fails after the first slab"]],
  ])("that %s", (broken, laws) => {
    expect([...(failures.get(broken) ?? [])].toSorted()).toEqual(laws.toSorted());
    expect(runs.get(broken)).toBeGreaterThan(20);
  });
});

describe("a broken reader fails just the laws that it breaks", () => {
  const made = "is read as it was made: geometry, phases, frames, voxels, mask";
  test.each([
    ["other voxels", [made, CODEC_LAWS.again]],
    ["other place", [made]],
    ["other orientation", [made]],
    ["other identity", [made]],
  ])("that gives %s", (broken, laws) => {
    expect([...(failures.get(broken) ?? [])].toSorted()).toEqual(laws.toSorted());
    expect(runs.get(broken)).toBe(8);
  });
});

describe("a broken processor fails the law that it breaks", () => {
  test.each([
    ["depends on the slab depth", PROCESSOR_LAWS.depth],
    ["looks at the slab's edge for the phase's", PROCESSOR_LAWS.plain],
    ["writes to its input", PROCESSOR_LAWS.depth],
    ["leaves a sample unfilled", PROCESSOR_LAWS.depth],
    ["leaves the mask unfilled", PROCESSOR_LAWS.depth],
    ["writes beside its output", PROCESSOR_LAWS.plain],
    ["undoes by half", PROCESSOR_LAWS.undo],
    ["takes any key, without a description", "has a default for every key of its configuration, and a description"],
    ["takes any key, without a description", "refuses an unknown key beside {}"],
  ])("that %s: %s", (broken, law) => {
    expect([...(failures.get(broken) ?? [])]).toContain(law);
  });
});
