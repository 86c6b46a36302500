import type { Worker } from "node:worker_threads";

/** Reads what was written of a file and takes its SHA-256, beside the thread that writes. Plain text, since it has to run from sources and from a bundle. */
const FOLLOWER = `
const { parentPort } = require("node:worker_threads");
const { openSync, readSync, closeSync } = require("node:fs");
const hash = require("node:crypto").createHash("sha256");
const chunk = Buffer.allocUnsafe(1 << 18);
let handle;
parentPort.on("message", ({ path, bytes, from, to, finish }) => {
  if (path !== undefined) handle = openSync(path, "r");
  else if (bytes !== undefined) hash.update(bytes);
  else if (from !== undefined) {
    for (let at = from; at < to; ) {
      const count = readSync(handle, chunk, 0, Math.min(chunk.length, to - at), at);
      if (count === 0) throw new Error("the file is shorter than what was written");
      hash.update(chunk.subarray(0, count));
      at += count;
    }
  } else if (finish) {
    closeSync(handle);
    parentPort.postMessage(hash.digest("hex"));
    parentPort.close();
  }
});
`;

/**
 * Takes the SHA-256 of a large file while it is being written, by following in another thread what is complete from the start
 * on. It reads the bytes back, so that the digest is of what the file holds. A thread takes its time to start: make the follower
 * when a large file is to be expected, and `follow` once there is one.
 */
export class DigestFollower {
  readonly #worker: Worker;
  readonly #result: Promise<string>;
  /** Written beyond the complete part: where each stretch starts and ends. */
  readonly #ahead = new Map<number, number>();
  readonly #announced = new Map<number, Uint8Array>();
  #complete = 0;
  #usable = true;

  constructor() {
    // Loaded where it is used: a process that follows nothing need not wait for it.
    const threads = process.getBuiltinModule("node:worker_threads");
    this.#worker = new threads.Worker(FOLLOWER, { eval: true });
    // A process must be able to end while a follower waits for a writer that has failed.
    this.#worker.unref();
    this.#result = new Promise((resolve, reject) => {
      this.#worker.once("message", resolve);
      this.#worker.once("error", reject);
      this.#worker.once("exit", () => reject(new Error("the follower ended without a digest")));
    });
    this.#result.catch(() => {});
  }

  /** Names the file, which is there and empty. */
  follow(path: string): void {
    this.#worker.postMessage({ path });
  }

  /** Bytes that will be written at `position` later, so that those behind them need not wait. */
  announce(bytes: Uint8Array, position: number): void {
    this.#announced.set(position, bytes);
    this.#advance();
  }

  /** Bytes that have been written. */
  wrote(bytes: Uint8Array, position: number): void {
    if (position >= this.#complete) {
      this.#ahead.set(position, position + bytes.length);
      this.#advance();
    } else {
      const announced = this.#announced.get(position);
      // Overwriting what was followed already makes the digest wrong, unless it is what had been announced.
      if (announced === undefined || Buffer.compare(announced, bytes) !== 0) this.#usable = false;
    }
  }

  /** The digest (hexadecimal) of a file of `size` bytes, or undefined where the order of writing did not allow to follow. */
  async finish(size: number): Promise<string | undefined> {
    if (!this.#usable || this.#complete !== size) {
      await this.stop();
      return undefined;
    }
    this.#worker.ref();
    this.#worker.postMessage({ finish: true });
    return this.#result.catch(() => undefined);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #advance(): void {
    for (;;) {
      const from = this.#complete;
      const announced = this.#announced.get(from);
      const end = this.#ahead.get(from);
      if (announced !== undefined) {
        this.#complete += announced.length;
        this.#worker.postMessage({ bytes: announced });
      } else if (end !== undefined) {
        this.#ahead.delete(from);
        this.#complete = end;
        this.#worker.postMessage({ from, to: end });
      } else return;
    }
  }
}
