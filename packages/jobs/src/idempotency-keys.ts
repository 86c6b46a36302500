import { HilumError } from "@hilum/core";
import type { StoredRequest } from "./data-directory.ts";
import type { Idempotency } from "./job-service.ts";
import { digestOfText, requestDigest } from "./request-digest.ts";

/** A key and what it came with, as the disk keeps them: digests alone. */
export type KeptIdempotency = NonNullable<StoredRequest["idempotency"]>;

interface Kept {
  readonly uid: string;
  readonly requestDigest: string;
  /** Resolves when the job's request is on the disk. */
  readonly accepted: Promise<void>;
}

/** What is kept of an idempotency key. */
export function keptIdempotency({ key, asked }: Idempotency): KeptIdempotency {
  return { keyDigest: digestOfText(key), requestDigest: requestDigest(asked) };
}

/** Which job each idempotency key made. */
export class IdempotencyKeys {
  readonly #keys = new Map<string, Kept>();

  add({ keyDigest, requestDigest: digest }: KeptIdempotency, uid: string, accepted: Promise<void>): void {
    this.#keys.set(keyDigest, { uid, requestDigest: digest, accepted });
  }

  remove(keyDigest: string): void {
    this.#keys.delete(keyDigest);
  }

  /**
   * The job of a key, once it is accepted; undefined, without waiting, where the key is new.
   * @throws {HilumError} IDEMPOTENCY_MISMATCH when the key came with something else; or why the job was not accepted.
   */
  find({ keyDigest, requestDigest: digest }: KeptIdempotency): Promise<string> | undefined {
    const kept = this.#keys.get(keyDigest);
    if (kept === undefined) return undefined;
    if (kept.requestDigest !== digest) throw new HilumError("IDEMPOTENCY_MISMATCH", "The idempotency key was used for another request.");
    return kept.accepted.then(() => kept.uid);
  }
}
