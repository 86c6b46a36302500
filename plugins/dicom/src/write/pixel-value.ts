import { ITEM, SEQUENCE_DELIMITATION } from "../scan/element-header.ts";

/** A part of the value of Pixel Data. */
export interface PixelPart {
  readonly bytes: Uint8Array;
  /** Where it goes, bytes from the beginning of the value. */
  readonly at: number;
}

/** The value of Pixel Data, which grows frame by frame. */
export interface PixelValue {
  /**
   * Takes a frame, each once, in any order.
   * @param index its Frame Number less one.
   * @returns what can be written now.
   */
  add(index: number, frame: Uint8Array): readonly PixelPart[];
  /** Bytes of the value, once it has all frames; without what pads an odd number. */
  readonly length: number;
}

/** Frames of one length, one behind the other. */
export function nativeValue(): PixelValue {
  let length = 0;
  return {
    add(index, frame) {
      length += frame.length;
      return [{ bytes: frame, at: index * frame.length }];
    },
    get length() {
      return length;
    },
  };
}

/**
 * Frames of single bits, one behind the other without a gap (PS3.5 8.1.1). A byte may hold the end of one and the start of the next, so
 * that they are held until the last is there.
 * @param frameBits of one frame, which come from the lowest bit of the first byte on, with zeros behind them.
 */
export function joinedValue(frameBits: number, frames: number): PixelValue {
  const bytes = new Uint8Array(Math.ceil((frameBits * frames) / 8));
  let missing = frames;
  return {
    length: bytes.length,
    add(index, frame) {
      const first = Math.floor((index * frameBits) / 8);
      const shift = (index * frameBits) % 8;
      for (const [i, byte] of frame.entries()) {
        bytes[first + i] = (bytes[first + i] as number) | (byte << shift);
        if (first + i + 1 < bytes.length) bytes[first + i + 1] = (bytes[first + i + 1] as number) | (byte >> (8 - shift));
      }
      return --missing === 0 ? [{ bytes, at: 0 }] : [];
    },
  };
}

const ITEM_HEADER_BYTES = 8;
const OFFSET_BYTES = 4;

/**
 * Encapsulated Pixel Data (PS3.5 A.4): a Basic Offset Table with every frame, each frame as one fragment, padded with a zero to
 * even length, and the sequence delimitation item. A frame that comes before its turn waits for those before it.
 * @throws {RangeError} where the offsets do not fit into 32 bits.
 */
export function encapsulatedValue(frames: number): PixelValue {
  const table = item(new Uint8Array(OFFSET_BYTES * frames));
  const waiting = new Map<number, Uint8Array>();
  let next = 0;
  let length = table.length;
  return {
    add(index, frame) {
      waiting.set(index, frame);
      const parts: PixelPart[] = [];
      const append = (bytes: Uint8Array): void => {
        parts.push({ bytes, at: length });
        length += bytes.length;
      };
      for (let codestream = waiting.get(next); codestream !== undefined; codestream = waiting.get(next)) {
        waiting.delete(next);
        table.writeUInt32LE(length - table.length, ITEM_HEADER_BYTES + OFFSET_BYTES * next++);
        append(item(codestream));
      }
      if (next < frames) return parts;
      append(itemHeader(SEQUENCE_DELIMITATION, 0));
      return [{ bytes: table, at: 0 }, ...parts];
    },
    get length() {
      return length;
    },
  };
}

function item(value: Uint8Array): Buffer {
  const padding = value.length % 2;
  return Buffer.concat([itemHeader(ITEM, value.length + padding), value, new Uint8Array(padding)]);
}

function itemHeader(tag: number, length: number): Buffer {
  const header = Buffer.alloc(ITEM_HEADER_BYTES);
  header.writeUInt16LE(tag >>> 16, 0);
  header.writeUInt16LE(tag & 0xffff, 2);
  header.writeUInt32LE(length, 4);
  return header;
}
