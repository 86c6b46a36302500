import { expect, test } from "vitest";
import type { JobState } from "./job-service.ts";
import { JobTable, recordOf, type JobEntry } from "./job-table.ts";

function entry(uid: string, state: JobState = "queued"): JobEntry {
  return { uid, job: "copy", priority: 0, createdAt: `2026-01-0${uid}T00:00:00.000Z`, outputPath: `/out/${uid}`, state, attempt: 0, attemptsUsed: 0 };
}

function tableOf(...entries: readonly JobEntry[]): JobTable {
  const table = new JobTable();
  for (const one of entries) table.add(one);
  return table;
}

const uids = (entries: readonly JobEntry[]): readonly string[] => entries.map(({ uid }) => uid);

test("pages through the jobs from the newest to the oldest", () => {
  const table = tableOf(entry("1"), entry("2", "failed"), entry("3"), entry("4"), entry("5", "failed"));
  expect(uids(table.newestFirst({ limit: 2 }))).toEqual(["5", "4"]);
  expect(uids(table.newestFirst({ limit: 2, before: "4" }))).toEqual(["3", "2"]);
  expect(uids(table.newestFirst({ limit: 2, before: "2" }))).toEqual(["1"]);
  expect(uids(table.newestFirst({ limit: 9, state: "failed" }))).toEqual(["5", "2"]);
  expect(uids(table.newestFirst({ limit: 9, state: "failed", before: "5" }))).toEqual(["2"]);
  expect(uids(table.newestFirst({ limit: 9, before: "unknown" }))).toEqual([]);
});

test("counts the jobs of each state", () => {
  const [first, second] = [entry("1"), entry("2")];
  const table = tableOf(first, second, entry("3", "succeeded"));
  table.move(first, "starting");
  table.move(first, "running");
  table.move(second, "cancelled");
  table.remove("2");
  expect(table.statistics(true).states).toEqual({ queued: 0, starting: 0, running: 1, publishing: 0, succeeded: 1, failed: 0, cancelled: 0 });
});

test("tells how long the oldest job waits", () => {
  const table = tableOf(entry("1", "running"), entry("2"), entry("3"));
  expect(table.statistics(false).oldestQueuedAgeMs).toBeCloseTo(Date.now() - Date.UTC(2026, 0, 2), -3);
  expect(tableOf().statistics(false).oldestQueuedAgeMs).toBe(0);
});

test("knows which outputs are owed until their job ends", () => {
  const first = entry("1");
  const table = tableOf(first, entry("2", "succeeded"));
  expect([table.owesOutput("/out/1"), table.owesOutput("/out/2")]).toEqual([true, false]);
  table.move(first, "failed");
  expect(table.owesOutput("/out/1")).toBe(false);
  table.move(first, "queued");
  expect(table.owesOutput("/out/1")).toBe(true);
});

test("tells of an output only when it is there", () => {
  expect(recordOf(entry("1", "publishing"))).not.toHaveProperty("outputPath");
  expect(recordOf(entry("1", "succeeded"))).toHaveProperty("outputPath", "/out/1");
});
