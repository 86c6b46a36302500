import { once } from "node:events";
import { createDeflateRaw } from "node:zlib";

/** Where the zeros of a bomb stand: in an element that is met before the image, or in the pixel data themselves. */
export type BombPlace = "private element" | "pixel data";

const CHUNK = Buffer.alloc(1 << 24);
const ROWS = 32_768;
const COLUMNS = 16_384;
/** What the zeros come to: as many as an image of that size has bytes. */
export const BOMB_BYTES = ROWS * COLUMNS * 2;

/**
 * A Part 10 file of about 1 MB whose data set inflates to 1 GB of zeros, and says so: lengths, rows and columns all agree. Written
 * by hand after PS3.10 7.1 and PS3.5 A.5 (Deflated Explicit VR Little Endian) and 7.1.2.
 */
export async function deflateBomb(place: BombPlace): Promise<Buffer> {
  const uid = (last: string): string => `2.25.99.${last}`;
  const meta = [
    element(0x0002, 0x0001, "OB", Buffer.from([0, 1])),
    element(0x0002, 0x0002, "UI", "1.2.840.10008.5.1.4.1.1.4"),
    element(0x0002, 0x0003, "UI", uid("3")),
    element(0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1.99"),
  ];
  const metaLength = Buffer.alloc(4);
  metaLength.writeUInt32LE(Buffer.concat(meta).length);
  const identity = [
    element(0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.4"),
    element(0x0008, 0x0018, "UI", uid("3")),
    element(0x0008, 0x0060, "CS", "MR"),
    element(0x0009, 0x0010, "LO", "HILUM TEST"),
  ];
  const image = [
    element(0x0020, 0x000d, "UI", uid("1")),
    element(0x0020, 0x000e, "UI", uid("2")),
    element(0x0020, 0x0013, "IS", "1"),
    element(0x0020, 0x0032, "DS", "0\\0\\0"),
    element(0x0020, 0x0037, "DS", "1\\0\\0\\0\\1\\0"),
    element(0x0028, 0x0002, "US", short(1)),
    element(0x0028, 0x0004, "CS", "MONOCHROME2"),
    element(0x0028, 0x0010, "US", short(ROWS)),
    element(0x0028, 0x0011, "US", short(COLUMNS)),
    element(0x0028, 0x0030, "DS", "1\\1"),
    element(0x0028, 0x0100, "US", short(16)),
    element(0x0028, 0x0101, "US", short(16)),
    element(0x0028, 0x0102, "US", short(15)),
    element(0x0028, 0x0103, "US", short(0)),
  ];
  const before = place === "pixel data" ? [...identity, ...image, longHeader(0x7fe0, 0x0010, "OW", BOMB_BYTES)] : [...identity, longHeader(0x0009, 0x1001, "OB", BOMB_BYTES)];
  const after = place === "pixel data" ? [] : [...image, longHeader(0x7fe0, 0x0010, "OW", 0)];
  const deflated = await deflateWithZeros(Buffer.concat(before), BOMB_BYTES, Buffer.concat(after));
  return Buffer.concat([Buffer.alloc(128), Buffer.from("DICM"), element(0x0002, 0x0000, "UL", metaLength), ...meta, deflated]);
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function element(group: number, number: number, vr: string, value: Buffer | string): Buffer {
  const text = typeof value === "string" ? Buffer.from(value.length % 2 === 0 ? value : value + (vr === "UI" ? "\0" : " "), "latin1") : value;
  if (vr === "OB") return Buffer.concat([longHeader(group, number, vr, text.length), text]);
  return Buffer.concat([short(group), short(number), Buffer.from(vr), short(text.length), text]);
}

function longHeader(group: number, number: number, vr: string, length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(length);
  return Buffer.concat([short(group), short(number), Buffer.from(vr), short(0), bytes]);
}

async function deflateWithZeros(before: Buffer, zeros: number, after: Buffer): Promise<Buffer> {
  const deflate = createDeflateRaw();
  const parts: Buffer[] = [];
  deflate.on("data", (part: Buffer) => parts.push(part));
  const ended = once(deflate, "end");
  deflate.write(before);
  for (let left = zeros; left > 0; left -= CHUNK.length) if (!deflate.write(CHUNK.subarray(0, left))) await once(deflate, "drain");
  deflate.end(after);
  await ended;
  return Buffer.concat(parts);
}
