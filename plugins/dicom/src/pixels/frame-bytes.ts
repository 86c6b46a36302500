import { HilumError } from "@hilum/core";
import { malformedFile, tagText } from "../scan/malformed-file.ts";
import { Tag } from "../scan/tags.ts";
import type { DicomInstance, PixelLayout } from "../series/dicom-instance.ts";
import { frameCodecOf, type FrameCodec } from "./codecs.ts";
import { readCodestreamHeader } from "./codestream-header.ts";
import { fragmentsOf, readFragments } from "./fragments.ts";

/** The samples of one stored frame, little endian, and how they lie: its layout where the codec did not lay them otherwise. */
export interface FrameBytes {
  readonly bytes: Uint8Array;
  readonly layout: PixelLayout;
}

/** What of a frame decides its stored samples. */
export type StoredFrame = Pick<DicomInstance, "file" | "frameNumber" | "transferSyntaxUID" | "pixel">;

/**
 * Reads one stored frame, decoded where it is encapsulated. Colour is as in the file: JPEG in the colours of its codestream, JPEG
 * 2000 after its own transform.
 * @throws {HilumError} TRUNCATED_PIXEL_DATA, UNSUPPORTED_TRANSFER_SYNTAX; MALFORMED_FILE where a codestream is damaged or
 * disagrees with the header: in rows, columns, samples, or more bits than are allocated.
 */
export function readFrameBytes(frame: StoredFrame): FrameBytes | Promise<FrameBytes> {
  const { pixel } = frame;
  if (pixel.encapsulated) return readEncapsulated(frame);
  if (pixel.excessBytes !== undefined) checkExcess(frame, pixel.excessBytes);
  return { bytes: pixel.bitsAllocated === 1 ? readBits(frame) : readBytes(frame, pixel.offset + (frame.frameNumber - 1) * pixel.frameBytes, pixel.frameBytes), layout: pixel };
}

/** Zeros behind the last frame pad it, as some writers do to whole blocks; anything else would be an image that the header does not tell. */
function checkExcess(frame: StoredFrame, excessBytes: number): void {
  const { pixel } = frame;
  const usedBytes = pixel.bitsAllocated === 1 ? Math.ceil((pixel.rows * pixel.columns * pixel.frames) / 8) : pixel.frameBytes * pixel.frames;
  const position = pixel.offset + usedBytes + (usedBytes % 2);
  if (readBytes(frame, position, excessBytes).some((byte) => byte !== 0))
    throw new HilumError("MALFORMED_FILE", `Pixel Data holds ${excessBytes} bytes more than the image has.`, {
      details: { tag: tagText(Tag.PixelData), offset: position, excessBytes },
    });
}

function readBytes({ file }: StoredFrame, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const count = file.read(bytes, position);
  if (count === length) return bytes;
  throw new HilumError("TRUNCATED_PIXEL_DATA", `A file holds ${count} of ${length} bytes of its image.`, {
    details: { promisedBytes: length, presentBytes: count },
  });
}

/** The bits of a frame from the first bit of its first byte on: frames follow each other without a gap (PS3.5 8.1.1). */
function readBits(frame: StoredFrame): Uint8Array {
  const { pixel, frameNumber } = frame;
  const bits = pixel.rows * pixel.columns;
  const firstBit = (frameNumber - 1) * bits;
  const firstByte = Math.floor(firstBit / 8);
  const shift = firstBit % 8;
  const bytes = readBytes(frame, pixel.offset + firstByte, Math.ceil((firstBit + bits) / 8) - firstByte);
  if (shift > 0) for (let i = 0; i < bytes.length; i++) bytes[i] = ((bytes[i] as number) >> shift) | ((bytes[i + 1] ?? 0) << (8 - shift));
  return bytes;
}

async function readEncapsulated(frame: StoredFrame): Promise<FrameBytes> {
  const { file, frameNumber, transferSyntaxUID, pixel } = frame;
  const codec = frameCodecOf(transferSyntaxUID);
  if (codec === undefined)
    throw new HilumError("UNSUPPORTED_TRANSFER_SYNTAX", `Transfer syntax ${transferSyntaxUID} cannot be decoded.`, { details: { transferSyntaxUID } });
  const fragments = fragmentsOf(file, pixel, codec);
  const codestream = readFragments(file, fragments, frameNumber);
  const offset = fragments.start[fragments.firstOfFrame[frameNumber - 1] as number] as number;
  try {
    if (codec === "rle") return { bytes: await decodeRleFrame(codestream, pixel, offset), layout: { ...pixel, planarConfiguration: 0 } };
    if (codec === "deflated") return { bytes: await inflateFrame(codestream, pixel, offset), layout: pixel };
    return await decodeCodestream(codec, codestream, pixel, offset);
  } catch (error) {
    throw withFrame(error, frameNumber, offset);
  }
}

function damaged(what: string, offset: number): HilumError {
  return malformedFile(`has a frame that ${what}`, Tag.PixelData, offset);
}

/** The same error, which also tells the frame, and the element and offset where it does not. */
function withFrame(error: unknown, frameNumber: number, offset: number): unknown {
  if (!(error instanceof HilumError)) return error;
  const message = "tag" in error.details ? error.message : `Pixel Data ${tagText(Tag.PixelData)} at offset ${offset}: ${error.message}`;
  return new HilumError(error.code, message, {
    details: { tag: tagText(Tag.PixelData), offset, ...error.details, frame: frameNumber },
    cause: error,
  });
}

async function decodeRleFrame(bytes: Buffer, pixel: PixelLayout, offset: number): Promise<Uint8Array> {
  const { decodeRle } = await import("./rle.ts");
  const [pixels, sampleBytes] = pixel.bitsAllocated === 1 ? [pixel.frameBytes, 1] : [pixel.rows * pixel.columns, pixel.bitsAllocated / 8];
  const decoded = decodeRle(bytes, pixels, pixel.samplesPerPixel, sampleBytes);
  if (decoded === undefined) throw damaged("is no whole RLE frame of its size", offset);
  return decoded;
}

async function inflateFrame(bytes: Buffer, pixel: PixelLayout, offset: number): Promise<Uint8Array> {
  const { inflateRawSync } = await import("node:zlib");
  let inflated: Uint8Array;
  try {
    inflated = inflateRawSync(bytes, { maxOutputLength: pixel.frameBytes + (pixel.frameBytes % 2) });
  } catch (cause) {
    throw new HilumError("MALFORMED_FILE", "A deflated frame cannot be inflated to its size.", { cause });
  }
  if (inflated.length < pixel.frameBytes) throw damaged("inflates to fewer bytes than its size needs", offset);
  return inflated.slice(0, pixel.frameBytes);
}

async function decodeCodestream(codec: FrameCodec, codestream: Buffer, pixel: PixelLayout, offset: number): Promise<FrameBytes> {
  const said = readCodestreamHeader(codec, codestream);
  if (said === undefined) throw damaged("has no codestream header of its transfer syntax", offset);
  const { rows, columns, samplesPerPixel } = pixel;
  if (said.rows !== rows || said.columns !== columns || said.samplesPerPixel !== samplesPerPixel || said.bits > Math.max(8, pixel.bitsAllocated))
    throw damaged("disagrees with the header in rows, columns, samples or bits", offset);
  if (!said.complete) throw damaged("has no end-of-image marker at its end", offset);
  // Where only Bits Stored disagrees, the codestream is right: it says how its samples were coded.
  const bitsStored = pixel.bitsAllocated === 1 ? said.bits : Math.max(said.bits, pixel.bitsStored);
  const bitsAllocated = Math.max(8, pixel.bitsAllocated);
  const { decodeElsewhere } = await import("./decoder-process.ts");
  const decoded = await decodeElsewhere({ codec, codestream: codestream.subarray(said.start), rows, columns, samplesPerPixel, bitsAllocated, bitsStored, signed: pixel.signed, photometricInterpretation: pixel.photometricInterpretation });
  const expectedBytes = rows * columns * samplesPerPixel * (bitsAllocated / 8);
  if (decoded.rows !== rows || decoded.columns !== columns || decoded.samplesPerPixel !== samplesPerPixel || decoded.bytes.length !== expectedBytes)
    throw damaged("decodes to another size than the header says", offset);
  return {
    bytes: decoded.bytes,
    layout: { ...pixel, bitsAllocated, bitsStored, highBit: bitsStored - 1, planarConfiguration: said.planar ? 1 : 0, frameBytes: expectedBytes },
  };
}
