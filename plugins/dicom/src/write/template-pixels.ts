import { readStored } from "../pixels/read-stored.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { isWide } from "./quantise.ts";
import { templateChanged } from "./template-file.ts";

/**
 * The stored pixels of an image of the template, as many bytes each as a native frame has for it, single bits each in a byte: from its
 * file, its fragments or its mosaic. Samples are side by side where they are wider than 16 bits; only there are colours asked for.
 */
export async function templatePixels(image: DicomInstance): Promise<Uint8Array> {
  const { pixel, region } = image;
  return pixel.encapsulated || region !== undefined || pixel.bitsAllocated === 1 || isWide(pixel) ? packed(image) : readNative(image);
}

function readNative({ file, pixel, frameNumber }: DicomInstance): Uint8Array {
  const bytes = new Uint8Array(pixel.frameBytes);
  const count = file.read(bytes, pixel.offset + (frameNumber - 1) * pixel.frameBytes);
  file.close();
  if (count < bytes.length) throw templateChanged();
  return bytes;
}

async function packed(image: DicomInstance): Promise<Uint8Array> {
  const { bitsAllocated, bitsStored, highBit } = image.pixel;
  const samples = await readStored(image);
  image.file.close();
  if (image.pixel.float) return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const width = Math.ceil(bitsAllocated / 8);
  const bytes = Buffer.alloc(samples.length * width);
  const lowest = highBit + 1 - bitsStored;
  const allBits = 2 ** bitsAllocated;
  for (const [i, sample] of samples.entries()) bytes.writeUIntLE((((sample << lowest) % allBits) + allBits) % allBits, width * i, width);
  return bytes;
}
