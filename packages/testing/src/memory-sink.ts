import { HilumError, type Sink, type SinkFile } from "@hilum/core";

/** What became of a file of a sink in memory. */
export interface MemoryFile {
  /** Everything written; places that nobody wrote hold 0. */
  bytes(): Uint8Array;
  /** Every write in the order of calls: where, and how many bytes. */
  readonly writes: readonly { readonly position: number; readonly length: number }[];
  readonly closed: boolean;
}

/** A sink in memory and what was written to it. */
export interface MemorySink {
  readonly sink: Sink;
  /** Files by name; the output file of a one-file writer has the name "". */
  readonly files: ReadonlyMap<string, MemoryFile>;
  /** The JSON sidecar, where one was asked for. */
  readonly sidecar?: MemoryFile;
}

/** What a sink in memory offers. */
export interface MemorySinkOptions {
  /** Whether the writer is asked for a sidecar; default false. */
  readonly sidecar?: boolean;
  /** Space in bytes for all files together; a write beyond it fails with STORAGE_FULL. Default: no limit. */
  readonly capacityBytes?: number;
}

/**
 * Records what a writer writes, in any order of positions. As in a host, a name that is asked for again is the same file,
 * opened again; using a closed file is a TypeError.
 */
export function memorySink(options: MemorySinkOptions = {}): MemorySink {
  const space = { left: options.capacityBytes ?? Number.POSITIVE_INFINITY };
  const files = new Map<string, RecordingFile>();
  const sidecar = options.sidecar === true ? recordingFile(space) : undefined;
  return {
    files,
    ...(sidecar === undefined ? {} : { sidecar }),
    sink: {
      file: (name = "") => {
        if (/[/\\\0]|^\.{1,2}$/.test(name)) throw new TypeError("a file name in an output is a plain name");
        const file = files.get(name) ?? recordingFile(space);
        files.set(name, file);
        file.reopen();
        return Promise.resolve(file);
      },
      ...(sidecar === undefined ? {} : { sidecar }),
    },
  };
}

interface RecordingFile extends SinkFile, MemoryFile {
  reopen(): void;
}

function recordingFile(space: { left: number }): RecordingFile {
  let content = new Uint8Array(0);
  let closed = false;
  const writes: { position: number; length: number }[] = [];
  const refuseClosed = (): void => {
    if (closed) throw new TypeError("the file is closed");
  };
  return {
    writes,
    get closed() {
      return closed;
    },
    bytes: () => content.slice(),
    write: async (bytes, position) => {
      refuseClosed();
      const end = Math.max(content.length, position + bytes.length);
      space.left -= end - content.length;
      if (space.left < 0) throw new HilumError("STORAGE_FULL", "The sink has no space left.");
      if (end > content.length) {
        const longer = new Uint8Array(end);
        longer.set(content);
        content = longer;
      }
      content.set(bytes, position);
      writes.push({ position, length: bytes.length });
    },
    read: (into, position) => {
      refuseClosed();
      const part = content.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
    close: async () => {
      closed = true;
    },
    reopen: () => {
      closed = false;
    },
  };
}
