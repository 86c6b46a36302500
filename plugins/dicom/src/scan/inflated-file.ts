import { HilumError, type SourceFile } from "@hilum/core";

/** A data set may inflate to this much of its size in the file … */
const MAX_RATIO = 64;
/** … or to this, whichever is more: an image of one value shrinks a thousandfold … */
const ALWAYS_ALLOWED_BYTES = 16 * 1024 * 1024;
/** … and never to more than this. */
const MAX_INFLATED_BYTES = 1024 * 1024 * 1024;

/** Inflated data sets are kept up to this many bytes together, but for the two that were read last. */
const KEPT_BYTES = 64 * 1024 * 1024;
const ALWAYS_KEPT = 2;

const CHUNK_BYTES = 64 * 1024;

/** What a view holds of its file. */
interface Inflated {
  bytes: Buffer | undefined;
}

/** Those that hold something, the one that was made last behind. A view that nobody has any more takes its bytes along. */
let holders: readonly WeakRef<Inflated>[] = [];

/**
 * A file in Deflated Explicit VR Little Endian (PS3.5 A.5) as one in Explicit VR Little Endian: its first `from` bytes as they
 * are, then the data set inflated. What was inflated is let go of by `close`, or when others need the room, and is made again
 * for a later read.
 * @param from where the data set begins, bytes from the start of the file.
 * @throws {HilumError} MALFORMED_FILE when the stream is damaged or cut, or inflates to more than 64 times its size (and 16 MiB).
 */
export function inflatedFile(file: SourceFile, from: number): SourceFile {
  const inflated: Inflated = { bytes: undefined };
  const size = from + hold(inflated, inflate(file, from)).length;
  return {
    name: file.name,
    size,
    read(into, position) {
      const head = position < from ? file.read(into.subarray(0, Math.min(into.length, from - position)), position) : 0;
      if (head === into.length) return head;
      const bytes = inflated.bytes ?? hold(inflated, inflate(file, from));
      const at = position + head - from;
      const count = Math.max(0, Math.min(into.length - head, bytes.length - at));
      into.set(bytes.subarray(at, at + count), head);
      return head + count;
    },
    close() {
      inflated.bytes = undefined;
      file.close();
    },
  };
}

/** Keeps the bytes, and lets go of older ones where there is no room for all. */
function hold(inflated: Inflated, bytes: Buffer): Buffer {
  inflated.bytes = bytes;
  const living = holders.map((holder) => holder.deref()).filter((each) => each?.bytes !== undefined && each !== inflated) as Inflated[];
  living.push(inflated);
  let total = living.reduce((sum, each) => sum + (each.bytes as Buffer).length, 0);
  while (total > KEPT_BYTES && living.length > ALWAYS_KEPT) {
    const oldest = living.shift() as Inflated;
    total -= (oldest.bytes as Buffer).length;
    oldest.bytes = undefined;
  }
  holders = living.map((each) => new WeakRef(each));
  return bytes;
}

function inflate(file: SourceFile, from: number): Buffer {
  const deflatedBytes = Math.max(0, file.size - from);
  const limit = Math.min(Math.max(deflatedBytes * MAX_RATIO, ALWAYS_ALLOWED_BYTES), MAX_INFLATED_BYTES);
  if (deflatedBytes > limit) throw tooLarge(deflatedBytes, limit);
  const deflated = Buffer.allocUnsafeSlow(deflatedBytes);
  if (file.read(deflated, from) < deflatedBytes)
    throw new HilumError("MALFORMED_FILE", "The file is shorter than it was when the source was listed.");
  // Not imported: the plain path shall not load it.
  const { inflateRawSync } = process.getBuiltinModule("node:zlib");
  try {
    return inflateRawSync(deflated, { maxOutputLength: limit, chunkSize: CHUNK_BYTES });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(deflatedBytes, limit);
    throw new HilumError("MALFORMED_FILE", `The deflated data set that begins at offset ${from} is damaged or cut.`, {
      details: { offset: from },
      cause,
    });
  }
}

function tooLarge(deflatedBytes: number, limit: number): HilumError {
  return new HilumError("MALFORMED_FILE", `The deflated data set of ${deflatedBytes} bytes holds more than ${limit} bytes.`, {
    details: { deflatedBytes, limitBytes: limit },
    remedy: "Look at where the file came from; an image does not shrink that much.",
  });
}
