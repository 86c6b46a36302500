import { part10Layout, UNDEFINED, type Part10Layout, type Piece } from "./part10-layout.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** A file on its way to being a mutant. */
export interface Draft {
  readonly bytes: Uint8Array;
  readonly layout: Part10Layout;
  readonly random: SeededRandom;
}

/** One way of damaging a file: the damaged bytes, or nothing where the file has no place for it. */
export type Mutation = (draft: Draft) => Uint8Array | undefined;

/** Looks at bytes anew. */
export function draftOf(bytes: Uint8Array, random: SeededRandom): Draft {
  return { bytes, layout: part10Layout(bytes), random };
}

/** The bytes with those from `start` to `end` replaced. */
export function spliced(bytes: Uint8Array, start: number, end: number, ...replacement: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([bytes.subarray(0, start), ...replacement, bytes.subarray(end)]);
}

/** A copy in which the length field of a piece is another number, as many of its bits as there is room for. */
export function withLength({ bytes, layout }: Draft, piece: Piece, length: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  writeLength(copy, piece, length, layout);
  return copy;
}

/** A copy in which a piece has another value, and every length around it knows. */
export function withValue({ bytes, layout }: Draft, piece: Piece, value: Uint8Array): Uint8Array {
  const end = piece.length === UNDEFINED ? piece.end : piece.value + piece.length;
  const copy = spliced(bytes, piece.value, end, value);
  writeLength(copy, piece, value.length, layout);
  return grownAround(copy, layout, piece, value.length - (end - piece.value));
}

/** Tells the defined lengths around a piece, and that of the file meta information, that they grew by `bytes` bytes. */
export function grownAround(copy: Uint8Array, layout: Part10Layout, piece: Piece, grownBytes: number): Uint8Array {
  for (const outer of piece.around) if (outer.length !== UNDEFINED) writeLength(copy, outer, outer.length + grownBytes, layout);
  const [groupLength] = layout.pieces;
  if (piece.tag >>> 16 === 2 && groupLength?.tag === 0x00020000 && groupLength.length === 4 && piece !== groupLength) {
    const view = new DataView(copy.buffer, copy.byteOffset, copy.byteLength);
    view.setUint32(groupLength.value, (view.getUint32(groupLength.value, true) + grownBytes) >>> 0, true);
  }
  return copy;
}

/** Bytes of an element of an odd group or a sequence that a draft's data set could hold. */
export function encodedElement({ layout }: Draft, tag: number, vr: string, value: Uint8Array): Uint8Array {
  const { explicitVr, littleEndian } = layout;
  const isLong = /^(?:O[BDFLVW]|SQ|SV|U[CNRTV])$/.test(vr);
  const header = new DataView(new ArrayBuffer(explicitVr && isLong ? 12 : 8));
  header.setUint16(0, tag >>> 16, littleEndian);
  header.setUint16(2, tag & 0xffff, littleEndian);
  if (!explicitVr || tag >>> 16 === 0xfffe) header.setUint32(4, value.length, littleEndian);
  else {
    header.setUint8(4, vr.charCodeAt(0));
    header.setUint8(5, vr.charCodeAt(1));
    if (isLong) header.setUint32(8, value.length, littleEndian);
    else header.setUint16(6, value.length, littleEndian);
  }
  return Buffer.concat([new Uint8Array(header.buffer), value]);
}

/** Eight bytes of group FFFE: an item or a delimitation item. */
export function itemHeader({ layout }: Draft, tag: number, length: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(8));
  header.setUint16(0, tag >>> 16, layout.littleEndian);
  header.setUint16(2, tag & 0xffff, layout.littleEndian);
  header.setUint32(4, length, layout.littleEndian);
  return new Uint8Array(header.buffer);
}

/** Random bytes. */
export function rubbish(random: SeededRandom, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => random.below(256));
}

function writeLength(bytes: Uint8Array, piece: Piece, length: number, layout: Part10Layout): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = piece.tag >>> 16 === 2 || layout.littleEndian;
  if (piece.lengthBytes === 4) view.setUint32(piece.lengthAt, length >>> 0, littleEndian);
  else view.setUint16(piece.lengthAt, length & 0xffff, littleEndian);
}
