/** Where an element, an item or a delimitation item lies; offsets are bytes from the start of the file. */
export interface Piece {
  readonly tag: number;
  /** Two letters; empty in implicit VR and for items. */
  readonly vr: string;
  readonly start: number;
  /** Where the length field stands, and its 2 or 4 bytes. */
  readonly lengthAt: number;
  readonly lengthBytes: 2 | 4;
  /** As written; 0xFFFFFFFF is undefined. */
  readonly length: number;
  readonly value: number;
  /** After the value, and after the delimitation item where the length is undefined. */
  end: number;
  /** The sequences and items around it, the outermost first. */
  readonly around: readonly Piece[];
}

/** What a mutator sees of a Part 10 file (PS3.10 7, PS3.5 7), or of a data set without a preamble. */
export interface Part10Layout {
  readonly transferSyntaxUID: string;
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
  /** Where the data set begins. */
  readonly dataSet: number;
  /** In order of their places: everything down to the first byte that makes no sense. */
  readonly pieces: readonly Piece[];
  /** Where that byte is, or the size of the file. */
  readonly understoodTo: number;
}

export const ITEM = 0xfffee000;
export const ITEM_DELIMITATION = 0xfffee00d;
export const SEQUENCE_DELIMITATION = 0xfffee0dd;
export const PIXEL_DATA = 0x7fe00010;
export const TRANSFER_SYNTAX = 0x00020010;
export const UNDEFINED = 0xffffffff;
export const DEFLATED = "1.2.840.10008.1.2.1.99";

const LONG_FORM = new Set(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]);
const MAX_DEPTH = 40;

/** Finds the pieces of a file without complaint: a mutant of a mutant is read as far as it goes. */
export function part10Layout(bytes: Uint8Array): Part10Layout {
  const walker = new Walker(bytes);
  const hasPreamble = bytes.length >= 132 && latin1(bytes, 128, 132) === "DICM";
  let position = hasPreamble ? 132 : 0;
  if (hasPreamble) position = walker.elements(position, bytes.length, { explicitVr: true, littleEndian: true }, [], 0, true);
  const dataSet = position;
  const syntax = walker.pieces.find(({ tag }) => tag === TRANSFER_SYNTAX);
  const transferSyntaxUID = syntax === undefined ? "" : latin1(bytes, syntax.value, syntax.end).replace(/[\0 ]+$/, "");
  const form = {
    explicitVr: hasPreamble ? transferSyntaxUID !== "1.2.840.10008.1.2" : /^[A-Z]{2}$/.test(latin1(bytes, position + 4, position + 6)),
    littleEndian: transferSyntaxUID !== "1.2.840.10008.1.2.2",
  };
  const understoodTo = transferSyntaxUID === DEFLATED ? position : walker.elements(position, bytes.length, form, [], 0, false);
  return { transferSyntaxUID, ...form, dataSet, pieces: walker.pieces, understoodTo };
}

/** The bytes as characters of the same numbers. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", start, Math.max(start, Math.min(end, bytes.length)));
}

/** Where the value ends: `end` without a delimitation item. */
export function valueEnd(piece: Piece): number {
  return piece.length === UNDEFINED ? Math.max(piece.value, piece.end - 8) : piece.end;
}

interface Form {
  readonly explicitVr: boolean;
  readonly littleEndian: boolean;
}

class Walker {
  readonly pieces: Piece[] = [];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Walks elements up to `limit` or an item's delimitation; where it stopped. */
  elements(from: number, limit: number, form: Form, around: readonly Piece[], depth: number, onlyMeta: boolean): number {
    let position = from;
    while (position < limit) {
      if (onlyMeta && this.#u16(position, true) !== 2) return position;
      const piece = this.#header(position, form, around);
      if (piece === undefined) return position;
      this.pieces.push(piece);
      if (piece.tag === ITEM_DELIMITATION) return piece.value;
      const isSequence = piece.vr === "SQ" || piece.length === UNDEFINED;
      if (isSequence && depth < MAX_DEPTH) {
        const inner = piece.vr === "UN" ? { ...form, explicitVr: false } : form;
        piece.end = this.#items(piece, inner, [...around, piece], depth);
      } else piece.end = Math.min(limit, piece.value + (piece.length === UNDEFINED ? 0 : piece.length));
      if (piece.end <= position) return position;
      position = piece.end;
    }
    return position;
  }

  #items(sequence: Piece, form: Form, around: readonly Piece[], depth: number): number {
    const isOpen = sequence.length === UNDEFINED;
    const limit = isOpen ? this.#bytes.length : Math.min(this.#bytes.length, sequence.value + sequence.length);
    let position = sequence.value;
    while (position < limit) {
      const item = this.#header(position, { explicitVr: false, littleEndian: form.littleEndian }, around);
      if (item === undefined) break;
      this.pieces.push(item);
      if (item.tag === SEQUENCE_DELIMITATION) return item.value;
      if (item.tag !== ITEM) break;
      if (sequence.tag === PIXEL_DATA) item.end = Math.min(limit, item.value + item.length);
      else {
        const itemLimit = item.length === UNDEFINED ? limit : Math.min(limit, item.value + item.length);
        item.end = this.elements(item.value, itemLimit, form, [...around, item], depth + 1, false);
        if (item.length !== UNDEFINED) item.end = itemLimit;
      }
      if (item.end <= position) break;
      position = item.end;
    }
    return isOpen ? position : limit;
  }

  #header(start: number, { explicitVr, littleEndian }: Form, around: readonly Piece[]): Piece | undefined {
    if (start + 8 > this.#bytes.length) return undefined;
    const tag = ((this.#u16(start, littleEndian) << 16) | this.#u16(start + 2, littleEndian)) >>> 0;
    const isOfItems = tag >>> 16 === 0xfffe;
    const vr = explicitVr && !isOfItems ? latin1(this.#bytes, start + 4, start + 6) : "";
    const isLong = LONG_FORM.has(vr);
    const lengthBytes = vr === "" || isLong ? 4 : 2;
    const lengthAt = start + (vr === "" ? 4 : isLong ? 8 : 6);
    if (lengthAt + lengthBytes > this.#bytes.length) return undefined;
    const length = lengthBytes === 4 ? this.#view.getUint32(lengthAt, littleEndian) : this.#u16(lengthAt, littleEndian);
    const value = lengthAt + lengthBytes;
    return { tag, vr, start, lengthAt, lengthBytes, length, value, end: value, around };
  }

  #u16(at: number, littleEndian: boolean): number {
    return at + 2 <= this.#bytes.length ? this.#view.getUint16(at, littleEndian) : 0;
  }
}
