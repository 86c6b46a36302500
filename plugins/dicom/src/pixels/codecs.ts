/** How the frames of an encapsulated transfer syntax are coded. */
export type FrameCodec = "rle" | "deflated" | "jpeg" | "jpeg-ls" | "jpeg-2000" | "htj2k";

const CODECS: ReadonlyMap<string, FrameCodec> = new Map([
  ["1.2.840.10008.1.2.5", "rle"],
  ["1.2.840.10008.1.2.8.1", "deflated"],
  // Baseline, extended, the two retired progressive ones, lossless, lossless with first-order prediction.
  ...(["50", "51", "53", "55", "57", "70"] as const).map((end) => [`1.2.840.10008.1.2.4.${end}`, "jpeg"] as const),
  ["1.2.840.10008.1.2.4.80", "jpeg-ls"],
  ["1.2.840.10008.1.2.4.81", "jpeg-ls"],
  ["1.2.840.10008.1.2.4.90", "jpeg-2000"],
  ["1.2.840.10008.1.2.4.91", "jpeg-2000"],
  ["1.2.840.10008.1.2.4.201", "htj2k"],
  ["1.2.840.10008.1.2.4.202", "htj2k"],
  ["1.2.840.10008.1.2.4.203", "htj2k"],
]);

/** The codec of an encapsulated transfer syntax (PS3.5 A.4); undefined for one that is not encapsulated, or cannot be decoded. */
export function frameCodecOf(transferSyntaxUID: string): FrameCodec | undefined {
  return CODECS.get(transferSyntaxUID);
}
