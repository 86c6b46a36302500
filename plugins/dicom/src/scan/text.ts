import { decodeWithExtensions, type TextPlace } from "./code-extensions.ts";

/** Text encodings of the defined terms of Specific Character Set without code extensions, but for ISO_IR 13 (PS3.3 C.12.1.1.2). */
const ENCODINGS: ReadonlyMap<string, string> = new Map([
  ["ISO_IR 101", "iso-8859-2"],
  ["ISO_IR 109", "iso-8859-3"],
  ["ISO_IR 110", "iso-8859-4"],
  ["ISO_IR 144", "iso-8859-5"],
  ["ISO_IR 127", "iso-8859-6"],
  ["ISO_IR 126", "iso-8859-7"],
  ["ISO_IR 138", "iso-8859-8"],
  ["ISO_IR 148", "iso-8859-9"],
  ["ISO_IR 203", "iso-8859-15"],
  ["ISO_IR 166", "windows-874"],
  ["ISO_IR 192", "utf-8"],
  ["GB18030", "gb18030"],
  ["GBK", "gbk"],
]);

const STANDS_ALONE: ReadonlySet<string> = new Set(["ISO_IR 192", "GB18030", "GBK"]);

/**
 * Turns the bytes of a text value into text.
 * @param place what the value is; "values" (the default) is text of several values with backslashes between them.
 */
export type TextDecoding = (bytes: Buffer, place?: TextPlace) => string;

const latin1: TextDecoding = (bytes) => bytes.toString("latin1");

/** ASCII alone; every other byte, and the escapes of code extensions, become U+FFFD and are never guessed at. */
const asciiOnly: TextDecoding = (bytes) => {
  const text = bytes.toString("latin1");
  let clean = "";
  for (const character of text) clean += character > "~" || character === "\u001B" ? "\uFFFD" : character;
  return clean;
};

/**
 * The decoding that a Specific Character Set (0008,0005) asks for; `terms` is its text, possibly of several values. What cannot
 * be decoded, and everything beyond ASCII where no known set is named, becomes U+FFFD.
 */
export function textDecodingFor(terms: string | undefined): TextDecoding {
  if (terms === undefined) return asciiOnly;
  if (terms === "ISO_IR 100") return latin1;
  const [first = "", ...others] = terms.split("\\").map((term) => term.trim());
  // Sets that fill the whole code table allow of no extensions, whatever else is named.
  const encoding = others.length === 0 || STANDS_ALONE.has(first) ? ENCODINGS.get(first) : undefined;
  if (encoding !== undefined) {
    const decoder = new TextDecoder(encoding);
    return (bytes) => decoder.decode(bytes);
  }
  if (others.length === 0 && first !== "ISO_IR 13" && !first.startsWith("ISO 2022")) return asciiOnly;
  return (bytes, place = "values") => decodeWithExtensions(bytes, first, place);
}
