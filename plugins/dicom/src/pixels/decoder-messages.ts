import type { FrameCodec } from "./codecs.ts";

/** What the header says of a frame, and how it is coded. */
export interface CodedImage {
  readonly codec: FrameCodec;
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly signed: boolean;
  readonly photometricInterpretation: string;
}

/** A codestream, and what the header says of the frame in it. */
export interface DecodeRequest extends CodedImage {
  readonly codestream: Uint8Array;
}

/** A decoded frame, samples little endian as the codec gave them, and what the codec says of it. */
export interface DecodedFrame {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly bytes: Uint8Array;
}

/** What the decoder program keeps to. */
export const DECODER_MEMORY_BYTES = 512 * 1024 * 1024;
/** It ends itself with this signal when it takes more memory, so that its end tells why. */
export const OUT_OF_MEMORY_SIGNAL = "SIGTERM";

const CODECS: readonly FrameCodec[] = ["rle", "deflated", "jpeg", "jpeg-ls", "jpeg-2000", "htj2k"];
const PHOTOMETRIC = ["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"];

/** A message begins with the number of the bytes behind these four. */
const LENGTH_BYTES = 4;
const REQUEST_BYTES = 10;
const REPLY_BYTES = 6;

/** A request without its codestream, which follows it. */
export function encodeRequest(request: DecodeRequest): Buffer {
  const head = Buffer.alloc(LENGTH_BYTES + REQUEST_BYTES);
  head.writeUInt32LE(REQUEST_BYTES + request.codestream.length, 0);
  head[4] = CODECS.indexOf(request.codec);
  head[5] = request.signed ? 1 : 0;
  head[6] = request.samplesPerPixel;
  head[7] = request.bitsAllocated;
  head[8] = request.bitsStored;
  head[9] = PHOTOMETRIC.indexOf(request.photometricInterpretation);
  head.writeUInt16LE(request.rows, 10);
  head.writeUInt16LE(request.columns, 12);
  return head;
}

/** The request in the bytes behind its length. */
export function decodeRequest(body: Buffer): DecodeRequest {
  return {
    codec: CODECS[body[0] as number] as FrameCodec,
    signed: body[1] === 1,
    samplesPerPixel: body[2] as number,
    bitsAllocated: body[3] as number,
    bitsStored: body[4] as number,
    photometricInterpretation: PHOTOMETRIC[body[5] as number] as string,
    rows: body.readUInt16LE(6),
    columns: body.readUInt16LE(8),
    codestream: body.subarray(REQUEST_BYTES),
  };
}

/** A reply without its bytes, which follow it; without a frame, it says that the codec refused. */
export function encodeReply(frame: DecodedFrame | undefined): Buffer {
  const head = Buffer.alloc(LENGTH_BYTES + REPLY_BYTES);
  head.writeUInt32LE(REPLY_BYTES + (frame?.bytes.length ?? 0), 0);
  if (frame === undefined) return head;
  head[4] = 1;
  head[5] = frame.samplesPerPixel;
  head.writeUInt16LE(frame.rows, 6);
  head.writeUInt16LE(frame.columns, 8);
  return head;
}

/** The frame in the bytes of a reply behind its length; undefined where the codec refused. */
export function decodeReply(body: Buffer): DecodedFrame | undefined {
  if (body[0] !== 1) return undefined;
  return {
    samplesPerPixel: body[1] as number,
    rows: body.readUInt16LE(2),
    columns: body.readUInt16LE(4),
    bytes: body.subarray(REPLY_BYTES),
  };
}

/** Puts the chunks of a stream together to messages. */
export class MessageReader {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** The bodies of the messages that end in this chunk. */
  add(chunk: Buffer): readonly Buffer[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const bodies: Buffer[] = [];
    while (this.#bytes >= LENGTH_BYTES) {
      if ((this.#chunks[0] as Buffer).length < LENGTH_BYTES) this.#chunks = [Buffer.concat(this.#chunks)];
      const end = LENGTH_BYTES + (this.#chunks[0] as Buffer).readUInt32LE(0);
      if (this.#bytes < end) break;
      const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
      bodies.push(all.subarray(LENGTH_BYTES, end));
      this.#chunks = end < all.length ? [all.subarray(end)] : [];
      this.#bytes = all.length - end;
    }
    return bodies;
  }
}
