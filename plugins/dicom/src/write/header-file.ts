import type { DicomJson, SourceFile } from "@hilum/core";
import { Tag } from "../scan/tags.ts";
import { encodeAttributes } from "./encode-attributes.ts";
import { encodeItems, ITEM_HEADER_BYTES } from "./encode-element.ts";

/**
 * A file that lies on no disk: a data set in explicit VR little endian of given attributes, and Pixel Data of zeros behind
 * them. It is encoded when it is read and forgotten when it is closed, so that a series takes the memory of one.
 * @param pixelBytes of Pixel Data, without the padding byte of an odd length.
 * @throws {HilumError} as {@link encodeAttributes}.
 */
export function headerFile(attributes: DicomJson, pixelBytes: number): SourceFile {
  const zeros = pixelBytes + (pixelBytes % 2);
  let encoded: Buffer | undefined;
  const headBytes = (): Buffer => (encoded ??= encodeHead(attributes, zeros));
  const file: SourceFile = {
    name: "",
    size: headBytes().length + zeros,
    read(into, position) {
      const count = Math.max(Math.min(into.length, file.size - position), 0);
      const head = headBytes().subarray(position, position + count);
      into.set(head);
      into.fill(0, head.length, count);
      return count;
    },
    close() {
      encoded = undefined;
    },
  };
  return file;
}

/** Everything before the value of Pixel Data. */
function encodeHead(attributes: DicomJson, zeros: number): Buffer {
  const bits = Number(attributes["00280100"]?.Value?.[0]);
  const pixelData = { tag: Tag.PixelData, vr: bits > 8 ? "OW" : "OB", value: new Uint8Array(0) };
  // A data set is an item without its header.
  const bytes = Buffer.from(encodeItems([[...encodeAttributes(attributes), pixelData]], true)).subarray(ITEM_HEADER_BYTES);
  bytes.writeUInt32LE(zeros, bytes.length - 4);
  return bytes;
}
