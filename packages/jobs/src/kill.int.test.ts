import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { temporaryDirectory } from "@hilum/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JobRequest, JobState } from "./job-service.ts";
import { lockDataDirectory } from "./service-lock.ts";
import { constantInput, constantOutput } from "./test-plugin.test-support.ts";

/** How often the service is killed in each state; CI asks for 20, a person for 200. */
const KILLS = Number(process.env.KILLS ?? 3);
const STATES = ["queued", "starting", "running", "publishing"] as const;

interface Line {
  readonly accepted?: string;
  readonly index?: number;
  readonly uid?: string;
  readonly state?: JobState;
  readonly idle?: true;
}

let directory: ReturnType<typeof temporaryDirectory>;
/** Its real path: a job takes no other. */
let folder: string;
let dataDirectory: string;
/** The constant of every accepted job. */
const owed = new Map<string, number>();
let nextConstant = 1;

beforeAll(() => {
  directory = temporaryDirectory();
  folder = realpathSync(directory.path);
  dataDirectory = join(folder, "data");
});
afterAll(() => directory[Symbol.dispose]());

function request(job: string): { readonly request: JobRequest; readonly constant: number } {
  const constant = nextConstant++;
  const inputPath = join(folder, `${constant}.constant`);
  writeFileSync(inputPath, constantInput(constant));
  return { request: { job, inputPath }, constant };
}

function startService(requests: readonly JobRequest[]): ChildProcess {
  const options = JSON.stringify({ dataDirectory, requests, concurrency: 2 });
  return spawn(process.execPath, ["--conditions=hilum-source", "--disable-warning=ExperimentalWarning", new URL("./service.test-support.ts", import.meta.url).pathname, options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Reads a service's lines until one satisfies; then kills it with -9 and reads what it had still said. */
async function killWhen(service: ChildProcess, jobs: readonly { readonly constant: number }[], satisfied: (line: Line) => boolean, laterMs: number): Promise<void> {
  const exited = once(service, "exit");
  let killed = false;
  for await (const text of createInterface({ input: service.stdout as NodeJS.ReadableStream })) {
    const line = JSON.parse(text) as Line;
    if (line.accepted !== undefined) owed.set(line.accepted, jobs[line.index ?? 0]?.constant ?? Number.NaN);
    if (killed || !satisfied(line)) continue;
    killed = true;
    await delay(laterMs);
    service.kill("SIGKILL");
  }
  expect(killed).toBe(true);
  await exited;
}

async function finish(): Promise<void> {
  await killWhen(startService([]), [], (line) => line.idle === true, 0);
}

/** A request can be on the disk, and the service be killed before it could say so: such a job is owed too. */
function addUnacknowledged(): void {
  for (const uid of readdirSync(join(dataDirectory, "requests"))) {
    const { request: stored } = JSON.parse(readFileSync(join(dataDirectory, "requests", uid, "request.json"), "utf8")) as { readonly request: JobRequest };
    if (!owed.has(uid)) owed.set(uid, Number(basename(stored.inputPath, ".constant")));
  }
}

/** Counted from the result directories and their bytes, not from what the service says. */
function expectEveryResultOnce(): void {
  const results = join(dataDirectory, "results");
  addUnacknowledged();
  expect(readdirSync(results).toSorted()).toEqual([...owed.keys()].toSorted());
  for (const [uid, constant] of owed) {
    const path = join(results, uid);
    const names = statSync(path).isFile() ? [path] : readdirSync(path).toSorted().map((name) => join(path, name));
    const bytes = Buffer.concat(names.map((name) => readFileSync(name)));
    expect(bytes.equals(constantOutput(constant)), `the result of the job with constant ${constant}`).toBe(true);
    const outcome = JSON.parse(readFileSync(join(dataDirectory, "requests", uid, "outcome.json"), "utf8")) as { readonly state: string };
    expect(outcome.state).toBe("succeeded");
    const { outputs } = JSON.parse(readFileSync(join(dataDirectory, "requests", uid, "result.json"), "utf8")) as { readonly outputs: readonly { readonly sha256: string }[] };
    expect(outputs.map(({ sha256 }) => sha256)).toEqual(names.map((name) => createHash("sha256").update(readFileSync(name)).digest("hex")));
  }
}

test.for(STATES)(`every accepted job ends once when the service is killed with -9 while one is %s (${KILLS} times)`, { timeout: 60_000 + KILLS * 15_000 }, async (state) => {
  for (let kill = 0; kill < KILLS; kill++) {
    // The output as a directory and as a file; a few jobs at once, so that others are in other states.
    const jobs = [request(state === "publishing" ? "copy-directory" : "slow"), request("slow-directory"), request("copy")];
    const service = startService(jobs.map((job) => job.request));
    const satisfied = (line: Line): boolean => (state === "queued" ? line.accepted !== undefined : line.state === state);
    // A publish takes some milliseconds: kills fall before, into and after it.
    await killWhen(service, jobs, satisfied, state === "publishing" ? kill % 4 : (kill % 3) * 40);
    await finish();
  }
  expectEveryResultOnce();
  expect(readdirSync(join(dataDirectory, "tmp"))).toEqual([]);
});

test.for([
  ["deleted", () => rmSync(join(dataDirectory, "database"), { recursive: true })],
  [
    "cut",
    () => {
      const database = join(dataDirectory, "database");
      for (const name of readdirSync(database, { recursive: true, encoding: "utf8" })) {
        const path = join(database, name);
        const stats = statSync(path);
        if (stats.isFile() && stats.size > 8192) truncateSync(path, Math.floor(stats.size / 3));
      }
    },
  ],
  [
    "without its write-ahead log",
    () => {
      const log = join(dataDirectory, "database", "pg_wal");
      for (const name of readdirSync(log)) if (statSync(join(log, name)).isFile()) truncateSync(join(log, name), 100);
    },
  ],
] as const)("every accepted job ends once when the database is %s between a kill and the next start", { timeout: 180_000 }, async ([, damage]) => {
  const jobs = [request("slow"), request("slow"), request("copy")];
  const service = startService(jobs.map((job) => job.request));
  await killWhen(service, jobs, (line) => line.state === "running", 0);
  damage();
  await finish();
  expectEveryResultOnce();
});

test.skipIf(!existsSync("/proc/self/stat"))("leaves no process behind that computes without end when the service is killed (where there is a /proc)", async () => {
  const endless = request("loop");
  const service = startService([endless.request]);
  let uid = "";
  await killWhen(service, [endless], (line) => {
    uid = line.uid ?? uid;
    return line.state === "running";
  }, 0);
  const { process: child } = JSON.parse(readFileSync(join(dataDirectory, "requests", uid, "attempt-1.json"), "utf8")) as { readonly process: { readonly pid: number } };
  for (let waited = 0; waited < 3000 && existsSync(`/proc/${child.pid}`) && !isZombie(child.pid); waited += 50) await delay(50);
  expect(!existsSync(`/proc/${child.pid}`) || isZombie(child.pid)).toBe(true);
  // It would be run again: it has served its end.
  owed.delete(uid);
  rmSync(join(dataDirectory, "requests", uid), { recursive: true });
});

test("refuses a second service in another process by name, and lets it in when the first is killed", async () => {
  const first = startService([]);
  await new Promise<void>((resolve) => {
    first.stdout?.once("data", () => resolve());
  });
  expect(() => lockDataDirectory(join(dataDirectory, "lock.db"))).toThrow(expect.objectContaining({ code: "DATA_DIRECTORY_IN_USE" }));
  first.kill("SIGKILL");
  await once(first, "exit");
  using lock = lockDataDirectory(join(dataDirectory, "lock.db"));
  expect(lock).toBeDefined();
});

function isZombie(pid: number): boolean {
  return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}
