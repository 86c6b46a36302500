import type { SourceFile } from "@hilum/core";
import { isShortForm, isVr, ITEM, ITEM_DELIMITATION, MAX_DEPTH, MAX_ELEMENTS, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from "./element-header.ts";
import { malformedFile } from "./malformed-file.ts";
import { Tag } from "./tags.ts";

const WINDOW_BYTES = 16 * 1024;

/** Bytes of each number in values of a VR, where that is more than one; OW of Pixel Data may be wider. */
const WORD_BYTES: ReadonlyMap<string, number> = new Map([
  ...["AT", "OW", "SS", "US"].map((vr) => [vr, 2] as const),
  ...["FL", "OF", "OL", "SL", "UL"].map((vr) => [vr, 4] as const),
  ...["FD", "OD", "OV", "SV", "UV"].map((vr) => [vr, 8] as const),
]);

/**
 * A file in Explicit VR Big Endian (PS3.5 7.3) as one in Explicit VR Little Endian: elements, order and lengths are the same,
 * so every offset is too. The file is walked once for where its numbers lie; their bytes are turned round when they are read.
 *
 * Nothing is checked here but the caps: after a fault the bytes stay as they are, and the scanner finds it where it is.
 * @param from where the data set begins, bytes from the start of the file.
 * @throws {HilumError} MALFORMED_FILE when it is nested too deeply or has too many elements.
 */
export function bigEndianAsLittle(file: SourceFile, from: number): SourceFile {
  const words = new BigEndianWalk(file).words(from);
  return {
    name: file.name,
    size: file.size,
    read: (into, position) => readTurned(file, words, into, position),
    close: () => file.close(),
  };
}

/** Runs of words of one width, in order; a run holds whole words only. */
class Words {
  count = 0;
  start = new Float64Array(1024);
  end = new Float64Array(1024);
  width = new Uint8Array(1024);

  add(start: number, length: number, width: number): void {
    const whole = length - (length % width);
    if (whole === 0 || width === 1) return;
    if (this.count === this.start.length) this.#enlarge();
    this.start[this.count] = start;
    this.end[this.count] = start + whole;
    this.width[this.count++] = width;
  }

  /** The first run that ends behind a position. */
  firstBehind(position: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.end[middle] as number) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #enlarge(): void {
    const { start, end, width } = this;
    this.start = new Float64Array(start.length * 2);
    this.end = new Float64Array(start.length * 2);
    this.width = new Uint8Array(start.length * 2);
    this.start.set(start);
    this.end.set(end);
    this.width.set(width);
  }
}

function readTurned(file: SourceFile, words: Words, into: Uint8Array, position: number): number {
  const first = words.firstBehind(position);
  const last = words.firstBehind(position + into.length - 1);
  const from = wordAt(words, first, position, false);
  const to = wordAt(words, last, position + into.length, true);
  // Words that are asked for in part are read whole.
  const whole = from === position && to === position + into.length ? into : new Uint8Array(to - from);
  const count = file.read(whole, from);
  for (let run = first; run < words.count && (words.start[run] as number) < from + count; run++) {
    const begin = Math.max(words.start[run] as number, from);
    const end = Math.min(words.end[run] as number, from + count);
    turnRound(whole, begin - from, end - from, words.width[run] as number);
  }
  if (whole === into) return count;
  const asked = Math.max(0, Math.min(count - (position - from), into.length));
  into.set(whole.subarray(position - from, position - from + asked));
  return asked;
}

/** A position, moved to the edge of the word that it cuts in two. */
function wordAt(words: Words, run: number, position: number, up: boolean): number {
  if (run >= words.count || position <= (words.start[run] as number) || position >= (words.end[run] as number)) return position;
  const width = words.width[run] as number;
  const cut = (position - (words.start[run] as number)) % width;
  return cut === 0 ? position : position - cut + (up ? width : 0);
}

function turnRound(bytes: Uint8Array, from: number, to: number, width: number): void {
  const part = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from - ((to - from) % width));
  if (width === 2) part.swap16();
  else if (width === 4) part.swap32();
  else part.swap64();
}

/** What a walk returns in place of a position when it met a fault, or the end of the file. */
const STOPPED = -1;

class BigEndianWalk {
  readonly #file: SourceFile;
  readonly #words = new Words();
  readonly #window = Buffer.allocUnsafe(WINDOW_BYTES);
  #windowStart = 0;
  #windowEnd = 0;
  #walked = 0;

  constructor(file: SourceFile) {
    this.#file = file;
  }

  words(from: number): Words {
    this.#elements(from, this.#file.size, false, 0);
    return this.#words;
  }

  /** Makes bytes of the file readable. @returns where in the window they are, or STOPPED where the file ends before. */
  #place(position: number, length: number): number {
    if (position + length > this.#file.size) return STOPPED;
    if (position < this.#windowStart || position + length > this.#windowEnd) {
      this.#windowStart = position;
      this.#windowEnd = position + this.#file.read(this.#window, position);
      if (position + length > this.#windowEnd) return STOPPED;
    }
    return position - this.#windowStart;
  }

  /** Elements up to `limit`, or to an item's delimitation; where the next thing begins. */
  #elements(from: number, limit: number, delimited: boolean, depth: number): number {
    let position = from;
    let bitsAllocated = 16;
    while (position < limit) {
      const at = this.#place(position, 8);
      if (at === STOPPED) return STOPPED;
      const bytes = this.#window;
      const tag = bytes.readUInt32BE(at);
      this.#count(tag, position);
      this.#words.add(position, 4, 2);
      if (delimited && tag === ITEM_DELIMITATION) {
        this.#words.add(position + 4, 4, 4);
        return position + 8;
      }
      if (!isVr(bytes[at + 4] as number, bytes[at + 5] as number)) return STOPPED;
      const vr = bytes.toString("latin1", at + 4, at + 6);
      const short = isShortForm(bytes[at + 4] as number, bytes[at + 5] as number);
      const header = this.#place(position, short ? 8 : 12);
      if (header === STOPPED) return STOPPED;
      const value = position + (short ? 8 : 12);
      const length = short ? bytes.readUInt16BE(header + 6) : bytes.readUInt32BE(header + 8);
      this.#words.add(position + (short ? 6 : 8), short ? 2 : 4, short ? 2 : 4);
      if (vr === "SQ") position = this.#items(value, length, tag, depth + 1);
      else if (length === UNDEFINED_LENGTH) return STOPPED;
      else {
        if (tag === Tag.BitsAllocated && length === 2) bitsAllocated = this.#uint16(value) ?? bitsAllocated;
        const width = tag === Tag.PixelData && vr === "OW" ? pixelWidth(bitsAllocated) : (WORD_BYTES.get(vr) ?? 1);
        this.#words.add(value, Math.min(length, this.#file.size - value), width);
        position = value + length;
      }
      if (position === STOPPED) return STOPPED;
    }
    return position;
  }

  #items(from: number, length: number, sequence: number, depth: number): number {
    if (depth > MAX_DEPTH) throw malformedFile(`is nested deeper than ${MAX_DEPTH} sequences`, sequence, from);
    const limit = length === UNDEFINED_LENGTH ? this.#file.size : from + length;
    let position = from;
    while (position < limit) {
      const at = this.#place(position, 8);
      if (at === STOPPED) return STOPPED;
      const tag = this.#window.readUInt32BE(at);
      const itemLength = this.#window.readUInt32BE(at + 4);
      this.#count(tag, position);
      this.#words.add(position, 4, 2);
      this.#words.add(position + 4, 4, 4);
      if (tag === SEQUENCE_DELIMITATION && length === UNDEFINED_LENGTH) return position + 8;
      if (tag !== ITEM) return STOPPED;
      const delimited = itemLength === UNDEFINED_LENGTH;
      const value = position + 8;
      position = this.#elements(value, delimited ? limit : Math.min(value + itemLength, limit), delimited, depth);
      if (position === STOPPED) return STOPPED;
    }
    return position;
  }

  #uint16(position: number): number | undefined {
    const at = this.#place(position, 2);
    return at === STOPPED ? undefined : this.#window.readUInt16BE(at);
  }

  #count(tag: number, position: number): void {
    if (++this.#walked > MAX_ELEMENTS) throw malformedFile(`is one of more than ${MAX_ELEMENTS} elements`, tag, position);
  }
}

/** Pixels of 32 and 64 bits in OW are written as whole numbers by all who write them, not as words (PS3.5 8.2 leaves it open). */
function pixelWidth(bitsAllocated: number): number {
  return bitsAllocated === 32 || bitsAllocated === 64 ? bitsAllocated / 8 : 2;
}
