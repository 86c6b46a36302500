/** Heads of files are kept up to this many bytes together. */
const BUDGET_BYTES = 4 * 1024 * 1024;

/** Keeps the heads of files, one behind the other in one buffer, as long as there is room. */
export class KeptHeads {
  // Untouched pages of a large buffer cost nothing.
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(BUDGET_BYTES);
  #end = 0;

  /** A lasting copy, or undefined where there is no room for it. */
  keep(head: Uint8Array): Buffer | undefined {
    const start = this.#end;
    if (start + head.length > BUDGET_BYTES) return undefined;
    this.#buffer.set(head, start);
    this.#end = start + head.length;
    return this.#buffer.subarray(start, this.#end);
  }
}
