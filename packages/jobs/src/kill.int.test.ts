import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { constants, cpSync, existsSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { temporaryDirectory } from "@hilum/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StoredAttempt } from "./data-directory.ts";
import { openDatabase } from "./database.ts";
import { readJsonFile } from "./durable-file.ts";
import { openJobService } from "./index.ts";
import { openJobQueue } from "./job-queue.ts";
import type { JobRequest, JobState } from "./job-service.ts";
import { lockDataDirectory } from "./service-lock.ts";
import { constantInput, constantOutput } from "./test-plugin.test-support.ts";

/** How often the service, and a job's process, is killed in each state. */
const KILLS = Number(process.env.KILLS ?? (process.env.CI === "true" ? 20 : 3));
const STATES = ["queued", "starting", "running", "publishing"] as const;
/** Kills in a row before everything owed is let finish: jobs live through several of them. */
const KILLS_IN_A_ROW = 4;
const PROGRAM = { command: process.execPath, args: ["--conditions=hilum-source", new URL("./job-child.test-support.ts", import.meta.url).pathname] };

interface Line {
  readonly accepted?: string;
  readonly index?: number;
  readonly uid?: string;
  readonly state?: JobState;
  readonly idle?: true;
}

/** The data directory of one test, and what was accepted in it. */
interface Place {
  readonly dataDirectory: string;
  /** The constant of every accepted job. */
  readonly owed: Map<string, number>;
}

let directory: ReturnType<typeof temporaryDirectory>;
/** Its real path: a job takes no other. */
let folder: string;
let nextConstant = 1;

beforeAll(async () => {
  directory = temporaryDirectory();
  folder = realpathSync(directory.path);
  await using database = await openDatabase(join(folder, "prepared"));
  await using queue = await openJobQueue(database, () => {});
  expect(await queue.all()).toEqual([]);
});
afterAll(() => directory[Symbol.dispose]());

/** @param prepared whether its database has been made: making one takes more time than all that is tested here. */
function newPlace(name: string, prepared = true): Place {
  const dataDirectory = join(folder, name);
  if (prepared) cpSync(join(folder, "prepared"), join(dataDirectory, "database"), { recursive: true, mode: constants.COPYFILE_FICLONE });
  return { dataDirectory, owed: new Map() };
}

function request(job: string): { readonly request: JobRequest; readonly constant: number } {
  const constant = nextConstant++;
  const inputPath = join(folder, `${constant}.constant`);
  writeFileSync(inputPath, constantInput(constant));
  return { request: { job, inputPath }, constant };
}

function startService(dataDirectory: string, requests: readonly JobRequest[]): ChildProcess {
  const options = JSON.stringify({ dataDirectory, requests, concurrency: 2 });
  // A service here lives for a second: optimising the database's code would be most of what the test computes.
  return spawn(process.execPath, ["--liftoff-only", "--conditions=hilum-source", "--disable-warning=ExperimentalWarning", new URL("./service.test-support.ts", import.meta.url).pathname, options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Starts a service with new jobs and reads its lines until one satisfies; then kills it with -9 and reads what it had still said. */
async function killWhen({ dataDirectory, owed }: Place, jobs: readonly ReturnType<typeof request>[], satisfied: (line: Line) => boolean, laterMs = 0): Promise<void> {
  const service = startService(dataDirectory, jobs.map((job) => job.request));
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

async function finish(place: Place): Promise<void> {
  await killWhen(place, [], (line) => line.idle === true);
}

/** A request can be on the disk, and the service be killed before it could say so: such a job is owed too. */
function addUnacknowledged({ dataDirectory, owed }: Place): void {
  for (const uid of readdirSync(join(dataDirectory, "requests"))) {
    const { request: stored } = JSON.parse(readFileSync(join(dataDirectory, "requests", uid, "request.json"), "utf8")) as { readonly request: JobRequest };
    if (!owed.has(uid)) owed.set(uid, Number(basename(stored.inputPath, ".constant")));
  }
}

/** Counted from the result directories and their bytes, not from what the service says. */
function expectEveryResultOnce(place: Place): void {
  const { dataDirectory, owed } = place;
  const results = join(dataDirectory, "results");
  addUnacknowledged(place);
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
  const temporary = join(dataDirectory, "tmp");
  expect(existsSync(temporary) ? readdirSync(temporary) : []).toEqual([]);
}

/** The process of an attempt; undefined until its record is on the disk. */
function processOf(dataDirectory: string, uid: string, attempt: number): number | undefined {
  return readJsonFile<StoredAttempt>(join(dataDirectory, "requests", uid, `attempt-${attempt}.json`))?.process.pid;
}

// Side by side: a service that starts or ends waits more than it computes.
test.concurrent.for(STATES)(`every accepted job ends once when the service is killed with -9 while one is %s (${KILLS} times)`, { timeout: 120_000 + KILLS * 45_000 }, async (state) => {
  const here = newPlace(`service-${state}`, state !== "queued");
  for (let kill = 1; kill <= KILLS; kill++) {
    // The output as a directory and as a file; a few jobs at once, so that others are in other states.
    const jobs = [request(state === "publishing" ? "copy-directory" : "slow"), request("slow-directory"), request("copy")];
    const satisfied = (line: Line): boolean => (state === "queued" ? line.accepted !== undefined : line.state === state);
    // A publish takes some milliseconds: kills fall before, into and after it.
    await killWhen(here, jobs, satisfied, state === "publishing" ? kill % 4 : (kill % 3) * 40);
    if (kill % KILLS_IN_A_ROW === 0 || kill === KILLS) await finish(here);
  }
  expectEveryResultOnce(here);
  expect(here.owed.size).toBeGreaterThanOrEqual(KILLS);
  process.stdout.write(`service killed ${KILLS} times while a job was ${state}: ${here.owed.size} jobs accepted, each ended once\n`);
});

// A job that waits has no process.
test.skipIf(!existsSync("/proc/self/stat")).concurrent.for(["starting", "running", "publishing"] as const)(`every accepted job ends once when its process is killed with -9 while it is %s (${KILLS} times)`, { timeout: 120_000 + KILLS * 45_000 }, async (state) => {
  const here = newPlace(`child-${state}`);
  let kills = 0;
  {
    await using service = await openJobService({ dataDirectory: here.dataDirectory, concurrency: 2, child: PROGRAM });
    const killOne = async (): Promise<void> => {
      const { request: asked, constant } = request(state === "running" ? "slow" : kills % 2 === 0 ? "copy" : "copy-directory");
      const { uid } = await service.submit(asked);
      here.owed.set(uid, constant);
      for await (const { type, data } of service.events(uid)) {
        const event = data as { readonly state?: string; readonly attempt?: number };
        if (type !== "state" || event.state !== state || event.attempt !== 1) continue;
        let pid: number | undefined;
        while ((pid = processOf(here.dataDirectory, uid, 1)) === undefined) await delay(1);
        // One that has ended by itself meanwhile does not count.
        if (!runs(pid)) continue;
        process.kill(pid, "SIGKILL");
        kills++;
      }
    };
    for (;;) {
      await Promise.all([killOne(), killOne(), killOne()]);
      if (kills >= KILLS) break;
    }
  }
  expectEveryResultOnce(here);
  process.stdout.write(`processes of jobs killed ${kills} times while ${state}: ${here.owed.size} jobs accepted, each ended once\n`);
});

test.for([
  ["deleted", (database: string) => rmSync(database, { recursive: true })],
  [
    "cut",
    (database: string) => {
      for (const name of readdirSync(database, { recursive: true, encoding: "utf8" })) {
        const path = join(database, name);
        const stats = statSync(path);
        if (stats.isFile() && stats.size > 8192) truncateSync(path, Math.floor(stats.size / 3));
      }
    },
  ],
  [
    "without its write-ahead log",
    (database: string) => {
      const log = join(database, "pg_wal");
      for (const name of readdirSync(log)) if (statSync(join(log, name)).isFile()) truncateSync(join(log, name), 100);
    },
  ],
] as const)("every accepted job ends once when the database is %s between a kill and the next start", { timeout: 600_000 }, async ([how, damage]) => {
  const here = newPlace(`database-${how}`);
  await killWhen(here, [request("slow"), request("slow"), request("copy")], (line) => line.state === "running");
  damage(join(here.dataDirectory, "database"));
  await finish(here);
  expectEveryResultOnce(here);
});

test.skipIf(!existsSync("/proc/self/stat"))("leaves no process behind that computes without end when the service is killed (where there is a /proc)", async () => {
  const here = newPlace("endless");
  let uid = "";
  await killWhen(here, [request("loop")], (line) => {
    uid = line.uid ?? uid;
    return line.state === "running";
  });
  const child = processOf(here.dataDirectory, uid, 1) ?? 0;
  for (let waited = 0; waited < 30_000 && runs(child); waited += 50) await delay(50);
  expect(child).toBeGreaterThan(0);
  expect(runs(child)).toBe(false);
});

test("refuses a second service in another process by name, and lets it in when the first is killed", async () => {
  const { dataDirectory } = newPlace("locked");
  const first = startService(dataDirectory, []);
  await new Promise<void>((resolve) => {
    first.stdout?.once("data", () => resolve());
  });
  expect(() => lockDataDirectory(join(dataDirectory, "lock.db"))).toThrow(expect.objectContaining({ code: "DATA_DIRECTORY_IN_USE" }));
  first.kill("SIGKILL");
  await once(first, "exit");
  using lock = lockDataDirectory(join(dataDirectory, "lock.db"));
  expect(lock).toBeDefined();
});

/** Whether a process is there and has not ended. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
