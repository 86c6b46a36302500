import { setTimeout as delay } from "node:timers/promises";
import { openDatabase, setDatabaseAside, type Database } from "./database.ts";
import { openJobQueue, type Claim, type JobQueue } from "./job-queue.ts";
import { isEnd, type JobTable } from "./job-table.ts";

/** How often the queue is asked while jobs wait for their next attempt. */
const POLL_MS = 500;
/** A third of what a claim lasts. */
const RENEW_MS = 20_000;
const SWEEP_MS = 3_600_000;
/** The embedded database computes in this thread: what comes together is told together, so that requests are answered in between. */
const GATHER_MS = 50;
/** Between two attempts to bring a database up that cannot be made anew either. */
const REOPEN_MS = 5000;

/** What the dispatcher works with. */
export interface DispatcherOptions {
  readonly databaseDirectory: string;
  readonly jobs: JobTable;
  readonly concurrency: number;
  /** Jobs whose attempts are under way, by uid. */
  readonly running: ReadonlyMap<string, { readonly claim: Claim; readonly settled: Promise<void> }>;
  /** Starts an attempt of a claimed job. */
  readonly begin: (claim: Claim) => void;
  /** Called now and then. */
  readonly sweep: () => void;
  readonly signal: AbortSignal;
}

/** Keeps the queue in step with the jobs, which are the truth, and starts what is next. The only one who talks to the database. */
export class JobDispatcher {
  readonly ready: Promise<void>;
  readonly #options: DispatcherOptions;
  /** What the queue has still to be told. */
  readonly #toInsert = new Set<string>();
  readonly #toRemove = new Set<string>();
  #toRelease: Claim[] = [];
  #isReady = false;
  #wake: () => void = () => {};
  readonly #becomeReady: () => void;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    promise.catch(() => {});
    this.#becomeReady = resolve;
    options.signal.addEventListener("abort", () => {
      reject(options.signal.reason as Error);
      this.#wake();
    });
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** The job waits for an attempt. */
  insert(uid: string): void {
    this.#toInsert.add(uid);
    this.#wake();
  }

  /** The job has ended. */
  remove(uid: string): void {
    this.#toInsert.delete(uid);
    this.#toRemove.add(uid);
    this.#wake();
  }

  /** The job waits for another attempt, after a while. */
  release(claim: Claim): void {
    this.#toRelease.push(claim);
    this.#wake();
  }

  /** Brings the database up, again and again if need be, and works until the signal aborts and what runs has settled. */
  async run(): Promise<void> {
    const { databaseDirectory, signal } = this.#options;
    for (let failures = 0; !signal.aborted; ) {
      try {
        if (failures > 0) setDatabaseAside(databaseDirectory);
        await using database = await openDatabase(databaseDirectory);
        await using queue = await openJobQueue(database, () => this.#wake());
        await this.#reconcile(queue);
        failures = 0;
        this.#isReady = true;
        this.#becomeReady();
        await this.#dispatch(queue, database);
      } catch (error) {
        // The files are the truth: a database that fails in any way is made anew from them.
        process.emitWarning(`The job service makes its database anew: ${error instanceof Error ? error.message : "unknown"}`, "HilumWarning");
        if (++failures > 1) await delay(REOPEN_MS, undefined, { signal }).catch(() => {});
      }
      this.#isReady = false;
    }
    await this.#settled();
  }

  /** Makes the queue hold exactly what waits or runs. */
  async #reconcile(queue: JobQueue): Promise<void> {
    const { jobs, running } = this.#options;
    const all = await queue.all();
    const held = new Set<string>();
    this.#toInsert.clear();
    this.#toRemove.clear();
    this.#toRelease = [];
    for (const { claimed, ...claim } of all) {
      const entry = jobs.get(claim.uid);
      if (entry === undefined || isEnd(entry.state)) this.#toRemove.add(claim.uid);
      else {
        held.add(claim.uid);
        // Nobody else can have claimed it: the data directory is ours alone.
        if (claimed && !running.has(claim.uid)) this.#toRelease.push(claim);
      }
    }
    for (const { uid, state } of jobs.values()) if (state === "queued" && !held.has(uid)) this.#toInsert.add(uid);
  }

  async #dispatch(queue: JobQueue, database: Database): Promise<void> {
    const { concurrency, jobs, running, begin, sweep, signal } = this.#options;
    let renewed = performance.now();
    let swept = -Infinity;
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await this.#tell(queue);
      const free = concurrency - running.size;
      if (free > 0 && jobs.count("queued") > 0) for (const claim of await queue.claim(free)) begin(claim);
      if (performance.now() - renewed > RENEW_MS) {
        await queue.renew([...running.values()].map(({ claim }) => claim));
        renewed = performance.now();
      }
      if (performance.now() - swept > SWEEP_MS) {
        sweep();
        await database.tidy();
        swept = performance.now();
      }
      if (signal.aborted) break;
      const isWaiting = jobs.count("queued") > 0 && running.size < concurrency;
      await pause(woken, isWaiting ? POLL_MS : RENEW_MS);
      await delay(GATHER_MS);
    }
    await this.#settled();
    await this.#tell(queue);
  }

  async #settled(): Promise<void> {
    await Promise.all([...this.#options.running.values()].map(({ settled }) => settled));
  }

  /** Each list is emptied before the queue is told: what comes meanwhile is for the next time, and after a failure all is reconciled. */
  async #tell(queue: JobQueue): Promise<void> {
    const { jobs } = this.#options;
    const removed = [...this.#toRemove];
    this.#toRemove.clear();
    await queue.remove(removed);
    const released = this.#toRelease;
    this.#toRelease = [];
    for (const claim of released)
      // Where the queue was made anew meanwhile, it does not know the claim.
      if (!(await queue.release(claim)) && jobs.get(claim.uid)?.state === "queued") this.#toInsert.add(claim.uid);
    const inserted = [...this.#toInsert].flatMap((uid) => {
      const entry = jobs.get(uid);
      return entry?.state === "queued" && !this.#toRemove.has(uid) ? [entry] : [];
    });
    for (const { uid } of inserted) this.#toInsert.delete(uid);
    await queue.insert(inserted);
  }
}

/** Until woken, at most so long. */
async function pause(woken: Promise<void>, ms: number): Promise<void> {
  const stop = new AbortController();
  await Promise.race([woken, delay(ms, undefined, { signal: stop.signal }).catch(() => {})]);
  stop.abort();
}
