import type { FrameCodec } from "./codecs.ts";

/** What a codestream says of its image. */
export interface CodestreamHeader {
  /** Where it begins: behind the boxes of a JP2 file, which DICOM does not allow and some write. */
  readonly start: number;
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  /** Bits of a sample. */
  readonly bits: number;
  /** Whether the codec gives one plane after the other: JPEG-LS with a scan for each component. */
  readonly planar: boolean;
  /** Whether its marker for the end of the image stands at its end; bytes of 0 or FF may follow. */
  readonly complete: boolean;
}

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const SOF_JPEG_LS = 0xf7;
const J2K_START = 0xff4fff51;
const JP2_SIGNATURE_BOX_LENGTH = 12;
const JP2_SIGNATURE = 0x6a502020;
const JP2_CODESTREAM = 0x6a703263;

/**
 * Reads the header of a codestream without decoding it: JPEG and JPEG-LS (ITU-T T.81 B.2.2, T.87 C.2.2), JPEG 2000 and HTJ2K
 * (T.800 A.5.1, also inside a JP2 file).
 * @returns undefined where there is no such header.
 */
export function readCodestreamHeader(codec: FrameCodec, bytes: Buffer): CodestreamHeader | undefined {
  return codec === "jpeg" || codec === "jpeg-ls" ? readJpegHeader(codec, bytes) : readJpeg2000Header(bytes);
}

/** Whether a codestream of the JPEG family begins at this place of a fragment. */
export function startsCodestream(bytes: Buffer): boolean {
  if (bytes.length < 4) return false;
  const start = bytes.readUInt32BE(0);
  return start >>> 8 === 0xffd8ff || start === J2K_START || start === JP2_SIGNATURE_BOX_LENGTH;
}

function readJpegHeader(codec: FrameCodec, bytes: Buffer): CodestreamHeader | undefined {
  if (bytes.length < 4 || bytes[0] !== 0xff || bytes[1] !== SOI) return undefined;
  let frame: Omit<CodestreamHeader, "planar"> | undefined;
  let at = 2;
  while (at + 10 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] as number;
    // Any number of FF may fill the space before a marker.
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === EOI) return undefined;
    const length = bytes.readUInt16BE(at + 2);
    if (marker === SOS) return frame && { ...frame, planar: codec === "jpeg-ls" && frame.samplesPerPixel > 1 && bytes[at + length] === 0 };
    if (length < 2) return undefined;
    if (isFrameHeader(codec, marker))
      frame = {
        start: 0,
        bits: bytes[at + 4] as number,
        rows: bytes.readUInt16BE(at + 5),
        columns: bytes.readUInt16BE(at + 7),
        samplesPerPixel: bytes[at + 9] as number,
        complete: endsWith(bytes, EOI),
      };
    at += 2 + length;
  }
  return undefined;
}

/** SOF0 to SOF15 but for DHT, JPG and DAC, which stand among them. */
function isFrameHeader(codec: FrameCodec, marker: number): boolean {
  if (codec === "jpeg-ls") return marker === SOF_JPEG_LS;
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readJpeg2000Header(bytes: Buffer): CodestreamHeader | undefined {
  const start = codestreamStart(bytes);
  if (start === undefined || start + 42 > bytes.length || bytes.readUInt32BE(start) !== J2K_START) return undefined;
  const components = bytes.readUInt16BE(start + 40);
  if (components === 0 || start + 42 + 3 * components > bytes.length) return undefined;
  const size = bytes[start + 42] as number;
  for (let k = 0; k < components; k++) {
    const component = start + 42 + 3 * k;
    // Components of different depth, or that are subsampled, are no samples of DICOM.
    if (bytes[component] !== size || bytes[component + 1] !== 1 || bytes[component + 2] !== 1) return undefined;
  }
  return {
    start,
    columns: bytes.readUInt32BE(start + 8) - bytes.readUInt32BE(start + 16),
    rows: bytes.readUInt32BE(start + 12) - bytes.readUInt32BE(start + 20),
    samplesPerPixel: components,
    bits: (size & 0x7f) + 1,
    planar: false,
    complete: endsWith(bytes, EOI),
  };
}

/** Where the codestream begins: at once, or in a box of a JP2 file (T.800 annex I). */
function codestreamStart(bytes: Buffer): number | undefined {
  if (bytes.length < 12 || bytes.readUInt32BE(4) !== JP2_SIGNATURE) return 0;
  let at = 0;
  while (at + 8 <= bytes.length) {
    if (bytes.readUInt32BE(at + 4) === JP2_CODESTREAM) return at + 8;
    const length = bytes.readUInt32BE(at);
    if (length < 8) return undefined;
    at += length;
  }
  return undefined;
}

function endsWith(bytes: Buffer, marker: number): boolean {
  let end = bytes.length;
  while (end > 2 && (bytes[end - 1] === 0 || bytes[end - 1] === 0xff)) end--;
  return end >= 2 && bytes[end - 1] === marker && bytes[end - 2] === 0xff;
}
