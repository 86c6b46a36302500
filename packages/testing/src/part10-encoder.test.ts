import { expect, test } from "vitest";
import { decimalText } from "./data-elements.ts";
import { encodeDataSet, encodePart10, type DataSet, type EncodingOptions } from "./part10-encoder.ts";

const EXPLICIT: EncodingOptions = { transferSyntax: "explicit", sequenceLength: "defined", textEncoding: "latin1" };

// Expected bytes are written by hand from PS3.5 7.1 and 7.5.
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const spelled = (text: string): string => text.replaceAll(" ", "");

test("writes an explicit element with a short header, padded to even length", () => {
  expect(hex(encodeDataSet([{ tag: 0x00100010, vr: "PN", text: "A^B" }], EXPLICIT))).toBe(spelled("10001000 504e 0400 415e4220"));
});

test("writes an explicit element of a long VR with reserved bytes and 32-bit length", () => {
  const dataSet: DataSet = [{ tag: 0x7fe00010, vr: "OW", bytes: Uint8Array.of(1, 2, 3) }];
  expect(hex(encodeDataSet(dataSet, EXPLICIT))).toBe(spelled("e07f1000 4f57 0000 04000000 01020300"));
});

test("writes an implicit element without a VR", () => {
  const dataSet: DataSet = [{ tag: 0x00280010, vr: "US", numbers: [258] }];
  expect(hex(encodeDataSet(dataSet, { ...EXPLICIT, transferSyntax: "implicit" }))).toBe(spelled("28001000 02000000 0201"));
});

test("pads UIDs with a zero byte", () => {
  expect(hex(encodeDataSet([{ tag: 0x00080018, vr: "UI", text: "1.2" }], EXPLICIT))).toBe(spelled("08001800 5549 0400 312e3200"));
});

test("writes signed, long and floating numbers little endian", () => {
  const dataSet: DataSet = [
    { tag: 0x00191001, vr: "SS", numbers: [-2] },
    { tag: 0x00191002, vr: "SL", numbers: [-70_000] },
    { tag: 0x00191003, vr: "UL", numbers: [0xfffffffe] },
    { tag: 0x00191004, vr: "FL", numbers: [1.5] },
    { tag: 0x00191005, vr: "FD", numbers: [-2] },
  ];
  expect(hex(encodeDataSet(dataSet, EXPLICIT))).toBe(
    spelled(["19000110 53530200 feff", "19000210 534c0400 90eefeff", "19000310 554c0400 feffffff", "19000410 464c0400 0000c03f", "19000510 46440800 00000000000000c0"].join(" ")),
  );
});

test.each([
  ["defined", "40007502 5351 0000 14000000 feff00e0 0c000000 40000700 4c4f 0400 61626320"],
  ["undefined", "40007502 5351 0000 ffffffff feff00e0 ffffffff 40000700 4c4f 0400 61626320 feff0de0 00000000 feffdde0 00000000"],
] as const)("writes a sequence of %s length", (sequenceLength, bytes) => {
  const dataSet: DataSet = [{ tag: 0x00400275, vr: "SQ", items: [[{ tag: 0x00400007, vr: "LO", text: "abc" }]] }];
  expect(hex(encodeDataSet(dataSet, { ...EXPLICIT, sequenceLength }))).toBe(spelled(bytes));
});

test("writes elements in the order of tags, the highest last", () => {
  const dataSet: DataSet = [
    { tag: 0xfffc0001, vr: "US", numbers: [2] },
    { tag: 0x00080060, vr: "CS", text: "MR" },
  ];
  expect(hex(encodeDataSet(dataSet, EXPLICIT))).toBe(spelled("08006000 43530200 4d52 fcff0100 55530200 0200"));
});

test("writes text in the encoding that is asked for", () => {
  const dataSet: DataSet = [{ tag: 0x00100010, vr: "PN", text: "ëa" }];
  expect(hex(encodeDataSet(dataSet, EXPLICIT)).slice(16)).toBe(spelled("eb61"));
  expect(hex(encodeDataSet(dataSet, { ...EXPLICIT, textEncoding: "utf-8" })).slice(16)).toBe(spelled("c3ab6120"));
});

test("refuses a tag that stands twice", () => {
  const dataSet: DataSet = [
    { tag: 0x00080060, vr: "CS", text: "MR" },
    { tag: 0x00080060, vr: "CS", text: "CT" },
  ];
  expect(() => encodeDataSet(dataSet, EXPLICIT)).toThrow(new TypeError("element 80060 stands twice"));
});

test("starts a file with 128 zeros, DICM and the length of the file meta group", () => {
  const file = encodePart10({ sopClassUID: "1.2", sopInstanceUID: "1.2.3" }, [{ tag: 0x00080060, vr: "CS", text: "MR" }], EXPLICIT);
  expect(file.subarray(0, 128).every((byte) => byte === 0)).toBe(true);
  expect(hex(file.subarray(128, 144))).toBe(spelled(`4449434d 02000000 554c 0400 ${hex(file.subarray(140, 144))}`));
  const groupLength = new DataView(file.buffer).getUint32(140, true);
  expect(hex(file.subarray(144 + groupLength))).toBe(spelled("08006000 43530200 4d52"));
});

test("refuses numbers whose text is longer than a decimal string can be", () => {
  expect(decimalText(-0.75, 2)).toBe("-0.75\\2");
  expect(() => decimalText(1 / 3)).toThrow("a number has no exact text of 16 characters");
});
