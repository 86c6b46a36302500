import { expect, test } from "vitest";
import { readCodestreamHeader, startsCodestream } from "./codestream-header.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** SOI, an APP0 segment, SOF3 of 12 bits, 3 rows, 5 columns, 1 component, SOS, two bytes of data, EOI. */
const JPEG = "ffd8 ffe00004 0102 ffc3 000b 0c 0003 0005 01 011100 ffda 0008 01 0100 01 00 00 1234 ffd9";
/** SOI, SOF55 of 8 bits, 2 × 2 pixels of 3 components, SOS of one component (NEAR 0, ILV 0), data, EOI. */
const JPEG_LS = "ffd8 fff7 0011 08 0002 0002 03 011100 021100 031100 ffda 0008 01 0100 00 00 00 1234 ffd9";
/** SOC, SIZ of 7 × 4 less an offset of 1 × 2, 2 components of 10 signed bits, EOC. */
const SIZ = "0000 00000007 00000004 00000001 00000002 00000007 00000004 00000000 00000000 0002 890101 890101";
const JPEG_2000 = `ff4fff51 002c ${SIZ} ffd9`;

test("a JPEG codestream tells its size behind other segments", () => {
  expect(readCodestreamHeader("jpeg", hex(JPEG))).toEqual({ start: 0, rows: 3, columns: 5, samplesPerPixel: 1, bits: 12, planar: false, complete: true });
});

test("a JPEG-LS codestream with a scan for each component is planar", () => {
  expect(readCodestreamHeader("jpeg-ls", hex(JPEG_LS))).toEqual({ start: 0, rows: 2, columns: 2, samplesPerPixel: 3, bits: 8, planar: true, complete: true });
  expect(readCodestreamHeader("jpeg-ls", hex(JPEG_LS.replace("0100 00 00", "0100 00 02")))).toMatchObject({ planar: false });
});

test("a JPEG 2000 codestream tells its size less the image's offset", () => {
  expect(readCodestreamHeader("jpeg-2000", hex(JPEG_2000))).toEqual({ start: 0, rows: 2, columns: 6, samplesPerPixel: 2, bits: 10, planar: false, complete: true });
});

test("a JPEG 2000 codestream may lie in a JP2 file", () => {
  const boxes = "0000000c 6a502020 0d0a870a 00000000 6a703263";
  expect(readCodestreamHeader("jpeg-2000", hex(boxes + JPEG_2000))).toMatchObject({ start: 20, rows: 2 });
});

test("padding may follow the end of the image, and a codestream without it is not complete", () => {
  expect(readCodestreamHeader("jpeg", hex(`${JPEG}00`))).toMatchObject({ complete: true });
  expect(readCodestreamHeader("jpeg", hex(JPEG).subarray(0, -2))).toMatchObject({ complete: false });
  expect(readCodestreamHeader("jpeg-2000", hex(JPEG_2000).subarray(0, -1))).toMatchObject({ complete: false });
});

test.each([
  ["jpeg", JPEG_2000],
  ["jpeg", JPEG_LS],
  ["jpeg-ls", JPEG],
  ["htj2k", JPEG],
  ["jpeg", "ffd8ffd9"],
  ["jpeg", "ffd8 ffe00000 00000000 00000000 0000"],
  ["jpeg-2000", JPEG_2000.replace("890101 890101", "890101 090101")],
  ["jpeg-2000", ""],
] as const)("%s has no header in %s", (codec, text) => {
  expect(readCodestreamHeader(codec, hex(text))).toBeUndefined();
});

test("the start of a codestream is told from the middle of one", () => {
  expect([JPEG, JPEG_LS, JPEG_2000, "0000000c 6a502020"].map((text) => startsCodestream(hex(text)))).toEqual([true, true, true, true]);
  expect(["ffd9ffd8", "00000001", "ff"].map((text) => startsCodestream(hex(text)))).toEqual([false, false, false]);
});
