import { appendFileSync, closeSync, fstatSync, openSync, readSync, truncateSync } from "node:fs";
import type { JobServiceEvent } from "./job-service.ts";
import type { Json } from "@hilum/core";

const NEWLINE = 0x0a;

/** The events of one job: a file of JSON lines that only grows (0600), and those who wait for more. */
export class EventJournal {
  readonly #path: string;
  readonly #waiting = new Set<() => void>();
  #size: number;
  #last: JobServiceEvent | undefined;

  /** Opens the journal; a line that a killed process left unfinished is cut off. */
  constructor(path: string) {
    this.#path = path;
    closeSync(openSync(path, "a", 0o600));
    const { events, end, size } = this.#linesFrom(0);
    if (end < size) truncateSync(path, end);
    this.#size = end;
    this.#last = events.at(-1);
  }

  /** The last event, of those that were ever written. */
  get last(): JobServiceEvent | undefined {
    return this.#last;
  }

  /** Bytes written. */
  get size(): number {
    return this.#size;
  }

  /** Adds an event under the next number, where the disk has space for it. */
  append(type: JobServiceEvent["type"], data: Json): void {
    const event: JobServiceEvent = { id: (this.#last?.id ?? 0) + 1, at: new Date().toISOString(), type, data };
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    try {
      appendFileSync(this.#path, line);
    } catch {
      // A full disk costs an event, never a job; half a line must not stay.
      truncateSync(this.#path, this.#size);
      return;
    }
    this.#size += line.length;
    this.#last = event;
    for (const wake of this.#waiting) wake();
  }

  /** The events from a byte position on, and the position behind them. */
  read(position: number): { readonly events: readonly JobServiceEvent[]; readonly end: number } {
    return this.#linesFrom(position);
  }

  /** Resolves when something stands behind `position`, or the signal aborts. */
  async grown(position: number, signal?: AbortSignal): Promise<void> {
    if (this.#size > position || signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  #linesFrom(position: number): { readonly events: readonly JobServiceEvent[]; readonly end: number; readonly size: number } {
    const handle = openSync(this.#path, "r");
    try {
      const { size } = fstatSync(handle);
      const bytes = Buffer.alloc(Math.max(0, size - position));
      let filled = 0;
      while (filled < bytes.length) {
        const count = readSync(handle, bytes, filled, bytes.length - filled, position + filled);
        if (count === 0) break;
        filled += count;
      }
      const complete = bytes.lastIndexOf(NEWLINE, filled - 1) + 1;
      const lines = bytes.toString("utf8", 0, complete).split("\n");
      const events = lines.flatMap(parsed);
      return { events, end: position + complete, size };
    } finally {
      closeSync(handle);
    }
  }
}

/** After a loss of power a line can hold anything: events are told, not owed. */
function parsed(line: string): readonly JobServiceEvent[] {
  try {
    return [JSON.parse(line) as JobServiceEvent];
  } catch {
    return [];
  }
}
