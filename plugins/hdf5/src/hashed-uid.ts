import { createHash } from "node:crypto";

const PREFIX = "sha256:";

/** How a UID (or its hash) is written to a file: plain, or as "sha256:<hex>"; "" where there is none. */
export function writtenUid(uid: string | undefined, hash: string | undefined, plain: boolean): string {
  if (plain && uid !== undefined) return uid;
  if (hash !== undefined) return PREFIX + hash;
  return uid === undefined ? "" : PREFIX + sha256(uid);
}

/** The inverse of {@link writtenUid}; undefined for "". */
export function readUid(written: string): { readonly uid?: string; readonly hash: string } | undefined {
  if (written === "") return undefined;
  if (written.startsWith(PREFIX)) return { hash: written.slice(PREFIX.length) };
  return { uid: written, hash: sha256(written) };
}

/** SHA-256 of a text's UTF-8 bytes, hexadecimal. */
function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
