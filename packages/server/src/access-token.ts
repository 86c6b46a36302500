import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { HilumError } from "@hilum/core";

const TOKEN_BYTES = 32;
const DIGEST = /^[0-9a-f]{64}$/;

/** Knows an access token by its digest alone. */
export interface AccessToken {
  /** Names the token in records; tells nothing about it. */
  readonly id: string;
  /** Compares in constant time. */
  accepts(token: string): boolean;
}

/**
 * Opens the token of a data directory, and makes one at the first start. DIR/token (0600) holds its SHA-256 alone.
 * @returns `created`: the token itself, to be shown once, where it was just made.
 * @throws {HilumError} OUTPUT_NOT_WRITABLE, or USAGE when the file holds no digest.
 */
export function openAccessToken(directory: string): { readonly accessToken: AccessToken; readonly created?: string } {
  const path = join(directory, "token");
  const created = randomBytes(TOKEN_BYTES).toString("base64url");
  if (writeOnce(path, sha256(created).toString("hex"))) return { accessToken: accessTokenOf(sha256(created)), created };
  const stored = readFileSync(path, "utf8").trim();
  if (!DIGEST.test(stored))
    throw new HilumError("USAGE", "The token file of the data directory holds no SHA-256.", { remedy: "Remove the file `token` in it; the next start makes a new token." });
  chmodSync(path, 0o600);
  return { accessToken: accessTokenOf(Buffer.from(stored, "hex")) };
}

/** An access token that is known by its SHA-256. */
export function accessTokenOf(digest: Buffer): AccessToken {
  return { id: digest.toString("hex").slice(0, 8), accepts: (token) => timingSafeEqual(sha256(token), digest) };
}

/** @returns false where the file was there already. */
function writeOnce(path: string, text: string): boolean {
  let handle: number;
  try {
    handle = openSync(path, "wx", 0o600);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new HilumError("OUTPUT_NOT_WRITABLE", "The data directory cannot be written to.", { cause });
  }
  try {
    writeSync(handle, `${text}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  return true;
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
