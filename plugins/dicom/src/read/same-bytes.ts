import type { SourceFile } from "@hilum/core";

const CHUNK_BYTES = 64 * 1024;

/** Whether two files hold the same bytes. Closes both. */
export function sameBytes(a: SourceFile, b: SourceFile): boolean {
  if (a.size !== b.size) return false;
  const chunkOfA = Buffer.allocUnsafe(CHUNK_BYTES);
  const chunkOfB = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    for (let at = 0; at < a.size; at += CHUNK_BYTES) {
      const countOfA = a.read(chunkOfA, at);
      const countOfB = b.read(chunkOfB, at);
      if (countOfA !== countOfB || !chunkOfA.subarray(0, countOfA).equals(chunkOfB.subarray(0, countOfB))) return false;
    }
    return true;
  } finally {
    a.close();
    b.close();
  }
}
