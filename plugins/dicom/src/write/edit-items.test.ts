import { encodeDataSet, type DataElement, type DataSet, type EncodingOptions } from "@hilum/testing";
import { describe, expect, it } from "vitest";
import { createElementTable } from "../scan/element-table.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import type { ScannedItem } from "../series/frames/item-places.ts";
import { appendItems, editItems } from "./edit-items.ts";
import { encodeItems, textElement } from "./encode-element.ts";
import { put, spliceElements, spliceGrowth, type ElementEdit } from "./splice.ts";

const kept: DataElement = { tag: 0x00211001, vr: "LO", text: "kept" };
const inner = (text: string): DataElement => ({ tag: 0x00189226, vr: "SQ", items: [[{ tag: 0x00089007, vr: "CS", text }, kept]] });
const groups = (...types: readonly string[]): DataSet => [
  { tag: 0x00080060, vr: "CS", text: "MR" },
  { tag: 0x52009230, vr: "SQ", items: types.map((type) => [inner(type), kept]) },
];

function scanned(bytes: Buffer, explicitVr: boolean): ScannedItem {
  const table = createElementTable(4);
  scanDataSet(bytes, { bytesStart: 0, from: 0, fileSize: bytes.length, explicitVr }, table);
  return { bytes, table, explicitVr };
}

function spliced({ bytes, table, explicitVr }: ScannedItem, edits: readonly ElementEdit[]): Buffer {
  const out = Buffer.alloc(bytes.length + spliceGrowth(edits));
  return out.subarray(0, spliceElements(bytes, table, explicitVr, edits, out, 0));
}

const ENCODINGS: readonly EncodingOptions[] = (["explicit", "implicit"] as const).map((transferSyntax) => ({ transferSyntax, sequenceLength: "defined", textEncoding: "latin1" }));

describe.each(ENCODINGS)("editing items in $transferSyntax VR", (encoding) => {
  const of = scanned(Buffer.from(encodeDataSet(groups("ORIGINAL", "MIXED"), encoding)), encoding.transferSyntax === "explicit");

  it("changes an element two sequences deep, with all lengths around it, and no other byte", () => {
    const edits = editItems(of, 0x52009230, (item, index) => (index === 1 ? [] : editItems(item, 0x00189226, () => [put(textElement(0x00089007, "CS", "AB"))])));
    expect(spliced(of, edits)).toEqual(Buffer.from(encodeDataSet(groups("AB", "MIXED"), encoding)));
  });

  it("edits nothing where no item changes, or there is no sequence", () => {
    expect(editItems(of, 0x52009230, () => [])).toEqual([]);
    expect(editItems(of, 0x52009229, () => [put(textElement(0x00089007, "CS", "AB"))])).toEqual([]);
  });

  it("appends an item to a sequence, or makes it of one", () => {
    const item = (explicitVr: boolean): Uint8Array => encodeItems([[textElement(0x00211001, "LO", "kept")]], explicitVr);
    const [sequence] = groups("A").slice(1) as [Extract<DataElement, { vr: "SQ" }>];
    const one = scanned(Buffer.from(encodeDataSet([sequence], encoding)), of.explicitVr);
    expect(spliced(one, [appendItems(one, 0x52009230, item)])).toEqual(Buffer.from(encodeDataSet([{ ...sequence, items: [...sequence.items, [kept]] }], encoding)));
    expect(spliced(one, [appendItems(one, 0x52009229, item)])).toEqual(Buffer.from(encodeDataSet([{ tag: 0x52009229, vr: "SQ", items: [[kept]] }, sequence], encoding)));
  });
});

it("keeps undefined lengths and delimiters of the items that it edits (PS3.5 7.5)", () => {
  const undefinedLengths: EncodingOptions = { transferSyntax: "explicit", sequenceLength: "undefined", textEncoding: "latin1" };
  const of = scanned(Buffer.from(encodeDataSet([{ tag: 0x52009230, vr: "SQ", items: [[kept], [kept]] }], undefinedLengths)), true);
  const [edit] = editItems(of, 0x52009230, (_, index) => (index === 0 ? [put(textElement(0x00211001, "LO", "new"))] : [])) as [Extract<ElementEdit, { kind: "put" }>];
  const hex = (text: string): string => text.replaceAll(" ", "");
  expect(Buffer.from(edit.element.value).toString("hex")).toBe(
    hex("feff00e0 ffffffff 21000110 4c4f 0400 6e657720 feff0de0 00000000 feff00e0 ffffffff 21000110 4c4f 0400 6b657074 feff0de0 00000000"),
  );
});
