import { frameCodecOf, type FrameCodec } from "../pixels/codecs.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import type { StoredFormat } from "./quantise.ts";
import type { DicomWriteOptions } from "./write-options.ts";

/** How pixels are compressed. */
export type Compression = NonNullable<DicomWriteOptions["compress"]>;

/** The lossless transfer syntaxes (PS3.5 A.4): RLE, JPEG-LS, JPEG 2000 and High-Throughput JPEG 2000. */
const TRANSFER_SYNTAX_UIDS: Readonly<Record<Compression, string>> = {
  rle: "1.2.840.10008.1.2.5",
  "jpeg-ls": "1.2.840.10008.1.2.4.80",
  j2k: "1.2.840.10008.1.2.4.90",
  htj2k: "1.2.840.10008.1.2.4.201",
};

/** The transfer syntax of compressed pixels. */
export function compressedSyntaxUID(compress: Compression): string {
  return TRANSFER_SYNTAX_UIDS[compress];
}

/** Whether an encoder codes stored values in such a way that others than its own decoder read them as they were (measured with OpenJPEG). */
export function isCodedRightly(compress: Compression, { bitsAllocated, bitsStored, signed }: Pick<StoredFormat, "bitsAllocated" | "bitsStored" | "signed">): boolean {
  if (compress !== "j2k" && compress !== "htj2k") return true;
  if (bitsAllocated === 8) return !signed;
  return compress === "htj2k" || bitsStored > 8;
}

/** Compresses the stored values of one frame that takes the place of a template's. */
export type Compressor = (template: Pick<DicomInstance, "size" | "pixel">, format: StoredFormat, frame: Uint8Array) => Uint8Array;

/** Makes a codec ready. It runs in this process, since what it is given is our own, and an encoder looks at nothing but the size. */
export async function createCompressor(compress: Compression): Promise<Compressor> {
  const { encodeNatively, prepareCodecs } = await import("../pixels/native-codecs.ts");
  const codec = frameCodecOf(compressedSyntaxUID(compress)) as FrameCodec;
  await prepareCodecs();
  return ({ size: [columns, rows], pixel: { photometricInterpretation } }, { bitsAllocated, bitsStored, signed }, frame) =>
    encodeNatively({ codec, rows, columns, bitsAllocated, bitsStored, signed, samplesPerPixel: 1, photometricInterpretation }, frame);
}
