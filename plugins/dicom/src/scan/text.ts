/** Text encodings of the defined terms of Specific Character Set without code extensions (PS3.3 C.12.1.1.2). */
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

/** Turns the bytes of a text value into text. */
export type TextDecoding = (bytes: Buffer) => string;

const latin1: TextDecoding = (bytes) => bytes.toString("latin1");

/** ASCII alone; every other byte, and the escapes of code extensions, become U+FFFD and are never guessed at. */
const asciiOnly: TextDecoding = (bytes) => {
  const text = bytes.toString("latin1");
  let clean = "";
  for (const character of text) clean += character > "~" || character === "\u001B" ? "\uFFFD" : character;
  return clean;
};

/**
 * The decoding that a Specific Character Set (0008,0005) asks for; `terms` is its text, possibly of several values. Terms with
 * code extensions (ISO 2022) are not decoded yet: what is not ASCII in them becomes U+FFFD.
 */
export function textDecodingFor(terms: string | undefined): TextDecoding {
  if (terms === "ISO_IR 100") return latin1;
  const encoding = terms === undefined ? undefined : ENCODINGS.get(terms);
  if (encoding === undefined) return asciiOnly;
  const decoder = new TextDecoder(encoding);
  return (bytes) => decoder.decode(bytes);
}
