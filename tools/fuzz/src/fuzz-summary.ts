import { NEVER, type DcmdumpRejection, type FuzzRead } from "@hilum/testing/mutate";

/** Counts of a long run; it grows with the kinds of outcomes, not with the mutants. */
export class FuzzSummary {
  readonly #outcomes = new Map<string, number>();
  readonly #rejections = new Map<string, number>();
  #reads = 0;
  #failures = 0;
  #rejected = 0;
  #slowestMs = 0;
  #peakBytes = 0;

  /** Counts a mutant. @returns what to say of it at once, or nothing. */
  add(read: FuzzRead, seed: number): string | undefined {
    this.#reads++;
    this.#outcomes.set(read.outcome, (this.#outcomes.get(read.outcome) ?? 0) + 1);
    this.#slowestMs = Math.max(this.#slowestMs, read.ms);
    this.#peakBytes = Math.max(this.#peakBytes, read.peakBytes);
    if (!NEVER.has(read.outcome)) return undefined;
    this.#failures++;
    return `${seed}:${read.index} ${read.outcome} after ${read.damages.join(", ") || "?"} ${read.where ?? ""}`;
  }

  /** Counts files that were read and that dcmdump refuses, by what it says without its numbers. */
  addRejections(rejections: readonly DcmdumpRejection[]): void {
    for (const { errors } of rejections) {
      this.#rejected++;
      const cause = (errors[0] ?? "").replaceAll(/\([0-9a-f]{4},[0-9a-f]{4}\)/g, "(tag)").replaceAll(/\d+/g, "N");
      this.#rejections.set(cause, (this.#rejections.get(cause) ?? 0) + 1);
    }
  }

  get failures(): number {
    return this.#failures;
  }

  /** The whole in lines, the most frequent first. */
  lines(): readonly string[] {
    const read = this.#outcomes.get("read") ?? 0;
    return [
      `${this.#reads} mutants: ${this.#failures} that must never be (crash, hang, memory, print, unfilled)`,
      `slowest ${Math.round(this.#slowestMs)} ms, most memory of a process ${Math.round(this.#peakBytes / 2 ** 20)} MiB`,
      ...byCount(this.#outcomes),
      `of ${read} that were read dcmdump rejects ${this.#rejected}${read === 0 ? "" : ` (${((100 * this.#rejected) / read).toFixed(2)} %)`}`,
      ...byCount(this.#rejections),
    ];
  }
}

function byCount(counts: ReadonlyMap<string, number>): readonly string[] {
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([what, count]) => `${String(count).padStart(9)}  ${what}`);
}
