import { randomUUID } from "node:crypto";
import { HilumError, type Json } from "@hilum/core";
import type { JobRecord, JobRequest, JobService, JobServiceEvent, JobState } from "@hilum/jobs";

/** A job service that keeps jobs in memory and runs none: a test decides what becomes of them. */
export interface FakeJobService extends JobService {
  /** What was submitted, by uid. */
  readonly requests: ReadonlyMap<string, JobRequest>;
  /** Every uid that the service was asked for. */
  readonly askedFor: string[];
  change(uid: string, change: Partial<JobRecord>): void;
  emit(uid: string, type: JobServiceEvent["type"], data: Json): void;
}

/** @param maxQueued more jobs are refused. */
export function fakeJobService({ maxQueued = 1000, ready = true }: { readonly maxQueued?: number; readonly ready?: boolean } = {}): FakeJobService {
  const requests = new Map<string, JobRequest>();
  const records = new Map<string, JobRecord>();
  const keys = new Map<string, { readonly uid: string; readonly asked: string }>();
  const events = new Map<string, JobServiceEvent[]>();
  const listeners = new Set<() => void>();
  const askedFor: string[] = [];
  const recordOf = (uid: string): JobRecord => {
    const record = records.get(uid);
    if (record === undefined) throw new TypeError("a test named a job that it never submitted");
    return record;
  };
  const change = (uid: string, changes: Partial<JobRecord>): void => {
    records.set(uid, { ...recordOf(uid), ...changes });
    listeners.forEach((wake) => wake());
  };
  return {
    requests,
    askedFor,
    change,
    emit(uid, type, data) {
      const all = events.get(uid) ?? [];
      events.set(uid, [...all, { id: all.length + 1, at: "2026-11-22T12:00:00.000Z", type, data }]);
      listeners.forEach((wake) => wake());
    },
    async acceptedBefore({ key, asked }) {
      const known = keys.get(key);
      if (known !== undefined && known.asked !== JSON.stringify(asked)) throw new HilumError("IDEMPOTENCY_MISMATCH", "The key was used for another request.");
      return known?.uid;
    },
    async submit(request, idempotency) {
      if (records.size >= maxQueued) throw new HilumError("QUEUE_FULL", "The queue is full.");
      const uid = randomUUID();
      if (idempotency !== undefined) keys.set(idempotency.key, { uid, asked: JSON.stringify(idempotency.asked) });
      requests.set(uid, request);
      records.set(uid, { uid, job: request.job, state: "queued", attempt: 0, priority: request.priority ?? 0, createdAt: new Date().toISOString() });
      return { uid, created: true };
    },
    async get(uid) {
      askedFor.push(uid);
      return records.get(uid);
    },
    async list({ state, limit = 50 } = {}) {
      return [...records.values()].filter((record) => state === undefined || record.state === state).toReversed().slice(0, limit);
    },
    async *events(uid, { afterId = 0, signal } = {}) {
      for (let last = afterId; ; ) {
        const next = events.get(uid)?.find(({ id }) => id > last);
        if (next !== undefined) {
          last = next.id;
          yield next;
        } else if (isEnd(recordOf(uid).state) || signal?.aborted === true) return;
        else await new Promise<void>((wake) => {
          listeners.add(wake);
          signal?.addEventListener("abort", () => wake());
        });
      }
    },
    async cancel(uid) {
      if (isEnd(recordOf(uid).state)) return false;
      change(uid, { state: "cancelled" });
      return true;
    },
    async retry(uid) {
      if (!["failed", "cancelled"].includes(recordOf(uid).state)) return false;
      change(uid, { state: "queued" });
      return true;
    },
    log: async () => 'info "blur" began\n',
    plan: async (request) => ({ job: request.job, passes: ["write dicom"] }),
    async statistics() {
      const states: Record<JobState, number> = { queued: 0, starting: 0, running: 0, publishing: 0, succeeded: 0, failed: 0, cancelled: 0 };
      for (const { state } of records.values()) states[state]++;
      return { states, oldestQueuedAgeMs: 1500, ready };
    },
    ready: Promise.resolve(),
    async [Symbol.asyncDispose]() {},
  };
}

function isEnd(state: JobState): boolean {
  return ["succeeded", "failed", "cancelled"].includes(state);
}
