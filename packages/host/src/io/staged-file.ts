import { close, constants, fsync, open, readSync, write } from "node:fs";
import { promisify } from "node:util";
import type { SinkFile } from "@hilum/core";
import { storageError } from "./storage-error.ts";
import { StreamingDigest } from "./streaming-digest.ts";

const openAsync = promisify(open);
const closeAsync = promisify(close);
const fsyncAsync = promisify(fsync);

/** A file in the staging directory. */
export interface StagedFile extends SinkFile {
  readonly path: string;
  /** Bytes from the start to the end of the last byte written. */
  readonly size: () => number;
  /** SHA-256 (hexadecimal) of the whole file, where the order of writing allowed to take it on the way. */
  digest(): string | undefined;
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
  const digest = new StreamingDigest();
  let size = 0;
  const opened = (): number => {
    if (handle === undefined) throw new TypeError("the file is closed");
    return handle;
  };
  const closeHandle = async (): Promise<void> => {
    if (handle === undefined) return;
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
      const writing = writeAll(opened(), bytes, position);
      // The kernel copies in the background while this thread takes the digest; a failed write is what counts then.
      digest.write(bytes, position);
      try {
        await writing;
      } catch (cause) {
        throw storageError(cause);
      }
      size = Math.max(size, position + bytes.length);
    },
    announce: (bytes, position) => digest.announce(bytes, position),
    digest: () => digest.finish(size),
    read: (into, position) => readSync(opened(), into, 0, into.length, position),
    close: closeHandle,
    async sync() {
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

async function writeAll(handle: number, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    done += await new Promise<number>((resolve, reject) => {
      write(handle, bytes, done, bytes.length - done, position + done, (error, count) => (error === null ? resolve(count) : reject(error)));
    });
  }
}
