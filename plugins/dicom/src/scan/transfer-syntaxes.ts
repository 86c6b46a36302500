import { HilumError } from "@hilum/core";

export const IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2";
export const EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";
export const EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2";

/** How a data set is written (PS3.5 section 10, Annex A). */
export interface TransferSyntax {
  /** As in PS3.6 Table A-1. */
  readonly name: string;
  readonly explicitVr: boolean;
  readonly bigEndian: boolean;
  /** The whole data set is one raw deflate stream (PS3.5 A.5). */
  readonly deflated: boolean;
  /** Pixel Data is a sequence of fragments (PS3.5 A.4). */
  readonly encapsulated: boolean;
  /** Whether the images in it are read; the headers of the others are. */
  readonly readable: boolean;
}

function native(name: string, differs: Partial<TransferSyntax> = {}): TransferSyntax {
  return { name, explicitVr: true, bigEndian: false, deflated: false, encapsulated: false, readable: true, ...differs };
}

function encapsulated(name: string): TransferSyntax {
  return native(name, { encapsulated: true });
}

function refused(name: string): TransferSyntax {
  return native(name, { encapsulated: true, readable: false });
}

const SYNTAXES: ReadonlyMap<string, TransferSyntax> = new Map([
  [IMPLICIT_VR_LITTLE_ENDIAN, native("Implicit VR Little Endian", { explicitVr: false })],
  [EXPLICIT_VR_LITTLE_ENDIAN, native("Explicit VR Little Endian")],
  [EXPLICIT_VR_BIG_ENDIAN, native("Explicit VR Big Endian", { bigEndian: true })],
  ["1.2.840.10008.1.2.1.98", refused("Encapsulated Uncompressed Explicit VR Little Endian")],
  ["1.2.840.10008.1.2.1.99", native("Deflated Explicit VR Little Endian", { deflated: true })],
  ["1.2.840.10008.1.2.4.50", encapsulated("JPEG Baseline (Process 1)")],
  ["1.2.840.10008.1.2.4.51", encapsulated("JPEG Extended (Process 2 & 4)")],
  ["1.2.840.10008.1.2.4.53", encapsulated("JPEG Spectral Selection, Non-Hierarchical (Process 6 & 8)")],
  ["1.2.840.10008.1.2.4.55", encapsulated("JPEG Full Progression, Non-Hierarchical (Process 10 & 12)")],
  ["1.2.840.10008.1.2.4.57", encapsulated("JPEG Lossless, Non-Hierarchical (Process 14)")],
  ["1.2.840.10008.1.2.4.70", encapsulated("JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])")],
  ["1.2.840.10008.1.2.4.80", encapsulated("JPEG-LS Lossless Image Compression")],
  ["1.2.840.10008.1.2.4.81", encapsulated("JPEG-LS Lossy (Near-Lossless) Image Compression")],
  ["1.2.840.10008.1.2.4.90", encapsulated("JPEG 2000 Image Compression (Lossless Only)")],
  ["1.2.840.10008.1.2.4.91", encapsulated("JPEG 2000 Image Compression")],
  ["1.2.840.10008.1.2.4.92", refused("JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)")],
  ["1.2.840.10008.1.2.4.93", refused("JPEG 2000 Part 2 Multi-component Image Compression")],
  ["1.2.840.10008.1.2.4.94", native("JPIP Referenced", { readable: false })],
  ["1.2.840.10008.1.2.4.95", native("JPIP Referenced Deflate", { deflated: true, readable: false })],
  ["1.2.840.10008.1.2.4.100", refused("MPEG2 Main Profile / Main Level")],
  ["1.2.840.10008.1.2.4.100.1", refused("Fragmentable MPEG2 Main Profile / Main Level")],
  ["1.2.840.10008.1.2.4.101", refused("MPEG2 Main Profile / High Level")],
  ["1.2.840.10008.1.2.4.101.1", refused("Fragmentable MPEG2 Main Profile / High Level")],
  ["1.2.840.10008.1.2.4.102", refused("MPEG-4 AVC/H.264 High Profile / Level 4.1")],
  ["1.2.840.10008.1.2.4.102.1", refused("Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1")],
  ["1.2.840.10008.1.2.4.103", refused("MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1")],
  ["1.2.840.10008.1.2.4.103.1", refused("Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1")],
  ["1.2.840.10008.1.2.4.104", refused("MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video")],
  ["1.2.840.10008.1.2.4.104.1", refused("Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video")],
  ["1.2.840.10008.1.2.4.105", refused("MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video")],
  ["1.2.840.10008.1.2.4.105.1", refused("Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video")],
  ["1.2.840.10008.1.2.4.106", refused("MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2")],
  ["1.2.840.10008.1.2.4.106.1", refused("Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2")],
  ["1.2.840.10008.1.2.4.107", refused("HEVC/H.265 Main Profile / Level 5.1")],
  ["1.2.840.10008.1.2.4.108", refused("HEVC/H.265 Main 10 Profile / Level 5.1")],
  ["1.2.840.10008.1.2.4.110", refused("JPEG XL Lossless")],
  ["1.2.840.10008.1.2.4.111", refused("JPEG XL JPEG Recompression")],
  ["1.2.840.10008.1.2.4.112", refused("JPEG XL")],
  ["1.2.840.10008.1.2.4.201", encapsulated("High-Throughput JPEG 2000 Image Compression (Lossless Only)")],
  ["1.2.840.10008.1.2.4.202", encapsulated("High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)")],
  ["1.2.840.10008.1.2.4.203", encapsulated("High-Throughput JPEG 2000 Image Compression")],
  ["1.2.840.10008.1.2.4.204", native("JPIP HTJ2K Referenced", { readable: false })],
  ["1.2.840.10008.1.2.4.205", native("JPIP HTJ2K Referenced Deflate", { deflated: true, readable: false })],
  // Retired before anybody used them.
  ["1.2.840.10008.1.2.4.52", refused("JPEG Extended (Process 3 & 5)")],
  ["1.2.840.10008.1.2.4.54", refused("JPEG Spectral Selection, Non-Hierarchical (Process 7 & 9)")],
  ["1.2.840.10008.1.2.4.56", refused("JPEG Full Progression, Non-Hierarchical (Process 11 & 13)")],
  ["1.2.840.10008.1.2.4.58", refused("JPEG Lossless, Non-Hierarchical (Process 15)")],
  ["1.2.840.10008.1.2.4.59", refused("JPEG Extended, Hierarchical (Process 16 & 18)")],
  ["1.2.840.10008.1.2.4.60", refused("JPEG Extended, Hierarchical (Process 17 & 19)")],
  ["1.2.840.10008.1.2.4.61", refused("JPEG Spectral Selection, Hierarchical (Process 20 & 22)")],
  ["1.2.840.10008.1.2.4.62", refused("JPEG Spectral Selection, Hierarchical (Process 21 & 23)")],
  ["1.2.840.10008.1.2.4.63", refused("JPEG Full Progression, Hierarchical (Process 24 & 26)")],
  ["1.2.840.10008.1.2.4.64", refused("JPEG Full Progression, Hierarchical (Process 25 & 27)")],
  ["1.2.840.10008.1.2.4.65", refused("JPEG Lossless, Hierarchical (Process 28)")],
  ["1.2.840.10008.1.2.4.66", refused("JPEG Lossless, Hierarchical (Process 29)")],
  ["1.2.840.10008.1.2.5", encapsulated("RLE Lossless")],
  ["1.2.840.10008.1.2.6.1", refused("RFC 2557 MIME encapsulation")],
  ["1.2.840.10008.1.2.6.2", refused("XML Encoding")],
  ["1.2.840.10008.1.2.7.1", refused("SMPTE ST 2110-20 Uncompressed Progressive Active Video")],
  ["1.2.840.10008.1.2.7.2", refused("SMPTE ST 2110-20 Uncompressed Interlaced Active Video")],
  ["1.2.840.10008.1.2.7.3", refused("SMPTE ST 2110-30 PCM Digital Audio")],
  ["1.2.840.10008.1.2.8.1", encapsulated("Deflated Image Frame Compression")],
  ["1.2.840.10008.1.20", native("Papyrus 3 Implicit VR Little Endian", { explicitVr: false, readable: false })],
]);

/** What is known of a transfer syntax; undefined for private and unknown ones. */
export function transferSyntaxOf(uid: string): TransferSyntax | undefined {
  return SYNTAXES.get(uid);
}

/** @throws {HilumError} UNSUPPORTED_TRANSFER_SYNTAX, by name, where images in this transfer syntax are not read. */
export function requireReadable(uid: string): void {
  const syntax = transferSyntaxOf(uid);
  if (syntax?.readable === true) return;
  const name = syntax === undefined ? `of UID ${uid}` : `"${syntax.name}"`;
  throw new HilumError("UNSUPPORTED_TRANSFER_SYNTAX", `The transfer syntax ${name} is not read.`, { details: { transferSyntaxUID: uid } });
}

/** JPEG Baseline and Extended, JPEG-LS near-lossless (PS3.5 A.4): what was in these has lost something, whatever its header says. */
const LOSSY: ReadonlySet<string> = new Set(["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81"]);

/** Whether pixels in this transfer syntax have lost something for certain; the JPEG 2000 ones leave it open. */
export function isLossySyntax(transferSyntaxUID: string): boolean {
  return LOSSY.has(transferSyntaxUID);
}
