import type { Database } from "./database.ts";

/** The name of the queue in pg-boss. */
const QUEUE = "jobs";
/** The service counts attempts by its files; the queue must never give up before it. */
const RETRY_LIMIT = 1_000_000;
/** Backoff of attempts, in seconds: doubled each time, with jitter, up to the most. */
const RETRY_DELAY_SECONDS = 1;
const RETRY_DELAY_MAX_SECONDS = 60;
/** A claim that was not renewed for so long is given to another. */
const HEARTBEAT_SECONDS = 60;
/** pg-boss allows no more than a day; a claim that outlives it is taken anew by the service that runs the job. */
const EXPIRE_SECONDS = 24 * 60 * 60;
const PAGE = 10_000;

/** A job taken from the queue: the attempt is the fence, an older claim of the same job does nothing. */
export interface Claim {
  readonly uid: string;
  readonly retryCount: number;
}

/** The order of what waits, by pg-boss: priorities, claims, backoff. Holds only jobs that have not ended, and of them only the uid. */
export interface JobQueue extends AsyncDisposable {
  /** Everything in the queue; `claimed` where somebody works, or worked, on it. */
  all(): Promise<readonly (Claim & { readonly claimed: boolean })[]>;
  insert(jobs: readonly { readonly uid: string; readonly priority: number }[]): Promise<void>;
  /** At most `count` jobs, the most urgent first. */
  claim(count: number): Promise<readonly Claim[]>;
  renew(claims: readonly Claim[]): Promise<void>;
  /** Puts a claimed job back, to be claimed again after a while that grows each time. @returns false where the claim is an old one. */
  release(claim: Claim): Promise<boolean>;
  remove(uids: readonly string[]): Promise<void>;
}

/** Brings pg-boss up on a database. */
export async function openJobQueue(database: Database, onError: (error: Error) => void): Promise<JobQueue> {
  const { PgBoss } = await import("pg-boss");
  const boss = new PgBoss({ db: database.db, backend: database.backend, schedule: false, registerInstance: false, persistQueueStats: false });
  boss.on("error", onError);
  await boss.start();
  await boss.createQueue(QUEUE, {
    retryLimit: RETRY_LIMIT,
    retryDelay: RETRY_DELAY_SECONDS,
    retryBackoff: true,
    retryDelayMax: RETRY_DELAY_MAX_SECONDS,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    expireInSeconds: EXPIRE_SECONDS,
    // A job may wait as long as it has to.
    retentionSeconds: 10 * 365 * 24 * 60 * 60,
  });
  const attempts = (claims: readonly Claim[]): { id: string; retryCount: number }[] => claims.map(({ uid, retryCount }) => ({ id: uid, retryCount }));
  return {
    async all() {
      const found: (Claim & { readonly claimed: boolean })[] = [];
      for (let after: string | undefined; ; ) {
        const page = await boss.findJobs(QUEUE, { limit: PAGE, ...(after === undefined ? {} : { after }) });
        for (const { id, retryCount, state } of page) found.push({ uid: id, retryCount, claimed: state !== "created" && state !== "retry" });
        after = page.at(-1)?.id;
        if (page.length < PAGE) return found;
      }
    },
    async insert(jobs) {
      if (jobs.length > 0) await boss.insert(QUEUE, jobs.map(({ uid, priority }) => ({ id: uid, priority })));
    },
    async claim(count) {
      const jobs = await boss.fetch(QUEUE, { batchSize: count });
      return jobs.map(({ id, retryCount }) => ({ uid: id, retryCount }));
    },
    async renew(claims) {
      if (claims.length > 0) await boss.touch(QUEUE, attempts(claims));
    },
    async release(claim) {
      // pg-boss says how many jobs it touched and leaves that out of its declarations.
      const { affected } = (await boss.fail(QUEUE, attempts([claim]))) as { readonly affected?: number };
      return affected === 1;
    },
    async remove(uids) {
      if (uids.length > 0) await boss.deleteJob(QUEUE, [...uids]);
    },
    [Symbol.asyncDispose]: () => boss.stop({ graceful: false, close: false }),
  };
}
