import type { FuzzRead } from "@hilum/testing/mutate";
import { expect, test } from "vitest";
import { FuzzSummary } from "./fuzz-summary.ts";

const read = (outcome: string, index = 0): FuzzRead => ({ index, damages: ["flip bits"], outcome, warnings: [], ms: 3, peakBytes: 2 ** 20 });

test("tells a failure as it is to be replayed", () => {
  const summary = new FuzzSummary();
  expect(summary.add(read("MALFORMED_FILE", 1), 9)).toBeUndefined();
  expect(summary.add(read("HANG", 12), 9)).toBe("9:12 HANG after flip bits ");
  expect(summary.failures).toBe(1);
});

test("counts outcomes, and what dcmdump says of files that were read, without their numbers", () => {
  const summary = new FuzzSummary();
  for (const outcome of ["read", "read", "read", "read", "MALFORMED_FILE"]) summary.add(read(outcome), 1);
  summary.addRejections([
    { path: "a", errors: ["E: element (0008,0018) larger (12) than 3"] },
    { path: "b", errors: ["E: element (0010,0010) larger (99) than 7"] },
  ]);
  expect(summary.lines()).toEqual([
    "5 mutants: 0 that must never be (crash, hang, memory, print, unfilled)",
    "slowest 3 ms, most memory of a process 1 MiB",
    "        4  read",
    "        1  MALFORMED_FILE",
    "of 4 that were read dcmdump rejects 2 (50.00 %)",
    "        2  E: element (tag) larger (N) than N",
  ]);
});
