import { readFrameBytes } from "../../pixels/frame-bytes.ts";
import { unpackSamples } from "../../pixels/unpack.ts";
import { findElement } from "../../scan/element-table.ts";
import { walkFragments } from "../../scan/fragments.ts";
import type { PixelLayout } from "../../series/dicom-instance.ts";
import type { ReadBackFile } from "./read-back-file.ts";
import { must } from "./rule.ts";

const PIXEL_DATA = 0x7fe00010;
const ITEM_HEADER_BYTES = 8;

/** Checks that fragments are those that the writer makes: one for each frame, in order, behind a table that names them. */
export function checkFragments(file: ReadBackFile, frames: number): void {
  const rule = "Pixel Data is a Basic Offset Table and one fragment of even length for each frame";
  const starts: number[] = [];
  let areEven = true;
  let tableBytes = 0;
  walkFragments(file.source, fragmentsAt(file), (position, length) => {
    if (starts.length === 0) tableBytes = length;
    starts.push(position - ITEM_HEADER_BYTES);
    areEven &&= length % 2 === 0;
  });
  const [, first = 0] = starts;
  must(starts.length === frames + 1 && areEven && tableBytes === 4 * frames, rule, PIXEL_DATA);
  const table = Buffer.alloc(tableBytes);
  file.readPixels(table, ITEM_HEADER_BYTES);
  for (let frame = 0; frame < frames; frame++) must(table.readUInt32LE(4 * frame) === (starts[frame + 1] as number) - first, rule, PIXEL_DATA);
}

/** What the header of compressed frames has to say of them. */
export type CompressedLayout = Pick<PixelLayout, "rows" | "columns" | "bitsAllocated" | "bitsStored" | "highBit" | "signed" | "frames" | "frameBytes" | "photometricInterpretation">;

/**
 * A frame as native Pixel Data would hold it, by the reader's own way through fragments and codec: codestreams are decoded by another
 * process, and RLE by another program than the one that encodes it.
 * @param frameNumber 1-based.
 * @throws {HilumError} as `readFrameBytes`; VERIFICATION_FAILED for a frame of another length.
 */
export async function decodedFrame(file: ReadBackFile, frameNumber: number, transferSyntaxUID: string, layout: CompressedLayout): Promise<Uint8Array> {
  const pixel: PixelLayout = { ...layout, samplesPerPixel: 1, float: false, planarConfiguration: 0, encapsulated: true, offset: fragmentsAt(file) };
  const { buffer, byteOffset, byteLength } = unpackSamples(await readFrameBytes({ file: file.source, frameNumber, transferSyntaxUID, pixel }));
  must(byteLength === layout.frameBytes, "Pixel Data has the length of its image", PIXEL_DATA);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function fragmentsAt({ table }: ReadBackFile): number {
  return table.value[findElement(table, PIXEL_DATA)] as number;
}
