import { appendFileSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, unlinkSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { JobReport } from "@hilum/core";
import type { AnnouncedFile, JobFailure } from "./child-messages.ts";
import { readJsonFile, renameNow, syncDirectory, syncDirectoryNow, writeDurable, writeDurableNow } from "./durable-file.ts";
import { EventJournal } from "./event-journal.ts";
import type { JobRequest } from "./job-service.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import type { OutputFiles } from "./published-output.ts";

/** What was accepted: DATA/requests/UID/request.json. Where this file is, the job is owed an end. */
export interface StoredRequest {
  readonly uid: string;
  readonly createdAt: string;
  readonly request: JobRequest & { readonly outputPath: string };
  readonly idempotency?: { readonly keyDigest: string; readonly requestDigest: string };
}

/** DATA/requests/UID/attempt-N.json. */
export interface StoredAttempt {
  readonly process: ProcessIdentity;
  readonly startedAt: string;
  /** Ended by the service's own orderly end: does not count. */
  readonly interrupted?: boolean;
}

/** How a job ended: DATA/requests/UID/outcome.json. */
export interface StoredOutcome {
  readonly state: "succeeded" | "failed" | "cancelled";
  readonly attempt: number;
  readonly startedAt?: string;
  readonly endedAt: string;
  readonly error?: JobFailure;
}

/** DATA/requests/UID/result.json, written before the outcome. */
export interface StoredResult {
  readonly outputs: OutputFiles;
  readonly report?: JobReport;
}

/** Everything that is on the disk about one job, but its result. */
export interface StoredJob {
  readonly stored: StoredRequest;
  readonly outcome?: StoredOutcome;
  /** By number, of the attempts since the last retry by hand; empty for an ended job. */
  readonly attempts: ReadonlyMap<number, StoredAttempt>;
}

/** Most bytes of one attempt's log: a plugin that talks without end must not fill the disk. */
const MAX_LOG_BYTES = 1 << 20;

/** The files of a job service, all in one directory (directories 0700, files 0600). They are the truth; the database is an index of them. */
export class DataDirectory {
  readonly lockFile: string;
  readonly database: string;
  readonly results: string;
  readonly #requests: string;
  readonly #temporary: string;
  readonly #journals = new Map<string, EventJournal>();
  readonly #logSizes = new Map<string, number>();

  constructor(place: string) {
    mkdirSync(place, { recursive: true, mode: 0o700 });
    // A job's output may not go through a link, and results lie in here.
    const path = realpathSync(place);
    this.lockFile = join(path, "lock.db");
    this.database = join(path, "database");
    this.results = join(path, "results");
    this.#requests = join(path, "requests");
    this.#temporary = join(path, "tmp");
    for (const directory of [this.results, this.#requests]) mkdirSync(directory, { recursive: true, mode: 0o700 });
    // What is put below them is only safe when they are themselves.
    for (const directory of [path, dirname(path)]) syncDirectoryNow(directory);
  }

  /** Where a job's result goes that names no place. */
  defaultOutput(uid: string): string {
    return join(this.results, uid);
  }

  /** A place for what a process needs for a while; on the file system of the results, so that they can be renamed into place. */
  temporaryDirectory(name: string): string {
    return join(this.#temporary, name);
  }

  /** Removes what killed processes left. */
  clearTemporary(): void {
    rmSync(this.#temporary, { recursive: true, force: true });
  }

  /** Puts a request on the disk: it is there when this resolves, whatever happens then. */
  async accept(stored: StoredRequest): Promise<void> {
    const directory = this.#of(stored.uid);
    await mkdir(directory, { mode: 0o700 });
    await writeDurable(join(directory, "request.json"), stored);
    await syncDirectory(this.#requests);
  }

  /** Every accepted job, oldest first. What was not wholly accepted is removed. */
  async *jobs(): AsyncGenerator<StoredJob> {
    const found: StoredRequest[] = [];
    const directories = readdirSync(this.#requests, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const [at, { name: uid }] of directories.entries()) {
      if (at % 64 === 63) await new Promise(setImmediate);
      const names = readdirSync(this.#of(uid));
      if (!names.includes("request.json")) {
        rmSync(this.#of(uid), { recursive: true, force: true });
        continue;
      }
      const stored = this.request(uid);
      // Damaged by the disk or by hand: left as it is for somebody to look at.
      if (stored?.uid === uid) found.push(stored);
    }
    found.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    for (const [at, stored] of found.entries()) {
      if (at % 64 === 63) await new Promise(setImmediate);
      const outcome = readJsonFile<StoredOutcome>(join(this.#of(stored.uid), "outcome.json"));
      yield outcome === undefined ? { stored, attempts: this.#attempts(stored.uid) } : { stored, outcome, attempts: new Map() };
    }
  }

  request(uid: string): StoredRequest | undefined {
    return readJsonFile(join(this.#of(uid), "request.json"));
  }

  async beginAttempt(uid: string, attempt: number, record: StoredAttempt): Promise<void> {
    await writeDurable(join(this.#of(uid), `attempt-${attempt}.json`), record);
  }

  async interruptAttempt(uid: string, attempt: number): Promise<void> {
    const path = join(this.#of(uid), `attempt-${attempt}.json`);
    const record = readJsonFile<StoredAttempt>(path);
    if (record !== undefined) await writeDurable(path, { ...record, interrupted: true } satisfies StoredAttempt);
  }

  /** What is about to appear at the output's path. */
  async announce(uid: string, attempt: number, files: readonly AnnouncedFile[]): Promise<void> {
    await writeDurable(join(this.#of(uid), `publishing-${attempt}.json`), files);
  }

  announced(uid: string, attempt: number): readonly AnnouncedFile[] | undefined {
    return readJsonFile(join(this.#of(uid), `publishing-${attempt}.json`));
  }

  async end(uid: string, outcome: StoredOutcome, result?: StoredResult): Promise<void> {
    if (result !== undefined) await writeDurable(join(this.#of(uid), "result.json"), result);
    await writeDurable(join(this.#of(uid), "outcome.json"), outcome);
  }

  endNow(uid: string, outcome: StoredOutcome): void {
    writeDurableNow(join(this.#of(uid), "outcome.json"), outcome);
  }

  result(uid: string): StoredResult | undefined {
    return readJsonFile(join(this.#of(uid), "result.json"));
  }

  /** Takes the end of a job back: it is owed another one. The old outcome is kept beside. */
  reopenNow(uid: string, attempt: number): void {
    renameNow(join(this.#of(uid), "outcome.json"), join(this.#of(uid), `outcome-${attempt}.json`));
  }

  /** Removes a job for good, with the result that lies in this directory. A crash on the way cannot bring it back. */
  remove(uid: string): void {
    rmSync(this.defaultOutput(uid), { recursive: true, force: true });
    unlinkSync(join(this.#of(uid), "request.json"));
    rmSync(this.#of(uid), { recursive: true, force: true });
    this.#journals.delete(uid);
  }

  journal(uid: string): EventJournal {
    let journal = this.#journals.get(uid);
    if (journal === undefined) {
      journal = new EventJournal(join(this.#of(uid), "events.ndjson"));
      this.#journals.set(uid, journal);
    }
    return journal;
  }

  log(uid: string, attempt: number, line: string): void {
    const path = join(this.#of(uid), `attempt-${attempt}.log`);
    const size = this.#logSizes.get(path) ?? statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > MAX_LOG_BYTES) return;
    const text = `${new Date().toISOString()} ${line}\n${size + line.length + 26 > MAX_LOG_BYTES ? "the log is full\n" : ""}`;
    this.#logSizes.set(path, size + Buffer.byteLength(text));
    try {
      appendFileSync(path, text, { mode: 0o600 });
    } catch {
      // A full disk costs a line of the log, never a job.
    }
  }

  closeLog(uid: string, attempt: number): void {
    this.#logSizes.delete(join(this.#of(uid), `attempt-${attempt}.log`));
  }

  logs(uid: string): string {
    return numbered(readdirSync(this.#of(uid)), /^attempt-(\d+)\.log$/)
      .map(({ number, name }) => `attempt ${number}\n${readFileSync(join(this.#of(uid), name), "utf8")}`)
      .join("");
  }

  #attempts(uid: string): ReadonlyMap<number, StoredAttempt> {
    const names = readdirSync(this.#of(uid));
    const retriedAfter = numbered(names, /^outcome-(\d+)\.json$/).at(-1)?.number ?? 0;
    const attempts = new Map<number, StoredAttempt>();
    for (const { number, name } of numbered(names, /^attempt-(\d+)\.json$/)) {
      const record = number > retriedAfter ? readJsonFile<StoredAttempt>(join(this.#of(uid), name)) : undefined;
      if (record !== undefined) attempts.set(number, record);
    }
    return attempts;
  }

  #of(uid: string): string {
    return join(this.#requests, uid);
  }
}

function numbered(names: readonly string[], pattern: RegExp): readonly { readonly number: number; readonly name: string }[] {
  const found = names.flatMap((name) => {
    const match = pattern.exec(name);
    return match === null ? [] : [{ number: Number(match[1]), name }];
  });
  return found.toSorted((a, b) => a.number - b.number);
}
