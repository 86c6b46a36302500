/** A data element. A sequence (SQ) holds data sets; text and numbers may be several values. */
export type DataElement =
  | { readonly tag: number; readonly vr: "SQ"; readonly items: readonly DataSet[] }
  | { readonly tag: number; readonly vr: "OB" | "OD" | "OF" | "OW" | "UN"; readonly bytes: Uint8Array }
  | { readonly tag: number; readonly vr: "US" | "SS" | "UL" | "SL" | "FL" | "FD"; readonly numbers: readonly number[] }
  | { readonly tag: number; readonly vr: TextVr; readonly text: string };

/** The value representations that are text; several values are separated by a backslash. */
export type TextVr = "AE" | "AS" | "CS" | "DA" | "DS" | "DT" | "IS" | "LO" | "LT" | "PN" | "SH" | "ST" | "TM" | "UI" | "UT";

/** Elements in any order; they are written in the order of tags. */
export type DataSet = readonly DataElement[];

/** How a data set becomes bytes. */
export interface EncodingOptions {
  /** Explicit or implicit VR, both little endian (PS3.5 A.1, A.2). */
  readonly transferSyntax: "explicit" | "implicit";
  /** Whether sequences and items carry their length or end with delimiters (PS3.5 7.5). */
  readonly sequenceLength: "defined" | "undefined";
  /** Of text values that may hold other letters than ASCII. */
  readonly textEncoding: "latin1" | "utf-8";
}

/** The data elements of the file meta group that differ from file to file. */
export interface FileMeta {
  readonly sopClassUID: string;
  readonly sopInstanceUID: string;
}

const TRANSFER_SYNTAX_UID = { explicit: "1.2.840.10008.1.2.1", implicit: "1.2.840.10008.1.2" } as const;
const NUMBER_BYTES = { US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8 } as const;
const LONG_FORM: ReadonlySet<string> = new Set(["OB", "OD", "OF", "OW", "SQ", "UN", "UT"]);
const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;

/** A Part 10 file (PS3.10 7): preamble of zeros, "DICM", file meta information, data set. */
export function encodePart10(meta: FileMeta, dataSet: DataSet, options: EncodingOptions): Uint8Array {
  const metaOptions: EncodingOptions = { transferSyntax: "explicit", sequenceLength: "defined", textEncoding: "latin1" };
  const rest = encodeDataSet(
    [
      { tag: 0x00020001, vr: "OB", bytes: Uint8Array.of(0, 1) },
      { tag: 0x00020002, vr: "UI", text: meta.sopClassUID },
      { tag: 0x00020003, vr: "UI", text: meta.sopInstanceUID },
      { tag: 0x00020010, vr: "UI", text: TRANSFER_SYNTAX_UID[options.transferSyntax] },
      { tag: 0x00020012, vr: "UI", text: "2.25.300000000000000000000000000000000001" },
      { tag: 0x00020013, vr: "SH", text: "HILUM SCANNER" },
    ],
    metaOptions,
  );
  const groupLength = encodeDataSet([{ tag: 0x00020000, vr: "UL", numbers: [rest.length] }], metaOptions);
  return joined([new Uint8Array(128), new TextEncoder().encode("DICM"), groupLength, rest, encodeDataSet(dataSet, options)]);
}

/** The bytes of a data set. @throws {TypeError} when a tag stands twice. */
export function encodeDataSet(dataSet: DataSet, options: EncodingOptions): Uint8Array {
  const sorted = dataSet.toSorted((a, b) => a.tag - b.tag);
  sorted.forEach((element, index) => {
    if (element.tag === sorted[index - 1]?.tag) throw new TypeError(`element ${element.tag.toString(16)} stands twice`);
  });
  return joined(sorted.flatMap((element) => encodeElement(element, options)));
}

function encodeElement(element: DataElement, options: EncodingOptions): readonly Uint8Array[] {
  if (element.vr === "SQ" && options.sequenceLength === "undefined")
    return [
      header(element.tag, "SQ", UNDEFINED_LENGTH, options),
      ...element.items.flatMap((item) => [mark(ITEM, UNDEFINED_LENGTH), encodeDataSet(item, options), mark(ITEM_END, 0)]),
      mark(SEQUENCE_END, 0),
    ];
  const value = valueOf(element, options);
  return [header(element.tag, element.vr, value.length, options), value];
}

function valueOf(element: DataElement, options: EncodingOptions): Uint8Array {
  if (element.vr === "SQ")
    return joined(
      element.items.flatMap((item) => {
        const bytes = encodeDataSet(item, options);
        return [mark(ITEM, bytes.length), bytes];
      }),
    );
  if ("bytes" in element) return padded(element.bytes, 0);
  if ("numbers" in element) return numbersOf(element.vr, element.numbers);
  const bytes = Buffer.from(element.text, options.textEncoding);
  return padded(bytes, element.vr === "UI" ? 0 : 0x20);
}

function numbersOf(vr: keyof typeof NUMBER_BYTES, numbers: readonly number[]): Uint8Array {
  const width = NUMBER_BYTES[vr];
  const view = new DataView(new ArrayBuffer(width * numbers.length));
  numbers.forEach((number, index) => {
    if (vr === "US") view.setUint16(index * width, number, true);
    else if (vr === "SS") view.setInt16(index * width, number, true);
    else if (vr === "UL") view.setUint32(index * width, number, true);
    else if (vr === "SL") view.setInt32(index * width, number, true);
    else if (vr === "FL") view.setFloat32(index * width, number, true);
    else view.setFloat64(index * width, number, true);
  });
  return new Uint8Array(view.buffer);
}

function header(tag: number, vr: string, length: number, options: EncodingOptions): Uint8Array {
  if (options.transferSyntax === "implicit") return mark(tag, length);
  const long = LONG_FORM.has(vr);
  const view = new DataView(new ArrayBuffer(long ? 12 : 8));
  view.setUint16(0, tag >>> 16, true);
  view.setUint16(2, tag & 0xffff, true);
  view.setUint8(4, vr.charCodeAt(0));
  view.setUint8(5, vr.charCodeAt(1));
  if (long) view.setUint32(8, length, true);
  else view.setUint16(6, length, true);
  return new Uint8Array(view.buffer);
}

/** Tag and four bytes of length: items and delimiters, and every element of an implicit data set. */
function mark(tag: number, length: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint16(0, tag >>> 16, true);
  view.setUint16(2, tag & 0xffff, true);
  view.setUint32(4, length, true);
  return new Uint8Array(view.buffer);
}

function padded(bytes: Uint8Array, by: number): Uint8Array {
  return bytes.length % 2 === 0 ? bytes : joined([bytes, Uint8Array.of(by)]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
