import type { JobReport, Json } from "@hilum/core";

/** Where a job stands. It goes forward only; `retry` makes a new attempt of an ended job. */
export type JobState = "queued" | "starting" | "running" | "publishing" | "succeeded" | "failed" | "cancelled";

/**
 * What somebody asks for. Paths are absolute, real paths that were confined to a root before they come here: no link is part
 * of one. A job whose path leads through a link when it is about to be opened fails with FORBIDDEN_PATH.
 */
export interface JobRequest {
  /** Name of a registry entry, e.g. "gaussian-blur". */
  readonly job: string;
  /** File or directory; an absolute, real path. */
  readonly inputPath: string;
  /** Where the result appears, in a folder named by its absolute, real path; inside the service's own results where absent. Must not exist yet. */
  readonly outputPath?: string;
  /** Changes to step configurations, by place ("process.0"), as `host.jobSpec` takes them. */
  readonly config?: { readonly [place: string]: { readonly [key: string]: Json } };
  /** Higher goes first; default 0. */
  readonly priority?: number;
  /** DICOM directory whose headers are used, for HDF5 input; an absolute, real path. */
  readonly templatePath?: string;
  /** For the audit record: who asked, e.g. a token's id. */
  readonly requestedBy?: string;
}

/** What makes two requests the same one. */
export interface Idempotency {
  /** The client's own name for the request. */
  readonly key: string;
  /** What the client asked for, as it wrote it: that stays the same when the places which it names are gone. */
  readonly asked: Json;
}

/** One job as it is now. Holds no patient data: paths are not part of it. */
export interface JobRecord {
  readonly uid: string;
  readonly job: string;
  readonly state: JobState;
  readonly attempt: number;
  readonly priority: number;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** Slices done and in all, over all passes of the running attempt. */
  readonly progress?: { readonly pass: string; readonly done: number; readonly total: number };
  /** Absolute path of the published result; there once `succeeded`. */
  readonly outputPath?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly remedy?: string };
  /** The whole report, in what `get` answers; not there where the process died between publishing and reporting. */
  readonly report?: JobReport;
  /** Files of the result (name "" where it is one file), size and SHA-256, in what `get` answers once `succeeded`. */
  readonly outputs?: JobReport["outputs"];
}

/** Something that happened to a job; `id` rises by one for each event of a job, so that a reader can resume. */
export interface JobServiceEvent {
  readonly id: number;
  readonly at: string;
  readonly type: "state" | "progress" | "warning";
  readonly data: Json;
}

/** How many of each state, and what the service holds. */
export interface ServiceStatistics {
  readonly states: { readonly [state in JobState]: number };
  readonly oldestQueuedAgeMs: number;
  readonly ready: boolean;
}

/** Durable jobs: what is accepted ends, once, whatever dies in between. */
export interface JobService extends AsyncDisposable {
  /**
   * Accepts a job: its request is on the disk (fsynced) before this resolves. Its paths have to be absolute, real ones (see
   * {@link JobRequest}): they are checked when the job starts, not here.
   * With an idempotency key that was accepted before it gives that job.
   * @throws {HilumError} QUEUE_FULL; IDEMPOTENCY_MISMATCH when the key came with something else before; OUTPUT_EXISTS when
   * something stands at the output's path, or another job that has not ended is to write it.
   */
  submit(request: JobRequest, idempotency?: Idempotency): Promise<{ readonly uid: string; readonly created: boolean }>;
  /** The uid of the job that was accepted under this key; undefined where none was. @throws {HilumError} IDEMPOTENCY_MISMATCH as `submit`. */
  acceptedBefore(idempotency: Idempotency): Promise<string | undefined>;
  /** @returns undefined for an unknown uid. */
  get(uid: string): Promise<JobRecord | undefined>;
  /** Newest first, at most 100 where no limit is given; `before` is the uid of the last job of the page before. */
  list(filter?: { readonly state?: JobState; readonly limit?: number; readonly before?: string }): Promise<readonly JobRecord[]>;
  /** Past events after `afterId`, then new ones, until the job has ended or the signal aborts (without an error). Nothing for an unknown uid. */
  events(uid: string, options?: { readonly afterId?: number; readonly signal?: AbortSignal }): AsyncIterable<JobServiceEvent>;
  /**
   * Cancels a queued job at once, and a running one by ending its process; resolves when it has ended, on the disk too.
   * @returns false where it had ended already, or its output had appeared by then; and for an unknown uid.
   */
  cancel(uid: string): Promise<boolean>;
  /** Makes a new attempt of a failed or cancelled job. @returns false where it has not ended so. */
  retry(uid: string): Promise<boolean>;
  /** What the attempts said, oldest first; no patient data. */
  log(uid: string): Promise<string>;
  /** What a dry run of this request would do, computed in a child process. @throws {HilumError} as the plan; FORBIDDEN_PATH as a job fails; QUEUE_FULL when too many plans are being made. */
  plan(request: Omit<JobRequest, "priority" | "requestedBy">): Promise<Json>;
  statistics(): Promise<ServiceStatistics>;
  /** Resolves when the database is up and old requests are reconciled; rejects only when the service is disposed of before. */
  readonly ready: Promise<void>;
}

/** How a service is set up. */
export interface JobServiceOptions {
  /** The one directory that holds everything: lock, database, requests, results, logs. Made if absent (0700). */
  readonly dataDirectory: string;
  /** Starts the program that runs one job in a process of its own (it calls `runJobChild`). */
  readonly child: { readonly command: string; readonly args: readonly string[] };
  /** Jobs that run at one time; default 1. */
  readonly concurrency?: number;
  /** Jobs that may wait; default 10,000. */
  readonly maxQueued?: number;
  /** Attempts of a job before it is given up; default 3. */
  readonly maxAttempts?: number;
  /** Longest time of one attempt; default 1 h. */
  readonly timeoutMs?: number;
  /** Most resident memory of a child; default 4 GiB. */
  readonly memoryBytes?: number;
  /** How long ended jobs are kept; default 30 days. */
  readonly retentionMs?: number;
}
