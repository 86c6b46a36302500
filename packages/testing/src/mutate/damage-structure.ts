import { encodedElement, grownAround, itemHeader, spliced, withLength, type Draft, type Mutation } from "./draft.ts";
import { ITEM, ITEM_DELIMITATION, PIXEL_DATA, SEQUENCE_DELIMITATION, UNDEFINED, type Piece } from "./part10-layout.ts";

const VRS = "AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split(" ");
const NO_VRS = ["ZZ", "\0\0", "  ", "us", "??", "\xff\xff"];
const TAGS = [
  0, 0x00020010, 0x00080005, 0x00080016, 0x0020000e, 0x00200032, 0x00280010, 0x00280100, 0x00281052, 0x00291010, 0x52009229, 0x52009230, 0x7fe00008,
  0x7fe00009, PIXEL_DATA, 0xfffcfffc, ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION, 0xffffffff,
];

/** Damage by writers who got elements, items and lengths wrong. */
export const STRUCTURE_DAMAGE: Readonly<Record<string, Mutation>> = {
  "edit a length": (draft) => {
    const piece = aPiece(draft);
    if (piece === undefined) return undefined;
    const rest = draft.bytes.length - piece.value;
    const { length } = piece;
    return withLength(
      draft,
      piece,
      draft.random.pick([0, 1, 3, length + 1, length - 1, length + 2, length - 2, length * 2, rest, rest + 1, 0xfffe, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, UNDEFINED]),
    );
  },
  "edit a VR": (draft) => {
    const piece = aPiece(draft, ({ vr }) => vr !== "");
    if (piece === undefined) return undefined;
    const copy = Uint8Array.from(draft.bytes);
    copy.set(Buffer.from(draft.random.pick(draft.random.chance(0.8) ? VRS : NO_VRS), "latin1"), piece.start + 4);
    return copy;
  },
  "edit a tag": (draft) => {
    const piece = aPiece(draft);
    if (piece === undefined) return undefined;
    const tag = draft.random.pick([draft.random.pick(TAGS), piece.tag + 1, piece.tag - 1, piece.tag + 0x10000, aPiece(draft)?.tag ?? 0]);
    const copy = Uint8Array.from(draft.bytes);
    copy.set(itemHeader(draft, tag >>> 0, 0).subarray(0, 4), piece.start);
    return copy;
  },
  "delete an element": (draft) => {
    const piece = aPiece(draft);
    return piece === undefined ? undefined : exchanged(draft, piece, piece.end);
  },
  "duplicate an element": (draft) => {
    const piece = aPiece(draft);
    if (piece === undefined) return undefined;
    const own = draft.bytes.subarray(piece.start, piece.end);
    return exchanged(draft, piece, piece.end, own, ...Array.from({ length: draft.random.pick([1, 1, 2, 50]) }, () => own));
  },
  "swap neighbours": (draft) => {
    const piece = aPiece(draft);
    const next = draft.layout.pieces.find(({ start }) => start === piece?.end);
    if (piece === undefined || next === undefined) return undefined;
    return exchanged(draft, piece, next.end, draft.bytes.subarray(next.start, next.end), draft.bytes.subarray(piece.start, piece.end));
  },
  "move an element": (draft) => {
    const piece = aPiece(draft, ({ around }) => around.length === 0);
    const other = aPiece(draft, ({ around }) => around.length === 0);
    if (piece === undefined || other === undefined || piece.end > other.start) return undefined;
    return spliced(draft.bytes, piece.start, other.start, draft.bytes.subarray(piece.end, other.start), draft.bytes.subarray(piece.start, piece.end));
  },
  "nest in sequences": (draft) => {
    const piece = aPiece(draft, ({ tag }) => tag >>> 16 !== 0xfffe && tag >>> 16 !== 2);
    if (piece === undefined) return undefined;
    const isOpen = draft.random.chance(0.5);
    let nested: Uint8Array = draft.bytes.subarray(piece.start, piece.end);
    for (let depth = draft.random.pick([1, 2, 10, 63, 64, 65, 300]); depth > 0; depth--) nested = inSequence(draft, nested, isOpen);
    return exchanged(draft, piece, piece.end, nested);
  },
  "remove a delimitation item": (draft) => {
    const piece = aPiece(draft, ({ tag }) => tag === ITEM_DELIMITATION || tag === SEQUENCE_DELIMITATION);
    return piece === undefined ? undefined : exchanged(draft, piece, piece.value);
  },
  "insert a stray item": (draft) => {
    const piece = aPiece(draft);
    if (piece === undefined) return undefined;
    const stray = itemHeader(draft, draft.random.pick([ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION]), draft.random.pick([0, 0, 2, UNDEFINED]));
    return exchanged(draft, piece, piece.start, stray);
  },
  "insert a group length": (draft) => {
    const piece = aPiece(draft, ({ tag }) => tag >>> 16 !== 0xfffe && tag >>> 16 > 2);
    if (piece === undefined) return undefined;
    const value = Buffer.alloc(4);
    value.writeUInt32LE(draft.random.pick([0, 4, 0x7fffffff, UNDEFINED, draft.bytes.length]));
    return exchanged(draft, piece, piece.start, encodedElement(draft, (piece.tag & 0xffff0000) >>> 0, "UL", value));
  },
};

/** A piece of the file; half the time one of the image's own attributes (groups 0018 to 0028 and the pixels), where damage tells most. */
function aPiece({ layout, random }: Draft, isWanted: (piece: Piece) => boolean = () => true): Piece | undefined {
  const wanted = layout.pieces.filter((piece) => isWanted(piece));
  const ofImage = wanted.filter(({ tag }) => (tag >>> 16 >= 0x18 && tag >>> 16 <= 0x28) || tag === PIXEL_DATA);
  if (ofImage.length > 0 && random.chance(0.5)) return random.pick(ofImage);
  return wanted.length === 0 ? undefined : random.pick(wanted);
}

/** The bytes from a piece's start to `end` replaced; three times of four the lengths around it are told. */
function exchanged({ bytes, layout, random }: Draft, piece: Piece, end: number, ...replacement: readonly Uint8Array[]): Uint8Array {
  const copy = spliced(bytes, piece.start, end, ...replacement);
  return random.chance(0.75) ? grownAround(copy, layout, piece, copy.length - bytes.length) : copy;
}

function inSequence(draft: Draft, content: Uint8Array, isOpen: boolean): Uint8Array {
  const sequence = encodedElement(draft, 0x00081140, "SQ", new Uint8Array(0));
  const view = new DataView(sequence.buffer, sequence.byteOffset, sequence.byteLength);
  view.setUint32(sequence.length - 4, isOpen ? UNDEFINED : content.length + 8, draft.layout.littleEndian);
  const item = itemHeader(draft, ITEM, isOpen ? UNDEFINED : content.length);
  if (!isOpen) return Buffer.concat([sequence, item, content]);
  return Buffer.concat([sequence, item, content, itemHeader(draft, ITEM_DELIMITATION, 0), itemHeader(draft, SEQUENCE_DELIMITATION, 0)]);
}
