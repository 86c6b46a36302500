import { promisify } from "node:util";
import { HilumError, sliceLengthOf, type CodecContext, type SeriesSpec, type Sink, type SinkFile, type Slab, type WriteRequest, type WriteSummary } from "@hilum/core";
import type { WriteOptions } from "../options.ts";
import { buildLayout } from "./build-layout.ts";
import type { Storage } from "./hdf5-builder.ts";
import { sidecarOf } from "./sidecar.ts";

/** Voxels start here; the superblock and zeros lie before them. */
export const VOXELS_ADDRESS = 4096;

const GZIP_LEVEL = 4;
/** zlib's strategy for runs. */
const Z_RLE = 3;

/**
 * Writes a series as one HDF5 file: voxels as they come, then all metadata, the superblock last, so that an interrupted
 * file has no signature. Reads the metadata back before it returns.
 * @throws {HilumError} VERIFICATION_FAILED when a slice is missing or the file does not hold what was meant.
 */
export async function writeSeries(
  { series, options }: WriteRequest<WriteOptions>,
  slabs: AsyncIterable<Slab>,
  sink: Sink,
  context: CodecContext,
): Promise<WriteSummary> {
  const file = await sink.file();
  const write = options.compression === "none" ? writeContiguous : writeCompressed;
  const { end, ...voxels } = await write(file, series, slabs, context);
  // Made while the disk takes the voxels: the other way round the disk would wait for it, and then the job for the disk.
  const parts = buildLayout({ series, rule: options.metadata, placement: { ...voxels, metadata: aligned(end) }, created: context.jobTime });
  const head = headOf(parts.superblock);
  if (aligned(end) > end) await file.write(new Uint8Array(aligned(end) - end), end);
  await file.write(parts.metadata, aligned(end));
  await file.write(head, 0);
  verify(file, head, 0);
  verify(file, parts.metadata, aligned(end));
  if (sink.sidecar !== undefined) {
    await sink.sidecar.write(Buffer.from(`${JSON.stringify(sidecarOf(series, options.metadata), undefined, 2)}\n`), 0);
    await sink.sidecar.close();
  }
  // Last, since the disk may still be busy with the voxels.
  await file.close();
  return { facts: { layout: "hdf5 1", metadata: options.metadata, compression: options.compression } };
}

/** All bytes before the voxels. */
function headOf(superblock: Uint8Array): Uint8Array {
  const head = new Uint8Array(VOXELS_ADDRESS);
  head.set(superblock);
  return head;
}

function aligned(address: number): number {
  return Math.ceil(address / 8) * 8;
}

/** Bytes of one slice of the volume and of the mask. */
export function sliceBytes(series: SeriesSpec): { readonly volume: number; readonly mask: number } {
  const [columns, rows] = series.volume.geometry.size;
  return { volume: sliceLengthOf(series.volume) * Float32Array.BYTES_PER_ELEMENT, mask: columns * rows };
}

/** Where the voxels were written, and the first address behind them. */
interface WrittenVoxels {
  readonly volume: Storage;
  readonly mask?: Storage;
  readonly end: number;
}

/** The volume as it is; the mask compressed, since it is a quarter of the volume otherwise and says next to nothing. */
async function writeContiguous(file: SinkFile, series: SeriesSpec, slabs: AsyncIterable<Slab>, context: CodecContext): Promise<WrittenVoxels> {
  const bytes = sliceBytes(series);
  const place = { end: VOXELS_ADDRESS + series.frames.length * bytes.volume };
  const mask = series.volume.masked ? await maskWriter(file, place, bytes.mask) : undefined;
  let behind: Promise<void> | undefined;
  for await (const { slab, first } of inOrder(series, slabs, context)) {
    await file.write(bytesOf(slab.voxels, slab.count * bytes.volume), VOXELS_ADDRESS + first * bytes.volume);
    await behind;
    // Compressed while the next slab is made. Whoever waits for it hears of a failure; where nobody does, the job has failed already.
    behind = mask?.append(maskOf(slab, bytes.mask));
    behind?.catch(() => {});
  }
  await behind;
  return { volume: { kind: "contiguous", address: VOXELS_ADDRESS }, ...(mask && { mask: mask.storage }), ...place };
}

async function writeCompressed(file: SinkFile, series: SeriesSpec, slabs: AsyncIterable<Slab>, context: CodecContext): Promise<WrittenVoxels> {
  const bytes = sliceBytes(series);
  const place = { end: VOXELS_ADDRESS };
  const volume = chunkWriter(file, place, bytes.volume, await deflater({ level: GZIP_LEVEL }));
  const mask = series.volume.masked ? await maskWriter(file, place, bytes.mask) : undefined;
  for await (const { slab } of inOrder(series, slabs, context)) {
    await volume.append(bytesOf(slab.voxels, slab.count * bytes.volume));
    await mask?.append(maskOf(slab, bytes.mask));
  }
  return { volume: volume.storage, ...(mask && { mask: mask.storage }), ...place };
}

type Compressor = (slice: Uint8Array) => Promise<Uint8Array>;

interface ChunkWriter {
  readonly storage: Storage;
  /** Appends slices. One call at a time. */
  append(slices: Uint8Array): Promise<void>;
}

/** A chunk writer for masks. It has taken what it needs of the slices when `append` returns, and compresses none that is what the one before was. */
async function maskWriter(file: SinkFile, place: { end: number }, sliceLength: number): Promise<ChunkWriter> {
  // Runs alone, measured on masks: smaller than by the level alone, in a third of the time.
  const compress = await deflater({ level: GZIP_LEVEL, strategy: Z_RLE });
  let last: { readonly slice: Uint8Array; readonly chunk: Promise<Uint8Array> } | undefined;
  const writer = chunkWriter(file, place, sliceLength, (slice) => {
    const chunk = last !== undefined && Buffer.compare(last.slice, slice) === 0 ? last.chunk : compress(slice);
    last = { slice, chunk };
    return chunk;
  });
  // In turn, so that the last slice of one is still there when the other is looked at.
  let [copy, other] = [new Uint8Array(0), new Uint8Array(0)];
  return {
    storage: writer.storage,
    append(slices) {
      [copy, other] = [other.length < slices.length ? new Uint8Array(slices.length) : other, copy];
      copy.set(slices);
      return writer.append(copy.subarray(0, slices.length));
    },
  };
}

async function deflater(options: { readonly level: number; readonly strategy?: number }): Promise<Compressor> {
  // Loaded where it is used: most files have nothing to compress, and every process would wait for it.
  const { deflate } = await import("node:zlib");
  const compress = promisify<Uint8Array, typeof options, Buffer>(deflate);
  return (slice) => compress(slice, options);
}

/** Appends slices as chunks at `place.end`, which it moves on. */
function chunkWriter(file: SinkFile, place: { end: number }, sliceLength: number, compress: Compressor): ChunkWriter {
  const chunks = { addresses: [] as number[], sizes: [] as number[] };
  return {
    storage: { kind: "gzip", level: GZIP_LEVEL, chunks },
    async append(data) {
      const slices = Array.from({ length: data.length / sliceLength }, (_, k) => data.subarray(k * sliceLength, (k + 1) * sliceLength));
      for (const chunk of await Promise.all(slices.map(compress))) {
        await file.write(chunk, place.end);
        chunks.addresses.push(place.end);
        chunks.sizes.push(chunk.length);
        place.end += chunk.length;
      }
    },
  };
}

/** The slabs, each with the index of its first frame, after making sure that every slice comes once and in order. */
async function* inOrder(series: SeriesSpec, slabs: AsyncIterable<Slab>, context: CodecContext): AsyncIterable<{ slab: Slab; first: number }> {
  const slices = series.volume.geometry.size[2];
  let expected = 0;
  for await (const slab of slabs) {
    context.signal.throwIfAborted();
    const first = slab.phase * slices + slab.start;
    if (first !== expected || slab.start + slab.count > slices)
      throw new HilumError("VERIFICATION_FAILED", "Slices came out of order.", { details: { rule: "slice-order", expected, got: first } });
    expected += slab.count;
    yield { slab, first };
  }
  if (expected !== series.frames.length)
    throw new HilumError("VERIFICATION_FAILED", "Not every slice came.", {
      details: { rule: "slice-count", expected: series.frames.length, got: expected },
    });
}

function bytesOf(voxels: Float32Array, length: number): Uint8Array {
  return new Uint8Array(voxels.buffer, voxels.byteOffset, length);
}

function maskOf(slab: Slab, maskBytes: number): Uint8Array {
  if (slab.mask === undefined)
    throw new HilumError("VERIFICATION_FAILED", "A slab of a masked volume has no mask.", { details: { rule: "mask" } });
  return slab.mask.subarray(0, slab.count * maskBytes);
}

function verify(file: SinkFile, meant: Uint8Array, position: number): void {
  const got = new Uint8Array(Math.min(meant.length, 1 << 20));
  for (let offset = 0; offset < meant.length; offset += got.length) {
    const part = meant.subarray(offset, offset + got.length);
    const read = file.read(got.subarray(0, part.length), position + offset);
    if (read !== part.length || Buffer.compare(got.subarray(0, read), part) !== 0)
      throw new HilumError("VERIFICATION_FAILED", "The file does not hold the metadata that was written.", {
        details: { rule: "metadata-read-back", offset: position + offset },
      });
  }
}
