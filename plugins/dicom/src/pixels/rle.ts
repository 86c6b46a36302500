/** Bytes of the header that tells where the segments lie. */
const HEADER_BYTES = 64;

/**
 * Decodes an RLE frame (PS3.5 annex G): one segment for each byte of a sample, most significant first, for each sample.
 * Its work and memory are bounded by what is asked for, so that it needs no process of its own.
 * @param pixels in the frame (bytes of it, for 1-bit samples), @param sampleBytes of one sample.
 * @returns samples side by side, little endian; undefined where the header is wrong or a segment ends early.
 */
export function decodeRle(bytes: Buffer, pixels: number, samplesPerPixel: number, sampleBytes: number): Uint8Array | undefined {
  const segments = samplesPerPixel * sampleBytes;
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== segments) return undefined;
  const offsets = Array.from({ length: segments + 1 }, (_, k) => (k === segments ? bytes.length : bytes.readUInt32LE(4 + 4 * k)));
  if (offsets[0] !== HEADER_BYTES) return undefined;
  const into = new Uint8Array(pixels * segments);
  for (let k = 0; k < segments; k++) {
    const [from, to] = [offsets[k] as number, offsets[k + 1] as number];
    if (from >= to || to > bytes.length) return undefined;
    const sample = Math.floor(k / sampleBytes);
    const significance = sampleBytes - 1 - (k % sampleBytes);
    if (!decodeSegment(bytes, from, to, into, sample * sampleBytes + significance, segments)) return undefined;
  }
  return into;
}

/** Fills every `step`-th byte from `first` on (PackBits, PS3.5 G.3.2); false where the segment does not hold exactly these. */
function decodeSegment(bytes: Buffer, from: number, to: number, into: Uint8Array, first: number, step: number): boolean {
  let read = from;
  let write = first;
  while (write < into.length) {
    if (read + 1 >= to) return false;
    const control = bytes[read++] as number;
    if (control < 128) {
      if (read + control >= to) return false;
      for (let n = 0; n <= control && write < into.length; n++, write += step) into[write] = bytes[read + n] as number;
      read += control + 1;
    } else if (control > 128) {
      const value = bytes[read++] as number;
      for (let n = 257 - control; n > 0 && write < into.length; n--, write += step) into[write] = value;
    }
  }
  return true;
}
