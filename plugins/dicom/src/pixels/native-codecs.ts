import { createRequire } from "node:module";
import type { CodedImage, DecodedFrame, DecodeRequest } from "./decoder-messages.ts";

type Codecs = typeof import("dcmjs-codecs");

const { Context, log, NativeCodecs } = createRequire(import.meta.url)("dcmjs-codecs") as Codecs;

/** What a codec says of a codestream that it decodes in spite of its damage: the image then is a guess. One warning is of a count that old writers get wrong. */
const TELLS_OF_DAMAGE = /Corrupt JPEG data|[Pp]remature end|OpjMessageCallback(?:Warning(?!::Non conformant codestream TPsot)|Error)|fd_write/;

let damaged = false;
log.methodFactory = () => (message: unknown) => {
  if (TELLS_OF_DAMAGE.test(String(message))) damaged = true;
};
log.setLevel("info", false);

/** Makes the codecs ready, and anew after one has failed: a failed codec can spoil the frames after it. */
export async function prepareCodecs(): Promise<void> {
  NativeCodecs.release();
  await NativeCodecs.initializeAsync({ logCodecsInfo: true });
}

/**
 * Decodes a frame. JPEG stays in the colours of its codestream (YBR stays YBR); JPEG 2000 undoes its own transform (YBR_RCT and
 * YBR_ICT become RGB).
 * @throws {Error} what the codec throws, or where it told of damage.
 */
export function decodeNatively(request: DecodeRequest): DecodedFrame {
  damaged = false;
  const decoded = decodeWith(request.codec, contextOf(request, { encodedBuffer: request.codestream }));
  if (damaged) throw new Error("The codestream is damaged.");
  return {
    rows: decoded.getHeight() ?? 0,
    columns: decoded.getWidth() ?? 0,
    samplesPerPixel: decoded.getSamplesPerPixel() ?? 0,
    bytes: decoded.getDecodedBuffer() ?? new Uint8Array(),
  };
}

/**
 * Encodes a frame without loss.
 * @param samples side by side, little endian; the bits above Bits Stored repeat the sign.
 * @returns the codestream, or the segments of RLE with their header.
 * @throws {Error} what the codec throws.
 */
export function encodeNatively(image: CodedImage, samples: Uint8Array): Uint8Array {
  return encodeWith(image.codec, contextOf(image, { decodedBuffer: samples })).getEncodedBuffer() ?? new Uint8Array();
}

type CodecContext = InstanceType<Codecs["Context"]>;

function contextOf(image: CodedImage, buffer: { readonly encodedBuffer: Uint8Array } | { readonly decodedBuffer: Uint8Array }): CodecContext {
  return new Context({
    width: image.columns,
    height: image.rows,
    bitsAllocated: image.bitsAllocated,
    bitsStored: image.bitsStored,
    samplesPerPixel: image.samplesPerPixel,
    pixelRepresentation: image.signed ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: image.photometricInterpretation,
    ...buffer,
  });
}

function decodeWith(codec: DecodeRequest["codec"], context: CodecContext): CodecContext {
  switch (codec) {
    case "jpeg":
      return NativeCodecs.decodeJpeg(context, { convertColorspaceToRgb: false });
    case "jpeg-ls":
      return NativeCodecs.decodeJpegLs(context);
    case "jpeg-2000":
      return NativeCodecs.decodeJpeg2000(context);
    case "htj2k":
      return NativeCodecs.decodeHtJpeg2000(context);
    default:
      throw new Error(`${codec} is not decoded here`);
  }
}

function encodeWith(codec: CodedImage["codec"], context: CodecContext): CodecContext {
  switch (codec) {
    case "rle":
      return NativeCodecs.encodeRle(context);
    case "jpeg-ls":
      return NativeCodecs.encodeJpegLs(context, { lossy: false });
    case "jpeg-2000":
      return NativeCodecs.encodeJpeg2000(context, { lossy: false });
    case "htj2k":
      return NativeCodecs.encodeHtJpeg2000(context, { lossy: false });
    default:
      throw new Error(`${codec} is not encoded here`);
  }
}
