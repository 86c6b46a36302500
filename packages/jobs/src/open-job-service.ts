import { randomUUID } from "node:crypto";
import { lstatSync } from "node:fs";
import { resolve as absolutePath } from "node:path";
import { HilumError, type Json } from "@hilum/core";
import type { JobFailure } from "./child-messages.ts";
import { DataDirectory, type StoredJob, type StoredOutcome, type StoredRequest, type StoredResult } from "./data-directory.ts";
import { failure, isWorthAnotherAttempt } from "./failure-of-end.ts";
import { IdempotencyKeys, keptIdempotency } from "./idempotency-keys.ts";
import { JobDispatcher } from "./job-dispatcher.ts";
import type { Claim } from "./job-queue.ts";
import type { Idempotency, JobRecord, JobRequest, JobService, JobServiceEvent, JobServiceOptions, JobState, ServiceStatistics } from "./job-service.ts";
import { entryOf, isEnd, JobTable, recordOf, type EndState, type JobEntry } from "./job-table.ts";
import { identityOf, killRemembered } from "./process-identity.ts";
import { planInChild } from "./plan-in-child.ts";
import { findPublished } from "./published-output.ts";
import { runAttempt, type AttemptEnd, type RunningAttempt } from "./run-attempt.ts";
import { lockDataDirectory } from "./service-lock.ts";

const DEFAULTS = {
  concurrency: 1,
  maxQueued: 10_000,
  maxAttempts: 3,
  timeoutMs: 3_600_000,
  memoryBytes: 4 * 2 ** 30,
  retentionMs: 30 * 24 * 3_600_000,
};

/** Plans that are made at one time. */
const MAX_PLANS = 4;
const DEFAULT_PAGE = 100;

/**
 * Opens the job service of a data directory. Resolves before the database is up, since that takes seconds: jobs are accepted
 * and told of from the start, and run once `ready` resolves.
 * @throws {HilumError} DATA_DIRECTORY_IN_USE when another service works in the directory.
 */
export async function openJobService(options: JobServiceOptions): Promise<JobService> {
  return new DurableJobService(options);
}

interface Running {
  readonly attempt: RunningAttempt;
  claim: Claim;
  /** Resolves when the end is on the disk. */
  readonly settled: Promise<void>;
}

class DurableJobService implements JobService {
  readonly ready: Promise<void>;
  readonly #options: JobServiceOptions & typeof DEFAULTS;
  readonly #data: DataDirectory;
  readonly #lock: Disposable;
  readonly #jobs = new JobTable();
  readonly #keys = new IdempotencyKeys();
  readonly #running = new Map<string, Running>();
  readonly #cancelling = new Set<string>();
  readonly #closing = new AbortController();
  readonly #dispatcher: JobDispatcher;
  /** Resolves when everything on the disk is known. */
  readonly #known: Promise<void>;
  readonly #worked: Promise<void>;
  #accepting = 0;
  #plans = 0;

  constructor(options: JobServiceOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#data = new DataDirectory(absolutePath(options.dataDirectory));
    this.#lock = lockDataDirectory(this.#data.lockFile);
    this.#known = this.#readJobs();
    this.#known.catch(() => {});
    this.#dispatcher = new JobDispatcher({
      databaseDirectory: this.#data.database,
      jobs: this.#jobs,
      concurrency: this.#options.concurrency,
      running: this.#running,
      begin: (claim) => this.#begin(claim),
      sweep: () => this.#sweep(),
      signal: this.#closing.signal,
    });
    this.ready = this.#known.then(() => this.#dispatcher.ready);
    // Nobody has to wait for it.
    this.ready.catch(() => {});
    this.#worked = this.#work();
    this.#worked.catch(() => {});
  }

  async #work(): Promise<void> {
    try {
      await this.#known;
      await this.#dispatcher.run();
    } finally {
      this.#lock[Symbol.dispose]();
    }
  }

  async submit(request: JobRequest, idempotency?: Idempotency): Promise<{ readonly uid: string; readonly created: boolean }> {
    await this.#known;
    this.#closing.signal.throwIfAborted();
    const kept = idempotency === undefined ? undefined : keptIdempotency(idempotency);
    const known = kept === undefined ? undefined : this.#keys.find(kept);
    if (known !== undefined) return { uid: await known, created: false };
    if (this.#jobs.count("queued") + this.#accepting >= this.#options.maxQueued)
      throw new HilumError("QUEUE_FULL", "As many jobs wait as may wait.", { details: { maxQueued: this.#options.maxQueued } });
    const uid = randomUUID();
    const outputPath = request.outputPath ?? this.#data.defaultOutput(uid);
    if (this.#jobs.owesOutput(outputPath)) throw new HilumError("OUTPUT_EXISTS", "Another job is to write this output.");
    if (lstatSync(outputPath, { throwIfNoEntry: false }) !== undefined) throw new HilumError("OUTPUT_EXISTS", "The output is there already and was left untouched.");
    const stored: StoredRequest = {
      uid,
      createdAt: new Date().toISOString(),
      request: { ...request, outputPath },
      ...(kept === undefined ? {} : { idempotency: kept }),
    };
    const accepted = this.#accept(stored);
    if (kept !== undefined) this.#keys.add(kept, uid, accepted);
    await accepted;
    return { uid, created: true };
  }

  async acceptedBefore(idempotency: Idempotency): Promise<string | undefined> {
    await this.#known;
    return this.#keys.find(keptIdempotency(idempotency));
  }

  async #accept(stored: StoredRequest): Promise<void> {
    this.#accepting++;
    try {
      await this.#data.accept(stored);
    } catch (error) {
      if (stored.idempotency !== undefined) this.#keys.remove(stored.idempotency.keyDigest);
      throw new HilumError("STORAGE_FULL", "The request could not be put on the disk.", { cause: error, remedy: "Check the free space and the permissions of the data directory." });
    } finally {
      this.#accepting--;
    }
    const entry = entryOf({ stored, attempts: new Map() });
    this.#jobs.add(entry);
    this.#tellState(entry);
    this.#dispatcher.insert(entry.uid);
  }

  async get(uid: string): Promise<JobRecord | undefined> {
    await this.#known;
    const entry = this.#jobs.get(uid);
    if (entry === undefined) return undefined;
    const result = entry.state === "succeeded" ? this.#data.result(uid) : undefined;
    return { ...recordOf(entry), ...result };
  }

  async list({ state, limit = DEFAULT_PAGE, before }: { readonly state?: JobState; readonly limit?: number; readonly before?: string } = {}): Promise<readonly JobRecord[]> {
    await this.#known;
    return this.#jobs.newestFirst({ limit, ...(state === undefined ? {} : { state }), ...(before === undefined ? {} : { before }) }).map(recordOf);
  }

  async *events(uid: string, { afterId = 0, signal }: { readonly afterId?: number; readonly signal?: AbortSignal } = {}): AsyncGenerator<JobServiceEvent> {
    await this.#known;
    const entry = this.#jobs.get(uid);
    if (entry === undefined) return;
    const journal = this.#data.journal(uid);
    this.#completeJournal(entry);
    const until = signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    for (let position = 0; !until.aborted && this.#jobs.get(uid) === entry; ) {
      const { events, end } = journal.read(position);
      position = end;
      for (const event of events) {
        if (until.aborted) return;
        if (event.id > afterId) yield event;
      }
      if (isEnd(entry.state) && journal.size <= position) return;
      await journal.grown(position, until);
    }
  }

  async cancel(uid: string): Promise<boolean> {
    await this.#known;
    const entry = this.#jobs.get(uid);
    if (entry === undefined || isEnd(entry.state)) return false;
    const running = this.#running.get(uid);
    if (running === undefined) {
      const outcome = outcomeOf(entry, "cancelled");
      this.#data.endNow(uid, outcome);
      this.#applyEnd(entry, outcome);
      return true;
    }
    this.#cancelling.add(uid);
    running.attempt.stop();
    await running.settled;
    // An attempt that had just failed by itself has put the job back into the queue.
    return isEnd(entry.state) ? (entry.state as JobState) === "cancelled" : this.cancel(uid);
  }

  async retry(uid: string): Promise<boolean> {
    await this.#known;
    this.#closing.signal.throwIfAborted();
    const entry = this.#jobs.get(uid);
    if (entry === undefined || (entry.state !== "failed" && entry.state !== "cancelled")) return false;
    if (this.#jobs.owesOutput(entry.outputPath)) throw new HilumError("OUTPUT_EXISTS", "Another job is to write this output.");
    this.#data.reopenNow(uid, entry.attempt);
    entry.attemptsUsed = 0;
    entry.endedAt = entry.error = entry.progress = undefined;
    this.#setState(entry, "queued");
    // What the queue may still hold of it goes first.
    this.#dispatcher.remove(uid);
    this.#dispatcher.insert(uid);
    return true;
  }

  async log(uid: string): Promise<string> {
    await this.#known;
    return this.#jobs.get(uid) === undefined ? "" : this.#data.logs(uid);
  }

  async plan(request: Omit<JobRequest, "priority" | "requestedBy">): Promise<Json> {
    this.#closing.signal.throwIfAborted();
    if (this.#plans >= MAX_PLANS) throw new HilumError("QUEUE_FULL", "As many plans are being made as may be made at one time.", { details: { maxPlans: MAX_PLANS } });
    this.#plans++;
    try {
      const id = randomUUID();
      const { child, timeoutMs, memoryBytes } = this.#options;
      return await planInChild(
        { ...request, outputPath: request.outputPath ?? this.#data.defaultOutput(id) },
        { ...child, timeoutMs, memoryBytes, temporaryDirectory: this.#data.temporaryDirectory(`plan-${id}`) },
        this.#closing.signal,
      );
    } finally {
      this.#plans--;
    }
  }

  async statistics(): Promise<ServiceStatistics> {
    await this.#known;
    return this.#jobs.statistics(this.#dispatcher.isReady);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort(new DOMException("The job service was closed.", "AbortError"));
      for (const { attempt } of this.#running.values()) attempt.stop();
    }
    await this.#worked;
  }

  /** Learns from the disk what there is, and settles the attempts that a dead service left. */
  async #readJobs(): Promise<void> {
    const unsettled: { readonly entry: JobEntry; readonly job: StoredJob }[] = [];
    for await (const job of this.#data.jobs()) {
      const entry = entryOf(job);
      this.#jobs.add(entry);
      if (job.stored.idempotency !== undefined) this.#keys.add(job.stored.idempotency, entry.uid, Promise.resolve());
      if (!isEnd(entry.state)) unsettled.push({ entry, job });
    }
    for (const { job } of unsettled) for (const { process } of job.attempts.values()) await killRemembered(process);
    this.#data.clearTemporary();
    for (const { entry, job } of unsettled) await this.#settleLeft(entry, job);
  }

  /** Decides about a job whose service died: its output is there as announced, or it runs again while attempts are left. */
  async #settleLeft(entry: JobEntry, job: StoredJob): Promise<void> {
    const last = job.attempts.get(entry.attempt);
    const announced = last === undefined ? undefined : this.#data.announced(entry.uid, entry.attempt);
    const outputs = announced === undefined ? undefined : await findPublished(entry.outputPath, announced);
    if (outputs !== undefined) {
      this.#data.log(entry.uid, entry.attempt, "the output was there when the service came back");
      await this.#end(entry, "succeeded", { result: { outputs } });
    } else if (entry.attemptsUsed >= this.#options.maxAttempts) {
      await this.#end(entry, "failed", { error: failure("JOB_CRASHED", `The service ended during attempt ${entry.attempt} of the job, the last one.`) });
    } else {
      if (last !== undefined && last.interrupted !== true) this.#data.log(entry.uid, entry.attempt, "the service ended during this attempt");
      const told = this.#data.journal(entry.uid).last;
      if (told?.type !== "state" || stateIn(told.data) !== "queued") this.#tellState(entry);
      this.#dispatcher.insert(entry.uid);
    }
  }

  #begin(claim: Claim): void {
    const { uid } = claim;
    const running = this.#running.get(uid);
    if (running !== undefined) {
      // The queue took a claim for lost (a suspended machine); the attempt goes on under the new one.
      running.claim = claim;
      return;
    }
    const entry = this.#jobs.get(uid);
    const stored = this.#data.request(uid);
    if (entry?.state !== "queued" || stored === undefined || this.#closing.signal.aborted) {
      if (entry === undefined || isEnd(entry.state)) this.#dispatcher.remove(uid);
      else this.#dispatcher.release(claim);
      return;
    }
    const attempt = ++entry.attempt;
    entry.attemptsUsed++;
    const startedAt = new Date().toISOString();
    entry.startedAt = startedAt;
    this.#setState(entry, "starting");
    const journal = this.#data.journal(uid);
    const log = (line: string): void => this.#data.log(uid, attempt, line);
    log("starting");
    const { child, timeoutMs, memoryBytes } = this.#options;
    const { job, inputPath, outputPath, config, templatePath } = stored.request;
    const order = { job, inputPath, outputPath, ...(config === undefined ? {} : { config }), ...(templatePath === undefined ? {} : { templatePath }) };
    const runningAttempt = runAttempt(
      order,
      { ...child, timeoutMs, memoryBytes, temporaryDirectory: this.#data.temporaryDirectory(`${uid}-${attempt}`) },
      {
        log,
        spawned: (pid) => this.#data.beginAttempt(uid, attempt, { process: identityOf(pid), startedAt }),
        started: () => {
          log("running");
          this.#setState(entry, "running");
        },
        progress: (progress) => {
          entry.progress = progress;
          journal.append("progress", progress);
        },
        warning: (warning) => {
          log(`warning ${warning.code} ${warning.message}`);
          journal.append("warning", { code: warning.code, message: warning.message });
        },
        publishing: async (files) => {
          await this.#data.announce(uid, attempt, files);
          // Once somebody wants it to stop, it never gets leave, and its process is ended.
          if (this.#cancelling.has(uid) || this.#closing.signal.aborted) return false;
          log("publishing");
          this.#setState(entry, "publishing");
          return true;
        },
      },
    );
    const settled = runningAttempt.ended
      .then((end) => this.#settle(entry, end))
      .catch(() => {
        // The end could not be put on the disk, so it has not ended: it is tried again, and looked for at the next start.
        this.#jobs.move(entry, "queued");
      })
      .finally(() => {
        this.#data.closeLog(uid, attempt);
        this.#cancelling.delete(uid);
        const last = this.#running.get(uid);
        this.#running.delete(uid);
        if (entry.state === "queued" && last !== undefined) this.#dispatcher.release(last.claim);
        // Told again, now that there is room for another job.
        else this.#dispatcher.remove(uid);
      });
    this.#running.set(uid, { attempt: runningAttempt, claim, settled });
  }

  async #settle(entry: JobEntry, end: AttemptEnd): Promise<void> {
    const { uid, attempt } = entry;
    if (end.kind === "succeeded") {
      const { outputs, report } = end;
      await this.#end(entry, "succeeded", { result: { outputs, ...(report === undefined ? {} : { report }) } });
    } else if (this.#cancelling.has(uid)) await this.#end(entry, "cancelled");
    else if (end.kind === "failed" && (!isWorthAnotherAttempt(end.failure) || entry.attemptsUsed >= this.#options.maxAttempts)) await this.#end(entry, "failed", { error: end.failure });
    else {
      if (end.kind === "failed") this.#data.log(uid, attempt, `failed ${end.failure.code} ${end.failure.message}`);
      else {
        await this.#data.interruptAttempt(uid, attempt);
        entry.attemptsUsed--;
        this.#data.log(uid, attempt, "interrupted");
      }
      entry.progress = undefined;
      this.#setState(entry, "queued");
    }
  }

  async #end(entry: JobEntry, state: EndState, { error, result }: { readonly error?: JobFailure; readonly result?: StoredResult } = {}): Promise<void> {
    const outcome = outcomeOf(entry, state, error);
    await this.#data.end(entry.uid, outcome, result);
    this.#data.log(entry.uid, entry.attempt, error === undefined ? state : `${state} ${error.code} ${error.message}`);
    this.#applyEnd(entry, outcome);
  }

  #applyEnd(entry: JobEntry, outcome: StoredOutcome): void {
    entry.endedAt = outcome.endedAt;
    entry.error = outcome.error;
    this.#setState(entry, outcome.state);
    this.#dispatcher.remove(entry.uid);
  }

  #setState(entry: JobEntry, state: JobState): void {
    this.#jobs.move(entry, state);
    this.#tellState(entry);
  }

  #tellState({ uid, state, attempt, error }: JobEntry): void {
    this.#data.journal(uid).append("state", { state, attempt, ...(error === undefined ? {} : { error: { ...error } }) });
  }

  /** A service can die between the end of a job and its last event. */
  #completeJournal(entry: JobEntry): void {
    const { last } = this.#data.journal(entry.uid);
    if (isEnd(entry.state) && (last?.type !== "state" || stateIn(last.data) !== entry.state)) this.#tellState(entry);
  }

  /** Removes what ended long ago. */
  #sweep(): void {
    const before = new Date(Date.now() - this.#options.retentionMs).toISOString();
    for (const { uid, keyDigest, endedAt } of this.#jobs.values()) {
      if (endedAt === undefined || endedAt >= before) continue;
      this.#data.remove(uid);
      this.#jobs.remove(uid);
      if (keyDigest !== undefined) this.#keys.remove(keyDigest);
    }
  }
}

function outcomeOf({ attempt, startedAt }: JobEntry, state: EndState, error?: JobFailure): StoredOutcome {
  return { state, attempt, endedAt: new Date().toISOString(), ...(startedAt === undefined ? {} : { startedAt }), ...(error === undefined ? {} : { error }) };
}

function stateIn(data: Json): Json | undefined {
  return typeof data === "object" && data !== null && "state" in data ? data.state : undefined;
}
