import { close, constants, fdatasync, fsync, open, readSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import type { SinkFile } from "@hilum/core";
import { storageError } from "./storage-error.ts";
import type { DigestFollower } from "./digest-follower.ts";

const openAsync = promisify(open);
const closeAsync = promisify(close);
const fsyncAsync = promisify(fsync);
const fdatasyncAsync = promisify(fdatasync);

/** The disk starts on what is written after so many bytes, so that little is left to wait for in the end. */
const FLUSH_BYTES = 16 << 20;

/** A file in the staging directory. */
export interface StagedFile extends SinkFile {
  readonly path: string;
  /** Bytes from the start to the end of the last byte written. */
  readonly size: () => number;
  /** SHA-256 (hexadecimal) of the whole file, where a follower took it on the way. */
  digest(): Promise<string | undefined>;
  /** Opens it again after `close`, to patch what was written. */
  reopen(): Promise<void>;
  /** Forces the bytes to the disk. */
  sync(): Promise<void>;
}

/**
 * Creates a file that must not exist yet; readable by its owner alone, since it holds a patient's image.
 * @param follower told of all that is written, to take the digest on the way.
 */
export async function createStagedFile(path: string, follower?: DigestFollower): Promise<StagedFile> {
  const openWith = (flags: number): Promise<number> =>
    openAsync(path, flags | constants.O_RDWR | constants.O_NOFOLLOW, 0o600).catch((cause: unknown) => {
      throw storageError(cause);
    });
  let handle: number | undefined = await openWith(constants.O_CREAT | constants.O_EXCL);
  follower?.follow(path);
  let size = 0;
  let unflushed = 0;
  let flushing: Promise<void> | undefined;
  const opened = (): number => {
    if (handle === undefined) throw new TypeError("the file is closed");
    return handle;
  };
  /** One flush at a time: where the disk is slower than the writer, the writer waits here. */
  const startFlush = async (): Promise<void> => {
    unflushed = 0;
    await flushing;
    flushing = fdatasyncAsync(opened()).catch((cause: unknown) => {
      throw storageError(cause);
    });
    // Its failure is thrown where the next flush or the end waits for it.
    flushing.catch(() => {});
  };
  const closeHandle = async (): Promise<void> => {
    if (handle === undefined) return;
    await flushing?.catch(() => {});
    const closing = handle;
    handle = undefined;
    await closeAsync(closing);
  };
  return {
    path,
    size: () => size,
    async reopen() {
      handle ??= await openWith(0);
    },
    async write(bytes, position) {
      try {
        writeAll(opened(), bytes, position);
      } catch (cause) {
        throw cause instanceof TypeError ? cause : storageError(cause);
      }
      size = Math.max(size, position + bytes.length);
      follower?.wrote(bytes, position);
      unflushed += bytes.length;
      if (unflushed >= FLUSH_BYTES) await startFlush();
    },
    announce: (bytes, position) => follower?.announce(bytes, position),
    digest: async () => follower?.finish(size),
    read: (into, position) => readSync(opened(), into, 0, into.length, position),
    close: closeHandle,
    async sync() {
      await flushing;
      try {
        handle ??= await openWith(0);
        await fsyncAsync(handle);
        await closeHandle();
      } catch (cause) {
        throw storageError(cause);
      }
    },
  };
}

// Measured: a write into the page cache takes less time than handing it to another thread and waiting for the answer.
function writeAll(handle: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done, bytes.length - done, position + done);
}
