import { close, constants, fdatasync, fsync, open, readSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import type { SinkFile } from "@hilum/core";
import { storageError } from "./storage-error.ts";

const openAsync = promisify(open);
const closeAsync = promisify(close);
const fsyncAsync = promisify(fsync);
const fdatasyncAsync = promisify(fdatasync);

/**
 * An idle disk is given what was written as soon as it is so much, so that little is left to wait for in the end; twice and
 * four times as much while it is busy with one flush or two, so that it goes on while this thread has no time to look after it.
 */
const FLUSH_BYTES = 4 << 20;
/** Each occupies a thread of libuv's four. */
const MOST_FLUSHES = 3;
/** Where the disk is slower than the writer, the writer waits when it is so far ahead. */
const MOST_UNFLUSHED_BYTES = 32 << 20;

/** A file in the staging directory. */
export interface StagedFile extends SinkFile {
  readonly path: string;
  /** Bytes from the start to the end of the last byte written. */
  readonly size: () => number;
  /** Opens it again after `close`, to patch what was written. */
  reopen(): Promise<void>;
  /** Forces the bytes to the disk. */
  sync(): Promise<void>;
}

/** Creates a file that must not exist yet; readable by its owner alone, since it holds a patient's image. */
export async function createStagedFile(path: string): Promise<StagedFile> {
  const openWith = (flags: number): Promise<number> =>
    openAsync(path, flags | constants.O_RDWR | constants.O_NOFOLLOW, 0o600).catch((cause: unknown) => {
      throw storageError(cause);
    });
  let handle: number | undefined = await openWith(constants.O_CREAT | constants.O_EXCL);
  let size = 0;
  let unflushed = 0;
  const flushes = new Set<Promise<void>>();
  // The system tells a failure to one flush alone: it is kept for whoever waits for any.
  let failure: unknown;
  const opened = (): number => {
    if (handle === undefined) throw new TypeError("the file is closed");
    return handle;
  };
  const flushWhatIsDue = (): void => {
    if (handle === undefined || flushes.size >= MOST_FLUSHES || unflushed < FLUSH_BYTES << flushes.size) return;
    unflushed = 0;
    const flush: Promise<void> = fdatasyncAsync(handle)
      .catch((cause: unknown) => {
        failure ??= storageError(cause);
      })
      .then(() => {
        flushes.delete(flush);
        flushWhatIsDue();
      });
    flushes.add(flush);
  };
  const throwFailure = (): void => {
    if (failure !== undefined) throw failure;
  };
  const closeHandle = async (): Promise<void> => {
    if (handle === undefined) return;
    const closing = handle;
    handle = undefined;
    await Promise.all(flushes);
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
      unflushed += bytes.length;
      flushWhatIsDue();
      if (unflushed >= MOST_UNFLUSHED_BYTES) await Promise.race(flushes);
      throwFailure();
    },
    read: (into, position) => readSync(opened(), into, 0, into.length, position),
    close: closeHandle,
    async sync() {
      // The whole file is forced out here: no flush has to follow those that are on their way.
      unflushed = 0;
      await Promise.all(flushes);
      throwFailure();
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
