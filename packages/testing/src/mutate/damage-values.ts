import { encodedElement, grownAround, spliced, withValue, type Draft, type Mutation } from "./draft.ts";
import { latin1, TRANSFER_SYNTAX, type Piece } from "./part10-layout.ts";

const HOSTILE_TEXT = [
  "", " ", "\0", "A\0B", "\\".repeat(3), "\\".repeat(20_000), " ".repeat(60_000), "\x1b$)C", "\x1b(B\x1b$B\x1b(J", "\x1b", "\x1b$(D\x7f\x7f", "__proto__",
  "constructor", "prototype", "../../../../x", "C:\\x", "%s%n", "<script>", "\xff\xfe", "\xc3\x28", "\x85\x90", "A=B=C=D=E", "\r\n\t\f", "x".repeat(65_534),
];
const HOSTILE_NUMBERS = [
  "NaN", "1e999", "-1e999", "-0", "", " ", "0", "1e-400", "0x10", "1\\2\\3", "\\", "--1", "1 2", "+1", "1.", ".5", ".", "1e", "-1O24", "1,5", "Infinity",
  "99999999999999999999", "1".repeat(300), "4294967296", "-2147483649", "1e308\\1e308\\1e308", "0\\0\\0", "1\\0\\0\\1\\0\\0", "1e-30", "inf",
];
const CHARACTER_SETS = ["", "ISO_IR 192", "ISO_IR 999", "ISO 2022 IR 6\\ISO 2022 IR 87", "\\ISO 2022 IR 149", "GB18030", "GBK", "ISO_IR 100\\ISO_IR 192", "__proto__", "\\".repeat(50)];
const UIDS = ["", "1..2", "01.2", "1.2.3X4", ".", "1.", "9".repeat(65), "1.2\0\0", "../../etc", "2.25.0", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.1.3.10"];
const TRANSFER_SYNTAXES = [
  "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.8.1", "1.2.840.10008.1.2.5",
  ...[50, 51, 53, 55, 57, 70, 80, 81, 90, 91, 92, 100, 111, 201, 202, 203].map((last) => `1.2.840.10008.1.2.4.${last}`),
  "", "1.2.3", "1.2.840.113619.5.2",
];
const WHOLE_NUMBERS = [0, 1, 2, 3, 4, 7, 8, 12, 15, 16, 17, 31, 32, 64, 255, 256, 0x7fff, 0x8000, 0xffff];
const REALS = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 1e308, 5e-324, 1e39, -1];
/** Rows, Columns, frames, planar configuration, samples and bits (PS3.3 C.7.6.3), padding (C.7.5.1.1.2). */
const SHAPE_TAGS = new Set([
  0x00280002, 0x00280006, 0x00280008, 0x00280009, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280103, 0x00280120, 0x00280121, 0x0019100a,
]);
const PHOTOMETRIC = ["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT", "HSV", "", "monochrome2"];
const TEXT_VR = /^(?:AE|AS|CS|DA|DT|LO|LT|PN|SH|ST|TM|UC|UR|UT)$/;
const NUMBER_TAGS = new Set([
  0x00180050, 0x00180088, 0x00180080, 0x00180081, 0x00189087, 0x00200012, 0x00200013, 0x00200032, 0x00200037, 0x00200100, 0x00201041, 0x00280008, 0x00280030,
  0x00281050, 0x00281051, 0x00281052, 0x00281053,
]);

/** Damage by people, anonymisers and devices with ideas of their own: the elements are in order, their values are not. */
export const VALUE_DAMAGE: Readonly<Record<string, Mutation>> = {
  "inject text": (draft) => {
    const piece = oneOf(draft, ({ tag, vr }) => TEXT_VR.test(vr) || (vr === "" && tag >>> 16 <= 0x10 && tag >>> 16 > 2));
    return piece === undefined ? undefined : withText(draft, piece, draft.random.pick(HOSTILE_TEXT));
  },
  "inject a number as text": (draft) => {
    const piece = oneOf(draft, ({ tag, vr }) => vr === "DS" || vr === "IS" || NUMBER_TAGS.has(tag));
    return piece === undefined ? undefined : withText(draft, piece, draft.random.pick(HOSTILE_NUMBERS));
  },
  "set a binary number": (draft) => {
    const piece = oneOf(draft, ({ vr }) => /^(?:US|SS|UL|SL|FL|FD|UV|SV)$/.test(vr));
    if (piece === undefined) return undefined;
    const value = Buffer.alloc(Math.max(8, Math.min(piece.length, 64)));
    const number = draft.random.pick(REALS);
    if (piece.vr === "FD") for (let at = 0; at + 8 <= value.length; at += 8) value.writeDoubleLE(number, at);
    else if (piece.vr === "FL") for (let at = 0; at + 4 <= value.length; at += 4) value.writeFloatLE(number, at);
    else value.fill(draft.random.pick([0x00, 0xff, 0x7f, 0x80]));
    if (!draft.layout.littleEndian) value.reverse();
    return withValue(draft, piece, value.subarray(0, draft.random.pick([piece.length, piece.length, 0, 8])));
  },
  "change the image's shape": (draft) => {
    const piece = oneOf(draft, ({ tag }) => SHAPE_TAGS.has(tag));
    if (piece === undefined) return undefined;
    if (piece.tag === 0x00280008) return withText(draft, piece, draft.random.pick(["0", "-1", "1", "2", "3", "1A", "2147483647", "99999999999", "", "1.5"]));
    const view = new DataView(draft.bytes.buffer, draft.bytes.byteOffset, draft.bytes.byteLength);
    const old = piece.length === 2 && piece.value + 2 <= draft.bytes.length ? view.getUint16(piece.value, draft.layout.littleEndian) : 0;
    const value = new DataView(new ArrayBuffer(2));
    value.setUint16(0, draft.random.pick([...WHOLE_NUMBERS, old + 1, old - 1, old * 2, old >> 1]) & 0xffff, draft.layout.littleEndian);
    return withValue(draft, piece, new Uint8Array(value.buffer));
  },
  "change the photometric interpretation": (draft) => withTextOf(draft, 0x00280004, PHOTOMETRIC),
  "change the character set": (draft) => {
    if (draft.layout.pieces.some(({ tag }) => tag === 0x00080005)) return withTextOf(draft, 0x00080005, CHARACTER_SETS);
    const next = draft.layout.pieces.find(({ tag }) => tag > 0x00080005);
    if (next === undefined) return undefined;
    return spliced(draft.bytes, next.start, next.start, encodedElement(draft, 0x00080005, "CS", padded(draft.random.pick(CHARACTER_SETS))));
  },
  "change a UID": (draft) => {
    const piece = oneOf(draft, ({ tag, vr }) => (vr === "UI" && tag !== TRANSFER_SYNTAX) || tag === 0x0020000e || tag === 0x00080016);
    return piece === undefined ? undefined : withText(draft, piece, draft.random.pick(UIDS));
  },
  "swap the transfer syntax": (draft) => withTextOf(draft, TRANSFER_SYNTAX, TRANSFER_SYNTAXES),
  "insert a shape element": (draft) => {
    const tag = draft.random.pick([0x00280008, 0x00280120, 0x00283000, 0x00281101, 0x60003000]);
    const next = draft.layout.pieces.find((piece) => piece.tag > tag && piece.around.length === 0);
    if (next === undefined) return undefined;
    const vr = tag === 0x00280008 ? "IS" : tag === 0x00283000 ? "SQ" : tag === 0x60003000 ? "OW" : "US";
    const value = padded(draft.random.pick(vr === "IS" ? ["2", "0", "9999999"] : ["", "\x01\0", "\xff\xff", "\0\0\0\0\x10\0"]));
    return grownAround(spliced(draft.bytes, next.start, next.start, encodedElement(draft, tag, vr, value)), draft.layout, next, 0);
  },
};

function withTextOf(draft: Draft, tag: number, texts: readonly string[]): Uint8Array | undefined {
  const piece = draft.layout.pieces.find((candidate) => candidate.tag === tag);
  return piece === undefined ? undefined : withText(draft, piece, draft.random.pick(texts));
}

/** The text is one of several values one time in four, and of odd length one time in ten. */
function withText(draft: Draft, piece: Piece, text: string): Uint8Array {
  const old = latin1(draft.bytes, piece.value, piece.value + Math.min(piece.length, 256));
  const whole = draft.random.chance(0.25) ? `${old.trimEnd()}\\${text}` : text;
  return withValue(draft, piece, draft.random.chance(0.1) ? Buffer.from(whole, "latin1") : padded(whole));
}

function padded(text: string): Uint8Array {
  return Buffer.from(text.length % 2 === 0 ? text : `${text} `, "latin1");
}

function oneOf({ layout, random }: Draft, isWanted: (piece: Piece) => boolean): Piece | undefined {
  const wanted = layout.pieces.filter((piece) => piece.length !== 0xffffffff && isWanted(piece));
  return wanted.length === 0 ? undefined : random.pick(wanted);
}
