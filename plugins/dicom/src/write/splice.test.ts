import { encodeDataSet, type DataSet, type EncodingOptions } from "@hilum/testing";
import { describe, expect, it } from "vitest";
import { createElementTable } from "../scan/element-table.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import { encodeItems, shortElement, textElement } from "./encode-element.ts";
import { put, spliceElements, spliceGrowth, type ElementEdit } from "./splice.ts";

const ENCODINGS: readonly EncodingOptions[] = (["explicit", "implicit"] as const).flatMap((transferSyntax) =>
  (["defined", "undefined"] as const).map((sequenceLength) => ({ transferSyntax, sequenceLength, textEncoding: "latin1" as const })),
);

/** The bytes of a data set after edits; the source begins at an odd place, as in a file. */
function spliced(source: Uint8Array, explicitVr: boolean, edits: readonly ElementEdit[]): Uint8Array {
  const file = Buffer.concat([Buffer.alloc(7), source]);
  const table = createElementTable(2);
  scanDataSet(file, { bytesStart: 0, from: 7, fileSize: file.length, explicitVr }, table);
  const out = Buffer.alloc(3 + source.length + spliceGrowth(edits));
  return out.subarray(3, spliceElements(file, table, explicitVr, edits, out, 3));
}

const nested: DataSet = [{ tag: 0x00081155, vr: "UI", text: "1.2.3" }];
const before: DataSet = [
  { tag: 0x00080000, vr: "UL", numbers: [999] },
  { tag: 0x00080008, vr: "CS", text: "ORIGINAL\\PRIMARY" },
  { tag: 0x00081140, vr: "SQ", items: [nested, nested] },
  { tag: 0x00090000, vr: "UL", numbers: [26] },
  { tag: 0x00090010, vr: "LO", text: "VENDOR" },
  { tag: 0x00091001, vr: "UN", bytes: Uint8Array.of(1, 2, 3, 4) },
  { tag: 0x00091002, vr: "SQ", items: [[{ tag: 0x00091003, vr: "OB", bytes: Uint8Array.of(9, 8) }]] },
  { tag: 0x0018a001, vr: "SQ", items: [[{ tag: 0x00080070, vr: "LO", text: "Scanner" }]] },
  { tag: 0x00280106, vr: "US", numbers: [7] },
  { tag: 0x7fe00010, vr: "OW", bytes: Uint8Array.of(1, 0, 2, 0) },
];
const without = (...tags: number[]): DataSet => before.filter(({ tag }) => !tags.includes(tag));

describe.each(ENCODINGS)("splicing in $transferSyntax VR with $sequenceLength lengths", (encoding) => {
  const explicitVr = encoding.transferSyntax === "explicit";
  const source = encodeDataSet(before, encoding);

  it("gives the same bytes without edits", () => {
    expect(spliced(source, explicitVr, [])).toEqual(Buffer.from(source));
  });

  it("leaves room for a value that is written by itself, and writes the zero that pads an odd one", () => {
    for (const length of [4, 5]) {
      const out = Buffer.from(spliced(source, explicitVr, [{ kind: "room", tag: 0x7fe00010, vr: "OW", length }]));
      const whole = encodeDataSet([...without(0x7fe00010), { tag: 0x7fe00010, vr: "OW", bytes: new Uint8Array(length) }], encoding);
      expect(out).toEqual(Buffer.concat([whole.subarray(0, whole.length - length - (length % 2)), Buffer.alloc(length % 2)]));
    }
  });

  it("replaces, inserts at both ends and between, removes, and keeps the rest byte for byte", () => {
    const edits: ElementEdit[] = [
      put(textElement(0x00080005, "CS", "ISO_IR 100")),
      put(textElement(0x00080008, "CS", "DERIVED", "PRIMARY")),
      { kind: "remove", tag: 0x00091001 },
      { kind: "remove", tag: 0x00091099 },
      put(textElement(0x0020000e, "UI", "2.25.1")),
      put(shortElement(0x00280106, "US", 3)),
      put(textElement(0x7fe10010, "LO", "LAST")),
    ];
    const after = encodeDataSet(
      [
        ...without(0x00080000, 0x00080008, 0x00090000, 0x00091001, 0x00280106),
        { tag: 0x00080005, vr: "CS", text: "ISO_IR 100" },
        { tag: 0x00080008, vr: "CS", text: "DERIVED\\PRIMARY" },
        { tag: 0x0020000e, vr: "UI", text: "2.25.1" },
        { tag: 0x00280106, vr: "US", numbers: [3] },
        { tag: 0x7fe10010, vr: "LO", text: "LAST" },
      ],
      encoding,
    );
    expect(spliced(source, explicitVr, edits)).toEqual(Buffer.from(after));
  });

  it("drops the group lengths of the groups that it changes and of no others", () => {
    const edits = [put(textElement(0x00080070, "LO", "New"))];
    const after = encodeDataSet([...without(0x00080000), { tag: 0x00080070, vr: "LO", text: "New" }], encoding);
    expect(spliced(source, explicitVr, edits)).toEqual(Buffer.from(after));
  });

  it("refuses to append to what is not there", () => {
    expect(() => spliced(source, explicitVr, [{ kind: "append", tag: 0x0040a170, items: Buffer.alloc(0) }])).toThrow(TypeError);
  });
});

describe("appending items", () => {
  const edit = (explicitVr: boolean): ElementEdit => ({
    kind: "append",
    tag: 0x0018a001,
    items: encodeItems([[textElement(0x00080070, "LO", "Hilum")]], explicitVr),
  });

  it.each(["explicit", "implicit"] as const)("lengthens a sequence of defined length in %s VR", (transferSyntax) => {
    const encoding = { transferSyntax, sequenceLength: "defined", textEncoding: "latin1" } as const;
    const after = encodeDataSet(
      [
        ...without(0x0018a001),
        {
          tag: 0x0018a001,
          vr: "SQ",
          items: [[{ tag: 0x00080070, vr: "LO", text: "Scanner" }], [{ tag: 0x00080070, vr: "LO", text: "Hilum" }]],
        },
      ],
      encoding,
    );
    expect(spliced(encodeDataSet(before, encoding), transferSyntax === "explicit", [edit(transferSyntax === "explicit")])).toEqual(Buffer.from(after));
  });

  it("puts items before the delimiter of a sequence of undefined length and changes no other byte", () => {
    const explicit = { transferSyntax: "explicit", sequenceLength: "undefined", textEncoding: "latin1" } as const;
    const source = Buffer.from(encodeDataSet(before, explicit));
    const after = Buffer.from(spliced(source, true, [edit(true)]));
    const delimiter = Buffer.from("feffdde000000000", "hex");
    const sequence = source.indexOf(Buffer.from("180001a05351", "hex"));
    const at = source.indexOf(delimiter, sequence);
    const item = Buffer.concat([Buffer.from("feff00e00e000000080070004c4f0600", "hex"), Buffer.from("Hilum ")]);
    expect(after).toEqual(Buffer.concat([source.subarray(0, at), item, source.subarray(at)]));
  });
});
