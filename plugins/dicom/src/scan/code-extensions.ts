/** Where a text stands; it decides which characters end what escape sequences have designated (PS3.5 6.1.2.5.3). */
export type TextPlace = "name" | "values" | "text";

/** A graphic character set as ISO 2022 designates it: one or two bytes a character, whatever half of the code table they lie in. */
interface GraphicSet {
  readonly width: 1 | 2;
  /** The character of one byte, or of two; U+FFFD where there is none. The high bits are not looked at. */
  character(first: number, second: number): string;
}

const UNDECODABLE = "\uFFFD";
const ESCAPE = 0x1b;

const ascii: GraphicSet = { width: 1, character: (code) => String.fromCharCode(code & 0x7f) };
const nothing: GraphicSet = { width: 1, character: () => UNDECODABLE };
/** ISO-IR 13, JIS X 0201 katakana: 63 half-width forms in a row. */
const katakana: GraphicSet = {
  width: 1,
  character: (code) => ((code & 0x7f) > 0x20 && (code & 0x7f) < 0x60 ? String.fromCharCode(0xff40 + (code & 0x7f)) : UNDECODABLE),
};

/** The upper half of an encoding that TextDecoder knows. */
function upperHalf(label: string): GraphicSet {
  let table: readonly string[] | undefined;
  return {
    width: 1,
    character(code) {
      if (table === undefined) {
        const decoder = new TextDecoder(label);
        table = Array.from({ length: 96 }, (_, index) => decoder.decode(Uint8Array.of(0xa0 + index)));
      }
      return table[(code & 0x7f) - 0x20] ?? UNDECODABLE;
    },
  };
}

const latin1: GraphicSet = { width: 1, character: (code) => ((code & 0x7f) < 0x20 ? UNDECODABLE : String.fromCharCode(code | 0x80)) };

/** A set of 94 × 94 characters, as an encoding that TextDecoder knows has them; `prefix` stands before each of them there. */
function pairs(label: string, ...prefix: readonly number[]): GraphicSet {
  const known = new Map<number, string>();
  const decode = (first: number, second: number): string => {
    const text = new TextDecoder(label).decode(Uint8Array.of(...prefix, first | 0x80, second | 0x80));
    return [...text].length === 1 ? text : UNDECODABLE;
  };
  return {
    width: 2,
    character(first, second) {
      const code = ((first << 8) | second) & 0x7f7f;
      const found = known.get(code) ?? decode(first, second);
      known.set(code, found);
      return found;
    },
  };
}

const jisX0208 = pairs("euc-jp");
const jisX0212 = pairs("euc-jp", 0x8f);
const ksX1001 = pairs("euc-kr");
const gb2312 = pairs("gbk");

/** What lies in the upper half from the start, by the number of the first term's set (PS3.3 Tables C.12-2 to C.12-4). */
const UPPER_BY_NUMBER: ReadonlyMap<string, GraphicSet> = new Map([
  ["13", katakana],
  ["58", gb2312],
  ["100", latin1],
  ["101", upperHalf("iso-8859-2")],
  ["109", upperHalf("iso-8859-3")],
  ["110", upperHalf("iso-8859-4")],
  ["126", upperHalf("iso-8859-7")],
  ["127", upperHalf("iso-8859-6")],
  ["138", upperHalf("iso-8859-8")],
  ["144", upperHalf("iso-8859-5")],
  ["148", upperHalf("iso-8859-9")],
  ["149", ksX1001],
  ["166", upperHalf("windows-874")],
  ["203", upperHalf("iso-8859-15")],
]);

const upper = (number: string): GraphicSet => UPPER_BY_NUMBER.get(number) as GraphicSet;

/** What an escape sequence, without its first byte, designates as G0. */
const LOWER_BY_ESCAPE: ReadonlyMap<string, GraphicSet> = new Map([
  ["(B", ascii],
  // ISO-IR 14 has a yen sign and an overline in the places of backslash and tilde; they are told as what DICOM means by them.
  ["(J", ascii],
  ["$B", jisX0208],
  ["$(D", jisX0212],
]);

/** What an escape sequence designates as G1. */
const UPPER_BY_ESCAPE: ReadonlyMap<string, GraphicSet> = new Map([
  [")I", katakana],
  ["$)A", gb2312],
  ["$)C", ksX1001],
  ["-A", latin1],
  ["-B", upper("101")],
  ["-C", upper("109")],
  ["-D", upper("110")],
  ["-F", upper("126")],
  ["-G", upper("127")],
  ["-H", upper("138")],
  ["-L", upper("144")],
  ["-M", upper("148")],
  ["-T", upper("166")],
  ["-b", upper("203")],
]);

const DELIMITERS: Readonly<Record<TextPlace, string>> = { name: "\\^=", values: "\\", text: "" };

/** A term with or without code extensions, e.g. "ISO 2022 IR 100". */
const TERM = /^ISO(?:_IR| 2022 IR) (\d+)$/;

/**
 * Decodes text with code extensions (PS3.5 6.1.2.4, 6.1.2.5): escape sequences designate sets as G0, for bytes below 80H, and G1,
 * for those above; controls and delimiters bring back those of the first term. Every set of PS3.3 C.12.1.1.2 is understood,
 * whether the terms name it or not, since its escape sequence says what it is. What no set has becomes U+FFFD.
 * @param firstTerm value 1 of Specific Character Set; "" for the default repertoire.
 */
export function decodeWithExtensions(bytes: Uint8Array, firstTerm: string, place: TextPlace): string {
  const firstUpper = UPPER_BY_NUMBER.get(TERM.exec(firstTerm)?.[1] ?? "") ?? nothing;
  const delimiters = DELIMITERS[place];
  let lower = ascii;
  let higher = firstUpper;
  let text = "";
  let at = 0;
  while (at < bytes.length) {
    const code = bytes[at] as number;
    if (code === ESCAPE) {
      const end = endOfEscape(bytes, at + 1);
      const escape = String.fromCharCode(...bytes.subarray(at + 1, end));
      if (LOWER_BY_ESCAPE.has(escape)) lower = LOWER_BY_ESCAPE.get(escape) as GraphicSet;
      else if (UPPER_BY_ESCAPE.has(escape)) higher = UPPER_BY_ESCAPE.get(escape) as GraphicSet;
      else {
        text += UNDECODABLE;
        if (/^\$?[)-]/.test(escape)) higher = nothing;
        else if (escape !== "") lower = nothing;
      }
      at = end;
    } else if (code <= 0x20 || (lower.width === 1 && code < 0x80 && delimiters.includes(String.fromCharCode(code)))) {
      text += String.fromCharCode(code);
      at++;
      if (code === 0x20) continue;
      lower = ascii;
      higher = firstUpper;
    } else {
      const set = code < 0x80 ? lower : higher;
      const next = bytes[at + 1];
      const isCut = set.width === 2 && !(isGraphic(code) && next !== undefined && isGraphic(next) && code >> 7 === next >> 7);
      text += isCut ? UNDECODABLE : set.character(code, next ?? 0);
      at += isCut ? 1 : set.width;
    }
  }
  return text;
}

/** Whether a byte may be one of two: in 21H–7EH or A1H–FEH. */
function isGraphic(code: number): boolean {
  const low = code & 0x7f;
  return low > 0x20 && low < 0x7f;
}

/** Where an escape sequence ends that goes on at `from`: after up to two intermediate bytes and the final one (ISO 2022). */
function endOfEscape(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < from + 2 && isIntermediate(bytes[at])) at++;
  const final = bytes[at];
  return final !== undefined && final >= 0x30 && final < 0x7f ? at + 1 : from;
}

function isIntermediate(code: number | undefined): boolean {
  return code !== undefined && code >= 0x20 && code < 0x30;
}
