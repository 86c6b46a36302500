import { appendFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@hilum/testing";
import { expect, test } from "vitest";
import { EventJournal } from "./event-journal.ts";

test("numbers events from one on, also after it was opened again", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "events.ndjson");
  const first = new EventJournal(path);
  first.append("state", { state: "queued" });
  first.append("progress", { done: 1 });
  const second = new EventJournal(path);
  second.append("state", { state: "running" });
  const { events } = second.read(0);
  expect(events.map(({ id }) => id)).toEqual([1, 2, 3]);
  expect(events.map(({ data }) => data)).toEqual([{ state: "queued" }, { done: 1 }, { state: "running" }]);
});

test("cuts off a line that a killed process left unfinished", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "events.ndjson");
  new EventJournal(path).append("state", { state: "queued" });
  const { size } = statSync(path);
  appendFileSync(path, '{"id":2,"at":"20');
  const journal = new EventJournal(path);
  expect(statSync(path).size).toBe(size);
  expect(journal.last?.id).toBe(1);
  journal.append("state", { state: "running" });
  expect(journal.read(0).events.map(({ id }) => id)).toEqual([1, 2]);
});

test("reads on from where it was read to", () => {
  using directory = temporaryDirectory();
  const journal = new EventJournal(join(directory.path, "events.ndjson"));
  journal.append("state", { state: "queued" });
  const { end } = journal.read(0);
  expect(journal.read(end)).toMatchObject({ events: [], end });
  journal.append("state", { state: "ü" });
  expect(journal.read(end).events).toMatchObject([{ id: 2, data: { state: "ü" } }]);
});

test("wakes those who wait for more, and those who want no more", async () => {
  using directory = temporaryDirectory();
  const journal = new EventJournal(join(directory.path, "events.ndjson"));
  const woken: string[] = [];
  const grown = journal.grown(0).then(() => woken.push("grown"));
  const aborting = new AbortController();
  const aborted = journal.grown(1_000_000, aborting.signal).then(() => woken.push("aborted"));
  await new Promise(setImmediate);
  expect(woken).toEqual([]);
  aborting.abort();
  await aborted;
  journal.append("state", {});
  await grown;
  await journal.grown(0);
  expect(woken).toEqual(["aborted", "grown"]);
});

test("goes over a line that the disk has damaged", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "events.ndjson");
  new EventJournal(path).append("state", { state: "queued" });
  appendFileSync(path, "\0\0\0\0\n");
  const journal = new EventJournal(path);
  journal.append("state", { state: "running" });
  expect(journal.read(0).events.map(({ id }) => id)).toEqual([1, 2]);
});

test("is read and written by its owner alone", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "events.ndjson");
  new EventJournal(path).append("state", {});
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
