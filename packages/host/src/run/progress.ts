import type { JobEvent } from "@hilum/core";

const MIN_INTERVAL_MS = 100;

/** Counts slices at the seams of a job and tells of them at most ten times a second; the end is always told. */
export class Progress {
  readonly #emit: (event: JobEvent) => void;
  readonly #total: number;
  #done = 0;
  #lastTold = 0;

  constructor(total: number, emit: (event: JobEvent) => void) {
    this.#total = total;
    this.#emit = emit;
  }

  advance(pass: string, slices: number): void {
    this.#done += slices;
    // The last event belongs to the success of the whole job, which is known only after the commit.
    if (this.#done >= this.#total) return;
    const now = performance.now();
    if (now - this.#lastTold < MIN_INTERVAL_MS) return;
    this.#lastTold = now;
    this.#emit({ type: "progress", pass, done: this.#done, total: this.#total });
  }

  finish(pass: string): void {
    this.#emit({ type: "progress", pass, done: this.#total, total: this.#total });
  }
}
