import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../temporary-directory.ts";
import { fuzzReader } from "./fuzz-reader.ts";

const program = new URL("ill-behaved-reader.test-support.ts", import.meta.url);

test("tells every way in which a reader can fail, and reads on", async () => {
  using here = temporaryDirectory();
  const words = ["read", "refuse", "hang", "read", "exit", "throw", "read", "defect", "eat", "unfilled", "print", "lose", "read"];
  const seeds = words.map((word, index) => {
    const path = `${here.path}/${index}`;
    writeFileSync(path, word.padEnd(8));
    return { path, beside: [] };
  });
  const reads = await fuzzReader({ program, damage: "none", seed: 0, seeds, count: words.length, deadlineMs: 2000, keepAcceptedIn: here.path });
  expect(reads.map(({ outcome }) => outcome)).toEqual([
    "read", "MALFORMED_FILE", "HANG", "read", "CRASH", "CRASH", "read", "CRASH", "MEMORY", "UNFILLED", "PRINTED", "left out", "read",
  ]);
  expect(reads.map(({ index }) => index)).toEqual(words.map((_, index) => index));
  expect(reads[4]?.where).toBe("exit 3");
  expect(reads[5]?.where).toMatch(/^TypeError .*ill-behaved-reader/);
  expect(reads[5]?.where).not.toContain("of no kind");
});
