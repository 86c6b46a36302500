import { promisify } from "node:util";
import type { SinkFile } from "@hilum/core";
import type { Storage } from "./hdf5-builder.ts";

const GZIP_LEVEL = 4;
/** zlib's strategy for runs. */
const Z_RLE = 3;
/** What the HDF5 library keeps of a dataset's chunks by default: a larger one would be inflated again for every slice that is read. */
const CHUNK_CACHE_BYTES = 1 << 20;

/** Appends slices to a dataset that is stored in compressed chunks. */
export interface ChunkWriter {
  readonly storage: Storage;
  /** Has taken what it needs of the slices when it returns, and has written when its promise resolves. One call at a time. */
  append(slices: Uint8Array): Promise<void>;
}

/**
 * A writer of chunks of one slice each, at `place.end`, which it moves on.
 * @param sliceBytes bytes of a slice.
 */
export async function sliceWriter(file: SinkFile, place: { end: number }, sliceBytes: number): Promise<ChunkWriter> {
  const compress = await deflater({ level: GZIP_LEVEL });
  const chunks = chunkList(file, place, 1);
  return {
    storage: chunks.storage,
    async append(data) {
      await chunks.add(Array.from({ length: data.length / sliceBytes }, (_, k) => compress(data.subarray(k * sliceBytes, (k + 1) * sliceBytes))));
    },
  };
}

interface MaskChunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly compressed: Promise<Uint8Array>;
  done: boolean;
}

/**
 * A writer of masks: as many slices a chunk as a reader keeps, since handing a slice to zlib's thread costs a multiple of the
 * time that it takes there. A chunk that is what the one before was is not compressed again.
 * @param phase bytes of a slice, and slices of a phase.
 */
export async function chunkedMaskWriter(file: SinkFile, place: { end: number }, phase: { readonly sliceBytes: number; readonly slices: number }): Promise<ChunkWriter> {
  // Runs alone, measured on masks: smaller than by the level alone, in a third of the time.
  const compress = await deflater({ level: GZIP_LEVEL, strategy: Z_RLE });
  const { sliceBytes, slices } = phase;
  const depth = Math.max(1, Math.min(slices, Math.floor(CHUNK_CACHE_BYTES / sliceBytes)));
  const chunks = chunkList(file, place, depth);
  let filling = new Uint8Array(depth * sliceBytes);
  let filled = 0;
  let slice = 0;
  let last: MaskChunk | undefined;

  function finish(): Promise<Uint8Array> {
    filling.fill(0, filled * sliceBytes);
    filled = 0;
    if (last !== undefined && Buffer.compare(last.bytes, filling) === 0) return last.compressed;
    const before = last;
    const chunk: MaskChunk = { bytes: filling, compressed: compress(filling), done: false };
    void chunk.compressed.then(() => (chunk.done = true), () => undefined);
    last = chunk;
    // Two buffers in turn, unless zlib still reads the other.
    filling = before?.done === true ? before.bytes : new Uint8Array(filling.length);
    return chunk.compressed;
  }

  return {
    storage: chunks.storage,
    append(masks) {
      const finished: Promise<Uint8Array>[] = [];
      for (let at = 0; at < masks.length; at += sliceBytes) {
        filling.set(masks.subarray(at, at + sliceBytes), filled * sliceBytes);
        filled++;
        slice = (slice + 1) % slices;
        if (filled === depth || slice === 0) finished.push(finish());
      }
      return chunks.add(finished);
    },
  };
}

/** The chunks of a dataset, which are written in order as they come out of zlib. */
function chunkList(file: SinkFile, place: { end: number }, slices: number): { readonly storage: Storage; add(chunks: readonly Promise<Uint8Array>[]): Promise<void> } {
  const table = { slices, addresses: [] as number[], sizes: [] as number[] };
  return {
    storage: { kind: "gzip", level: GZIP_LEVEL, chunks: table },
    async add(chunks) {
      for (const chunk of await Promise.all(chunks)) {
        await file.write(chunk, place.end);
        table.addresses.push(place.end);
        table.sizes.push(chunk.length);
        place.end += chunk.length;
      }
    },
  };
}

type Compressor = (bytes: Uint8Array) => Promise<Uint8Array>;

async function deflater(options: { readonly level: number; readonly strategy?: number }): Promise<Compressor> {
  // Loaded where it is used: most files have nothing to compress, and every process would wait for it.
  const { deflate } = await import("node:zlib");
  const compress = promisify<Uint8Array, typeof options, Buffer>(deflate);
  return (bytes) => compress(bytes, options);
}
