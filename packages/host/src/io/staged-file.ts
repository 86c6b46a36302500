import { close, constants, fdatasync, fsync, open, readSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import type { SinkFile } from "@hilum/core";
import { storageError } from "./storage-error.ts";

const openAsync = promisify(open);
const closeAsync = promisify(close);
const fsyncAsync = promisify(fsync);
const fdatasyncAsync = promisify(fdatasync);

/** The disk is given what was written as soon as it is so much and the disk is free, so that little is left to wait for in the end. */
const FLUSH_BYTES = 4 << 20;
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
  let flushing: Promise<void> | undefined;
  const opened = (): number => {
    if (handle === undefined) throw new TypeError("the file is closed");
    return handle;
  };
  /** One flush at a time, and the next behind it while there is enough. A failure stays in `flushing`, for whoever waits for it. */
  const startFlush = (): void => {
    unflushed = 0;
    flushing = fdatasyncAsync(opened()).then(
      () => {
        flushing = undefined;
        if (handle !== undefined && unflushed >= FLUSH_BYTES) startFlush();
      },
      (cause: unknown) => {
        throw storageError(cause);
      },
    );
    flushing.catch(() => {});
  };
  const closeHandle = async (): Promise<void> => {
    if (handle === undefined) return;
    const closing = handle;
    handle = undefined;
    await flushing?.catch(() => {});
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
      if (flushing === undefined && unflushed >= FLUSH_BYTES) startFlush();
      if (unflushed >= MOST_UNFLUSHED_BYTES) await flushing;
    },
    read: (into, position) => readSync(opened(), into, 0, into.length, position),
    close: closeHandle,
    async sync() {
      // The whole file is forced out here: no flush has to follow the one that is on its way.
      unflushed = 0;
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
