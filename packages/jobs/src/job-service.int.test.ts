import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { temporaryDirectory, type TemporaryDirectory } from "@hilum/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openJobService, type JobRecord, type JobRequest, type JobService, type JobServiceEvent, type JobServiceOptions } from "./index.ts";
import { constantInput, constantOutput } from "./test-plugin.test-support.ts";

const CANARY = "ZZCANARY";
const UID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let directory: TemporaryDirectory;
/** Its real path: a job takes no other. */
let folder: string;
beforeAll(() => {
  directory = temporaryDirectory();
  folder = realpathSync(directory.path);
});
afterAll(() => directory[Symbol.dispose]());

function open(name: string, options: Partial<JobServiceOptions> = {}): Promise<JobService> {
  return openJobService({
    dataDirectory: join(folder, name),
    child: { command: process.execPath, args: ["--conditions=hilum-source", new URL("./job-child.test-support.ts", import.meta.url).pathname] },
    concurrency: 2,
    ...options,
  });
}

function request(job: string, constant = 1): JobRequest {
  const inputs = join(folder, `${CANARY}^PATIENT`);
  mkdirSync(inputs, { recursive: true });
  const inputPath = join(inputs, `${constant}.constant`);
  writeFileSync(inputPath, constantInput(constant));
  return { job, inputPath };
}

async function endOf(service: JobService, uid: string): Promise<JobRecord> {
  for await (const _ of service.events(uid)) void _;
  const record = await service.get(uid);
  if (record === undefined) throw new Error("the job is gone");
  return record;
}

async function reach(service: JobService, uid: string, state: string): Promise<void> {
  for await (const { type, data } of service.events(uid)) if (type === "state" && (data as { readonly state?: string }).state === state) return;
  throw new Error(`the job was never ${state}`);
}

async function run(service: JobService, what: JobRequest): Promise<JobRecord> {
  return endOf(service, (await service.submit(what)).uid);
}

describe("a service", () => {
  let service: JobService;
  beforeAll(async () => {
    service = await open("service", { timeoutMs: 6000, memoryBytes: 400 * 2 ** 20 });
    await service.ready;
  });
  afterAll(() => service[Symbol.asyncDispose]());

  test("runs a job and tells where its result is, with the digest of every file", async () => {
    const record = await run(service, request("copy", 42));
    expect(record).toMatchObject({ state: "succeeded", attempt: 1, job: "copy", progress: { done: 4, total: 4 } });
    expect(record.uid).toMatch(UID);
    expect(readFileSync(record.outputPath ?? "").equals(constantOutput(42))).toBe(true);
    expect(record.outputs).toEqual(record.report?.outputs);
    expect(record.outputs).toHaveLength(1);
  });

  test("writes where the request says", async () => {
    const outputPath = join(folder, "chosen.raw");
    const record = await run(service, { ...request("copy", 43), outputPath });
    expect(record.outputPath).toBe(outputPath);
    expect(readFileSync(outputPath).equals(constantOutput(43))).toBe(true);
    await expect(service.submit({ ...request("copy"), outputPath })).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
  });

  test("refuses a second job for an output that another job has still to write", async () => {
    const outputPath = join(folder, "owed.raw");
    const { uid } = await service.submit({ ...request("slow"), outputPath });
    await expect(service.submit({ ...request("copy"), outputPath })).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
    await endOf(service, uid);
  });

  test.for([
    ["exit", "JOB_CRASHED", 3],
    ["segfault", "JOB_CRASHED", 3],
    ["throw", "KERNEL_FAILED", 1],
    ["loop", "JOB_TIMED_OUT", 1],
    ["leak", "MEMORY_BUDGET_EXCEEDED", 1],
    ["unheard-of", "UNKNOWN_JOB", 1],
  ] as const)("fails a job that does this: %s, with %s after %i attempts, while a good one beside it succeeds", async ([job, code, attempts]) => {
    const [bad, good] = await Promise.all([run(service, request(job)), run(service, request("copy", 7))]);
    expect(bad).toMatchObject({ state: "failed", attempt: attempts, error: { code } });
    expect(bad).not.toHaveProperty("outputPath");
    expect(existsSync(join(folder, "service", "results", bad.uid))).toBe(false);
    expect(good.state).toBe("succeeded");
  });

  test("cancels a waiting job at once and a running one by ending its process, and leaves no output", async () => {
    const [first, second] = [await service.submit(request("very-slow")), await service.submit(request("very-slow"))];
    await Promise.all([reach(service, first.uid, "running"), reach(service, second.uid, "running")]);
    const waiting = await service.submit(request("copy"));
    expect(await service.cancel(waiting.uid)).toBe(true);
    expect(await service.get(waiting.uid)).toMatchObject({ state: "cancelled", attempt: 0 });
    expect(await Promise.all([service.cancel(first.uid), service.cancel(second.uid)])).toEqual([true, true]);
    expect(await service.get(first.uid)).toMatchObject({ state: "cancelled", attempt: 1 });
    expect(await service.cancel(first.uid)).toBe(false);
    expect(await service.cancel("unknown")).toBe(false);
    for (const { uid } of [first, second, waiting]) expect(existsSync(join(folder, "service", "results", uid))).toBe(false);
  });

  test("cancels a job that computes without end", async () => {
    const { uid } = await service.submit(request("loop"));
    await reach(service, uid, "running");
    expect(await service.cancel(uid)).toBe(true);
  });

  test("gives a failed or cancelled job another attempt, and no other", async () => {
    const what = request("copy", 99);
    writeFileSync(what.inputPath, "damaged");
    const record = await run(service, what);
    expect(record).toMatchObject({ state: "failed", attempt: 1, error: { code: "UNRECOGNIZED_FORMAT" } });
    writeFileSync(what.inputPath, constantInput(99));
    expect(await service.retry(record.uid)).toBe(true);
    const again = await endOf(service, record.uid);
    expect(again).toMatchObject({ state: "succeeded", attempt: 2 });
    expect(again).not.toHaveProperty("error");
    expect(readFileSync(again.outputPath ?? "").equals(constantOutput(99))).toBe(true);
    expect(await service.retry(record.uid)).toBe(false);
    expect(await service.retry("unknown")).toBe(false);
    expect(await service.log(record.uid)).toMatch(/attempt 1\n[^]*UNRECOGNIZED_FORMAT[^]*attempt 2\n[^]*succeeded/);
  });

  test("cancels and retries at once without losing the job", async () => {
    const blockers = [await service.submit(request("slow")), await service.submit(request("slow"))];
    const { uid } = await service.submit(request("copy", 5));
    for (let times = 0; times < 5; times++) {
      expect(await service.cancel(uid)).toBe(true);
      expect(await service.retry(uid)).toBe(true);
    }
    for (const blocker of blockers) await endOf(service, blocker.uid);
    expect(await endOf(service, uid)).toMatchObject({ state: "succeeded" });
  });

  test("runs the most urgent first, and of the same urgency the oldest", async () => {
    // One at a time: of two that are started together nobody can say which was first.
    await using alone = await open("urgent", { concurrency: 1 });
    const blocker = await alone.submit(request("loop"));
    await reach(alone, blocker.uid, "running");
    const uids = [];
    for (const priority of [0, 0, 5, -3, 5]) uids.push((await alone.submit({ ...request("copy"), priority })).uid);
    expect(await alone.cancel(blocker.uid)).toBe(true);
    const records = await Promise.all(uids.map((uid) => endOf(alone, uid)));
    const order = [2, 4, 0, 1, 3].map((at) => Date.parse(records[at]?.startedAt ?? ""));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test("makes one job of a key, however often it comes at once, and refuses it for another request", async () => {
    const what = request("copy", 11);
    const answers = await Promise.all(Array.from({ length: 300 }, () => service.submit(what, { key: "key-1", asked: { priority: 0 } })));
    expect(new Set(answers.map(({ uid }) => uid)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    await expect(service.submit(what, { key: "key-1", asked: { priority: 3 } })).rejects.toMatchObject({ code: "IDEMPOTENCY_MISMATCH" });
    await expect(service.acceptedBefore({ key: "key-1", asked: { priority: 3 } })).rejects.toMatchObject({ code: "IDEMPOTENCY_MISMATCH" });
    expect(await service.acceptedBefore({ key: "key-1", asked: { priority: 0 } })).toBe(answers[0]?.uid);
    expect(await service.acceptedBefore({ key: "key-2", asked: { priority: 0 } })).toBeUndefined();
    await endOf(service, answers[0]?.uid ?? "");
    expect(await service.submit(what, { key: "key-1", asked: { priority: 0 } })).toEqual({ uid: answers[0]?.uid, created: false });
  });

  test("numbers events by ones, goes on after the last one that was seen, and stops when nobody listens", async () => {
    const { uid } = await service.submit(request("slow"));
    const all: JobServiceEvent[] = [];
    for await (const event of service.events(uid)) all.push(event);
    expect(all.map(({ id }) => id)).toEqual(all.map((_, at) => at + 1));
    const states = all.filter(({ type }) => type === "state").map(({ data }) => (data as { readonly state: string }).state);
    expect(states).toEqual(["queued", "starting", "running", "publishing", "succeeded"]);
    const later: JobServiceEvent[] = [];
    for await (const event of service.events(uid, { afterId: 3 })) later.push(event);
    expect(later).toEqual(all.slice(3));

    const endless = await service.submit(request("very-slow"));
    await reach(service, endless.uid, "running");
    const last = AbortSignal.timeout(50);
    for await (const _ of service.events(endless.uid, { signal: last })) void _;
    expect(last.aborted).toBe(true);
    await service.cancel(endless.uid);
    for await (const _ of service.events("unknown")) throw new Error("there is no such job");
  });

  test("plans in a process of its own, and says what is wrong as the plan does", async () => {
    expect(await service.plan(request("copy"))).toMatchObject({ job: "copy", input: { codec: "constant", shape: [1, 4, 8, 16] }, output: { codec: "raw", kind: "file" } });
    await expect(service.plan({ job: "copy", inputPath: join(folder, `${CANARY}-none`) })).rejects.toMatchObject({
      code: "SOURCE_NOT_FOUND",
      httpStatus: 404,
      message: expect.not.stringContaining(CANARY) as string,
    });
    await expect(service.plan(request("unheard-of"))).rejects.toMatchObject({ code: "UNKNOWN_JOB" });
  });

  test("keeps paths, values and what plugins print out of every log, event, record and attempt", async () => {
    const missing = await run(service, { job: "copy", inputPath: join(folder, `${CANARY}-none`) });
    expect(missing.error).toMatchObject({ code: "SOURCE_NOT_FOUND" });
    const uids = [missing.uid, (await run(service, request("throw"))).uid, (await run(service, request("talk"))).uid];
    const root = join(folder, "service", "requests");
    for (const uid of uids) {
      expect(JSON.stringify(await service.get(uid))).not.toContain(CANARY);
      expect(await service.log(uid)).not.toBe("");
      for (const name of readdirSync(join(root, uid))) {
        // The request itself has to know where its input is.
        if (name !== "request.json") expect(readFileSync(join(root, uid, name), "utf8"), name).not.toContain(CANARY);
        expect(statSync(join(root, uid, name)).mode & 0o777, name).toBe(0o600);
      }
      expect(statSync(join(root, uid)).mode & 0o777).toBe(0o700);
    }
  });

  test("lists the newest first and counts what there is", async () => {
    const [older, newer] = [(await service.submit(request("copy"))).uid, (await service.submit(request("copy"))).uid];
    expect((await service.list({ limit: 2 })).map(({ uid }) => uid)).toEqual([newer, older]);
    expect((await service.list({ limit: 1, before: newer })).map(({ uid }) => uid)).toEqual([older]);
    await Promise.all([endOf(service, older), endOf(service, newer)]);
    const { states, ready } = await service.statistics();
    expect(ready).toBe(true);
    const all = await service.list({ limit: 10_000 });
    for (const [state, count] of Object.entries(states)) expect(all.filter((record) => record.state === state), state).toHaveLength(count);
  });

  test("lets nobody else work in its directory", async () => {
    await expect(open("service")).rejects.toMatchObject({ code: "DATA_DIRECTORY_IN_USE" });
  });
});

test("gives each of 200 jobs its own constant and nobody else's", { timeout: 300_000 }, async () => {
  await using service = await open("many");
  const started = performance.now();
  const jobs = await Promise.all(
    Array.from({ length: 200 }, async (_, at) => ({ constant: at + 1, uid: (await service.submit(request(at % 2 === 0 ? "copy" : "copy-directory", at + 1))).uid })),
  );
  for (const { uid, constant } of jobs) {
    const { state, outputPath = "" } = await endOf(service, uid);
    expect(state).toBe("succeeded");
    const bytes = statSync(outputPath).isFile() ? readFileSync(outputPath) : readFileSync(join(outputPath, readdirSync(outputPath)[0] ?? ""));
    expect(bytes.equals(constantOutput(constant)), `constant ${constant}`).toBe(true);
  }
  expect(readdirSync(join(folder, "many", "results"))).toHaveLength(200);
  process.stdout.write(`200 jobs in ${Math.round(performance.now() - started)} ms; resident memory of the process ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB\n`);
});

test("fails each of eight poisonous jobs by its own code while all of 100 good ones beside them succeed", { timeout: 180_000 }, async () => {
  const POISONS = [
    ["exit", "JOB_CRASHED"],
    ["exit-directory", "JOB_CRASHED"],
    ["segfault", "JOB_CRASHED"],
    ["throw", "KERNEL_FAILED"],
    ["throw-directory", "KERNEL_FAILED"],
    ["loop", "JOB_TIMED_OUT"],
    ["leak", "MEMORY_BUDGET_EXCEEDED"],
    ["unheard-of", "UNKNOWN_JOB"],
  ] as const;
  await using service = await open("poisoned", { timeoutMs: 6000, memoryBytes: 400 * 2 ** 20 });
  const started = performance.now();
  const good = new Map<string, number>();
  const bad = new Map<string, string>();
  for (let constant = 1; constant <= 100; constant++) {
    good.set((await service.submit(request("copy", constant))).uid, constant);
    const [job, code] = (constant % 12 === 0 ? POISONS[constant / 12 - 1] : undefined) ?? [];
    if (job !== undefined && code !== undefined) bad.set((await service.submit(request(job, 1000 + constant))).uid, code);
  }
  expect(bad.size).toBe(POISONS.length);
  for (const [uid, constant] of good) {
    const { state, attempt, outputPath = "" } = await endOf(service, uid);
    expect({ constant, state, attempt }).toEqual({ constant, state: "succeeded", attempt: 1 });
    expect(readFileSync(outputPath).equals(constantOutput(constant)), `constant ${constant}`).toBe(true);
  }
  for (const [uid, code] of bad) expect(await endOf(service, uid)).toMatchObject({ state: "failed", error: { code } });
  expect((await service.statistics()).states).toMatchObject({ succeeded: 100, failed: POISONS.length, queued: 0, running: 0 });
  expect(readdirSync(join(folder, "poisoned", "results")).toSorted()).toEqual([...good.keys()].toSorted());
  process.stdout.write(`100 good and ${POISONS.length} poisonous jobs in ${Math.round(performance.now() - started)} ms\n`);
});

test.for(["input", "template", "output"] as const)("fails a job where a link takes the place of the folder of its %s while it waits", async (swapped) => {
  await using service = await open(`swapped-${swapped}`, { concurrency: 1 });
  const [place, elsewhere] = [join(folder, `${swapped}-place`), join(folder, `${swapped}-elsewhere`)];
  for (const one of [place, elsewhere]) {
    for (const name of ["input", "template", "output"]) mkdirSync(join(one, name), { recursive: true });
    writeFileSync(join(one, "input", "1.constant"), constantInput(1));
  }
  const blocker = await service.submit(request("very-slow"));
  await reach(service, blocker.uid, "running");
  const outputPath = join(place, "output", "1.raw");
  const what: JobRequest = { job: "copy", inputPath: join(place, "input", "1.constant"), outputPath, ...(swapped === "template" ? { templatePath: join(place, "template") } : {}) };
  const { uid } = await service.submit(what);
  renameSync(join(place, swapped), join(place, "away"));
  symlinkSync(join(elsewhere, swapped), join(place, swapped));
  expect(await service.get(uid)).toMatchObject({ state: "queued" });
  expect(await service.cancel(blocker.uid)).toBe(true);
  expect(await endOf(service, uid)).toMatchObject({ state: "failed", attempt: 1, error: { code: "FORBIDDEN_PATH", message: expect.not.stringContaining(folder) as string } });
  expect(existsSync(outputPath)).toBe(false);
  expect(readdirSync(join(elsewhere, "output"))).toEqual([]);
  await expect(service.plan({ ...what, outputPath: `${outputPath}-plan` })).rejects.toMatchObject({ code: "FORBIDDEN_PATH" });
});

test("writes its own results where its data directory is named by a link", async () => {
  mkdirSync(join(folder, "real-data"));
  symlinkSync("real-data", join(folder, "linked-data"));
  await using service = await open("linked-data");
  expect(await run(service, request("copy", 6))).toMatchObject({ state: "succeeded" });
});

test("is open and accepts jobs long before its database is up", async () => {
  const started = performance.now();
  await using service = await open("quick");
  const { uid } = await service.submit(request("copy", 3));
  const openedMs = performance.now() - started;
  expect(await service.get(uid)).toMatchObject({ state: "queued" });
  expect((await service.statistics()).ready).toBe(false);
  expect(openedMs).toBeLessThan(1000);
  expect(await endOf(service, uid)).toMatchObject({ state: "succeeded" });
});

test("refuses more waiting jobs than it may hold, and takes them again later", async () => {
  await using service = await open("full", { maxQueued: 3 });
  const answers = await Promise.allSettled(Array.from({ length: 10 }, () => service.submit(request("copy"))));
  expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  for (const answer of answers) if (answer.status === "rejected") expect(answer.reason).toMatchObject({ code: "QUEUE_FULL", httpStatus: 429 });
  for (const { uid } of await service.list()) await endOf(service, uid);
  expect((await run(service, request("copy"))).state).toBe("succeeded");
});

test("goes on after an orderly end where it was, without counting the attempt, and with the events going on", async () => {
  let uid: string;
  {
    await using service = await open("restarted", { maxAttempts: 1 });
    ({ uid } = await service.submit(request("slow", 8), { key: "kept", asked: "slow 8" }));
    await reach(service, uid, "running");
  }
  await using service = await open("restarted", { maxAttempts: 1 });
  expect(await service.submit(request("slow", 8), { key: "kept", asked: "slow 8" })).toEqual({ uid, created: false });
  const events: JobServiceEvent[] = [];
  for await (const event of service.events(uid)) events.push(event);
  expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at + 1));
  expect(await service.get(uid)).toMatchObject({ state: "succeeded", attempt: 2 });
});

test("gives up a job whose process is killed in each of its attempts", async () => {
  await using service = await open("killed", { maxAttempts: 2 });
  const { uid } = await service.submit(request("very-slow"));
  const killed = new Set<number>();
  for await (const { type, data } of service.events(uid)) {
    const { state, attempt } = data as { readonly state?: string; readonly attempt: number };
    if (type !== "state" || state !== "running") continue;
    const record = JSON.parse(readFileSync(join(folder, "killed", "requests", uid, `attempt-${attempt}.json`), "utf8")) as { readonly process: { readonly pid: number } };
    killed.add(record.process.pid);
    process.kill(record.process.pid, "SIGKILL");
  }
  expect(killed.size).toBe(2);
  expect(await service.get(uid)).toMatchObject({ state: "failed", attempt: 2, error: { code: "JOB_CRASHED" } });
});

test("finishes jobs whose process is killed once, in whichever state", async () => {
  await using service = await open("killed-once", { concurrency: 1 });
  for (const state of ["starting", "running", "publishing"]) {
    const { uid } = await service.submit(request(state === "running" ? "slow" : "copy", 4));
    await reach(service, uid, state);
    const path = join(folder, "killed-once", "requests", uid, "attempt-1.json");
    while (!existsSync(path)) await delay(1);
    process.kill((JSON.parse(readFileSync(path, "utf8")) as { readonly process: { readonly pid: number } }).process.pid, "SIGKILL");
    const { outputPath = "" } = await endOf(service, uid);
    expect(readFileSync(outputPath).equals(constantOutput(4)), state).toBe(true);
  }
});

test("removes what ended long ago, with its result, and nothing outside of its directory", async () => {
  const outside = join(folder, "outside.raw");
  {
    await using service = await open("swept");
    await run(service, request("copy"));
    await run(service, { ...request("copy"), outputPath: outside });
    const kept = await service.list();
    expect(kept).toHaveLength(2);
  }
  await using service = await open("swept", { retentionMs: 0 });
  await service.ready;
  while ((await service.list()).length > 0) await delay(10);
  expect(readdirSync(join(folder, "swept", "requests"))).toEqual([]);
  expect(readdirSync(join(folder, "swept", "results"))).toEqual([]);
  expect(existsSync(outside)).toBe(true);
});
