import { HilumError, sliceLengthOf, type CodecContext, type SeriesSpec, type Sink, type SinkFile, type Slab, type WriteRequest, type WriteSummary } from "@hilum/core";
import type { WriteOptions } from "../options.ts";
import { buildLayout } from "./build-layout.ts";
import type { Storage } from "./hdf5-builder.ts";
import { sidecarOf } from "./sidecar.ts";
import { chunkedMaskWriter, sliceWriter, type ChunkWriter } from "./write-chunks.ts";

/** Voxels start here; the superblock and zeros lie before them. */
export const VOXELS_ADDRESS = 4096;

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
  const mask = await maskWriter(file, place, series);
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

async function maskWriter(file: SinkFile, place: { end: number }, series: SeriesSpec): Promise<ChunkWriter | undefined> {
  return series.volume.masked ? chunkedMaskWriter(file, place, { sliceBytes: sliceBytes(series).mask, slices: series.volume.geometry.size[2] }) : undefined;
}

async function writeCompressed(file: SinkFile, series: SeriesSpec, slabs: AsyncIterable<Slab>, context: CodecContext): Promise<WrittenVoxels> {
  const bytes = sliceBytes(series);
  const place = { end: VOXELS_ADDRESS };
  const volume = await sliceWriter(file, place, bytes.volume);
  const mask = await maskWriter(file, place, series);
  for await (const { slab } of inOrder(series, slabs, context)) {
    await volume.append(bytesOf(slab.voxels, slab.count * bytes.volume));
    await mask?.append(maskOf(slab, bytes.mask));
  }
  return { volume: volume.storage, ...(mask && { mask: mask.storage }), ...place };
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
