import { createHash } from "node:crypto";

/** Takes the SHA-256 of a file while it is written, as long as its bytes come in order or are announced. */
export class StreamingDigest {
  readonly #hash = createHash("sha256");
  readonly #announced = new Map<number, Uint8Array>();
  #end = 0;
  #broken = false;

  /** Bytes that will be written at `position` later, and are kept until then. */
  announce(bytes: Uint8Array, position: number): void {
    this.#announced.set(position, bytes);
    this.#takeAnnounced();
  }

  /** Bytes that are being written now. */
  write(bytes: Uint8Array, position: number): void {
    if (this.#broken) return;
    if (position === this.#end) {
      this.#take(bytes);
      this.#takeAnnounced();
      return;
    }
    const announced = this.#announced.get(position);
    if (announced === undefined || announced.length !== bytes.length || Buffer.compare(announced, bytes) !== 0) this.#broken = true;
  }

  /** The digest (hexadecimal) of a file of this size, or undefined where the order of writing did not allow to take it. */
  finish(size: number): string | undefined {
    return this.#broken || this.#end !== size ? undefined : this.#hash.copy().digest("hex");
  }

  #takeAnnounced(): void {
    for (let next = this.#announced.get(this.#end); next !== undefined; next = this.#announced.get(this.#end)) this.#take(next);
  }

  #take(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#end += bytes.length;
  }
}
