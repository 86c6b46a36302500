import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@hilum/testing";
import { expect, test } from "vitest";
import { DataDirectory, type StoredJob, type StoredRequest } from "./data-directory.ts";

function requestOf(uid: string, minute = 0): StoredRequest {
  return { uid, createdAt: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(), request: { job: "copy", inputPath: "/in", outputPath: `/out/${uid}` } };
}

async function jobsOf(data: DataDirectory): Promise<readonly StoredJob[]> {
  const jobs: StoredJob[] = [];
  for await (const job of data.jobs()) jobs.push(job);
  return jobs;
}

test("finds what was accepted, the oldest first, and nothing that was accepted only in part", async () => {
  using directory = temporaryDirectory();
  const data = new DataDirectory(join(directory.path, "data"));
  await data.accept(requestOf("b", 1));
  await data.accept(requestOf("a", 2));
  const partly = join(directory.path, "data", "requests", "c");
  mkdirSync(partly);
  writeFileSync(join(partly, "request.json.tmp"), "{");
  writeFileSync(join(directory.path, "data", "requests", "stray"), "");
  expect((await jobsOf(data)).map(({ stored }) => stored.uid)).toEqual(["b", "a"]);
  expect(existsSync(partly)).toBe(false);
});

test("counts attempts from the last retry by hand", async () => {
  using directory = temporaryDirectory();
  const data = new DataDirectory(directory.path);
  await data.accept(requestOf("a"));
  const attempt = { process: { pid: 1 }, startedAt: "2026-01-01T00:00:00.000Z" };
  for (const number of [1, 2]) await data.beginAttempt("a", number, attempt);
  await data.end("a", { state: "failed", attempt: 2, endedAt: "2026-01-01T00:01:00.000Z" });
  expect((await jobsOf(data))[0]).toMatchObject({ outcome: { state: "failed", attempt: 2 } });
  data.reopenNow("a", 2);
  for (const number of [3, 10]) await data.beginAttempt("a", number, attempt);
  await data.interruptAttempt("a", 10);
  const [job] = await jobsOf(data);
  expect(job).not.toHaveProperty("outcome");
  expect([...(job?.attempts ?? [])].map(([number, { interrupted = false }]) => [number, interrupted])).toEqual([
    [3, false],
    [10, true],
  ]);
});

test("keeps everything for its owner alone", async () => {
  using directory = temporaryDirectory();
  const root = join(directory.path, "data");
  const data = new DataDirectory(root);
  await data.accept(requestOf("a"));
  data.log("a", 1, "line");
  for (const name of ["", "requests", "requests/a", "results"]) expect(statSync(join(root, name)).mode & 0o777, name).toBe(0o700);
  for (const name of readdirSync(join(root, "requests", "a"))) expect(statSync(join(root, "requests", "a", name)).mode & 0o777, name).toBe(0o600);
});

test("ends a log that grows without end", async () => {
  using directory = temporaryDirectory();
  const data = new DataDirectory(directory.path);
  await data.accept(requestOf("a"));
  for (let line = 0; line < 30; line++) data.log("a", 1, "x".repeat(100_000));
  expect(data.logs("a").length).toBeLessThan(1_300_000);
  expect(data.logs("a")).toMatch(/the log is full\n$/);
});

test("removes a job with its result", async () => {
  using directory = temporaryDirectory();
  const data = new DataDirectory(directory.path);
  await data.accept(requestOf("a"));
  writeFileSync(data.defaultOutput("a"), "result");
  data.remove("a");
  expect(await jobsOf(data)).toEqual([]);
  expect(readdirSync(data.results)).toEqual([]);
});
