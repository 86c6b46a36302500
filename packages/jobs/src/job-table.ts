import type { JobFailure } from "./child-messages.ts";
import type { StoredJob } from "./data-directory.ts";
import type { JobRecord, JobState, ServiceStatistics } from "./job-service.ts";

/** What the service knows of a job without looking at the disk. */
export interface JobEntry {
  readonly uid: string;
  readonly job: string;
  readonly priority: number;
  readonly createdAt: string;
  readonly outputPath: string;
  readonly keyDigest?: string;
  state: JobState;
  /** Number of the last attempt; 0 before the first. */
  attempt: number;
  /** Attempts that count against the most there may be. */
  attemptsUsed: number;
  startedAt?: string | undefined;
  endedAt?: string | undefined;
  progress?: JobRecord["progress"] | undefined;
  error?: JobFailure | undefined;
}

/** The states in which a job stays unless somebody asks for another attempt. */
export type EndState = "succeeded" | "failed" | "cancelled";

/** Whether a job has ended. */
export function isEnd(state: JobState): state is EndState {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}

/** Every job that the service knows, in the order in which they were accepted. */
export class JobTable {
  readonly #entries = new Map<string, JobEntry>();
  readonly #owedOutputs = new Map<string, string>();
  readonly #states: Record<JobState, number> = { queued: 0, starting: 0, running: 0, publishing: 0, succeeded: 0, failed: 0, cancelled: 0 };

  add(entry: JobEntry): void {
    this.#entries.set(entry.uid, entry);
    this.#states[entry.state]++;
    if (!isEnd(entry.state)) this.#owedOutputs.set(entry.outputPath, entry.uid);
  }

  get(uid: string): JobEntry | undefined {
    return this.#entries.get(uid);
  }

  remove(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    this.#entries.delete(uid);
    this.#states[entry.state]--;
  }

  move(entry: JobEntry, state: JobState): void {
    this.#states[entry.state]--;
    this.#states[state]++;
    entry.state = state;
    if (!isEnd(state)) this.#owedOutputs.set(entry.outputPath, entry.uid);
    else if (this.#owedOutputs.get(entry.outputPath) === entry.uid) this.#owedOutputs.delete(entry.outputPath);
  }

  /** Whether a job that has not ended is to write this path. */
  owesOutput(path: string): boolean {
    return this.#owedOutputs.has(path);
  }

  count(state: JobState): number {
    return this.#states[state];
  }

  values(): IterableIterator<JobEntry> {
    return this.#entries.values();
  }

  newestFirst(filter: { readonly state?: JobState; readonly limit: number; readonly before?: string }): readonly JobEntry[] {
    const page: JobEntry[] = [];
    let reached = filter.before === undefined;
    for (const entry of [...this.#entries.values()].reverse()) {
      if (page.length >= filter.limit) break;
      if (reached && (filter.state === undefined || entry.state === filter.state)) page.push(entry);
      reached ||= entry.uid === filter.before;
    }
    return page;
  }

  statistics(ready: boolean): ServiceStatistics {
    let oldest: string | undefined;
    for (const { state, createdAt } of this.#entries.values()) if (state === "queued" && (oldest === undefined || createdAt < oldest)) oldest = createdAt;
    return { states: { ...this.#states }, oldestQueuedAgeMs: oldest === undefined ? 0 : Math.max(0, Date.now() - Date.parse(oldest)), ready };
  }
}

/** What the table holds of a job that is on the disk. */
export function entryOf({ stored, outcome, attempts }: StoredJob): JobEntry {
  const { uid, createdAt, request, idempotency } = stored;
  const last = [...attempts.keys()].at(-1);
  return {
    uid,
    job: request.job,
    priority: request.priority ?? 0,
    createdAt,
    outputPath: request.outputPath,
    state: outcome?.state ?? "queued",
    attempt: outcome?.attempt ?? last ?? 0,
    attemptsUsed: [...attempts.values()].filter((attempt) => attempt.interrupted !== true).length,
    startedAt: outcome?.startedAt ?? (last === undefined ? undefined : attempts.get(last)?.startedAt),
    endedAt: outcome?.endedAt,
    error: outcome?.error,
    ...(idempotency === undefined ? {} : { keyDigest: idempotency.keyDigest }),
  };
}

/** A job as others see it. */
export function recordOf(entry: JobEntry): JobRecord {
  const { uid, job, state, attempt, priority, createdAt, startedAt, endedAt, progress, outputPath, error } = entry;
  return {
    uid,
    job,
    state,
    attempt,
    priority,
    createdAt,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(progress === undefined ? {} : { progress }),
    ...(state === "succeeded" ? { outputPath } : {}),
    ...(error === undefined ? {} : { error }),
  };
}
