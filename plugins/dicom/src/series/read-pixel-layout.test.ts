import { isHilumError } from "@hilum/core";
import { encodeDataSet, type DataElement, type DataSet } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import { createElementTable } from "../scan/element-table.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import { readPixelLayout } from "./read-pixel-layout.ts";

const us = (tag: number, value: number): DataElement => ({ tag, vr: "US", numbers: [value] });
const pixels = (length: number): DataElement => ({ tag: 0x7fe00010, vr: "OW", bytes: new Uint8Array(length) });

/** 3 rows of 2 columns, 12 bits in 16. */
const IMAGE: DataSet = [
  us(0x00280002, 1),
  { tag: 0x00280004, vr: "CS", text: "MONOCHROME2" },
  us(0x00280010, 3),
  us(0x00280011, 2),
  us(0x00280100, 16),
  us(0x00280101, 12),
  us(0x00280102, 11),
  us(0x00280103, 0),
  pixels(12),
];

function read(...changed: DataSet) {
  const tags = new Set(changed.map(({ tag }) => tag));
  const bytes = Buffer.from(
    encodeDataSet([...IMAGE.filter(({ tag }) => !tags.has(tag)), ...changed], {
      transferSyntax: "explicit",
      sequenceLength: "defined",
      textEncoding: "latin1",
    }),
  );
  const table = createElementTable();
  scanDataSet(bytes, { bytesStart: 0, from: 0, fileSize: bytes.length, explicitVr: true }, table);
  return { layout: readPixelLayout({ bytes, table }), fileSize: bytes.length };
}

function codeOf(...changed: DataSet): string {
  try {
    read(...changed);
    return "read";
  } catch (error) {
    if (!isHilumError(error)) throw error;
    return error.code;
  }
}

describe("the pixel layout", () => {
  test("is read with the place of the pixels", () => {
    const { layout, fileSize } = read();
    expect(layout).toEqual({
      rows: 3,
      columns: 2,
      samplesPerPixel: 1,
      bitsAllocated: 16,
      bitsStored: 12,
      highBit: 11,
      signed: false,
      photometricInterpretation: "MONOCHROME2",
      float: false,
      planarConfiguration: 0,
      frames: 1,
      encapsulated: false,
      offset: fileSize - 12,
      frameBytes: 12,
    });
  });

  test("may have a padding byte behind an odd number of 8-bit samples", () => {
    const odd = [us(0x00280100, 8), us(0x00280101, 8), us(0x00280102, 7), us(0x00280010, 1), us(0x00280011, 3)];
    expect(read(...odd, pixels(4)).layout.frameBytes).toBe(3);
    expect(codeOf(...odd, pixels(6))).toBe("MALFORMED_FILE");
  });

  test.each<readonly [string, DataElement, string]>([
    ["Pixel Data of fewer bytes", pixels(10), "TRUNCATED_PIXEL_DATA"],
    ["Pixel Data of more bytes", pixels(14), "MALFORMED_FILE"],
    ["colour", us(0x00280002, 3), "UNSUPPORTED_VOXEL_FORMAT"],
    ["a palette", { tag: 0x00280004, vr: "CS", text: "PALETTE COLOR" }, "UNSUPPORTED_VOXEL_FORMAT"],
    ["32 bits", us(0x00280100, 32), "UNSUPPORTED_VOXEL_FORMAT"],
    ["several frames", { tag: 0x00280008, vr: "IS", text: "2" }, "UNSUPPORTED_VOXEL_FORMAT"],
    ["no frame", { tag: 0x00280008, vr: "IS", text: "0" }, "MALFORMED_FILE"],
    ["a mosaic", { tag: 0x00080008, vr: "CS", text: "ORIGINAL\\PRIMARY\\M\\ND\\MOSAIC" }, "UNSUPPORTED_VOXEL_FORMAT"],
    ["a Modality LUT Sequence", { tag: 0x00283000, vr: "SQ", items: [[]] }, "UNSUPPORTED_VOXEL_FORMAT"],
    ["functional groups", { tag: 0x52009230, vr: "SQ", items: [[]] }, "UNSUPPORTED_VOXEL_FORMAT"],
    ["more Bits Stored than allocated", us(0x00280101, 17), "MALFORMED_FILE"],
    ["a High Bit that is too low", us(0x00280102, 10), "MALFORMED_FILE"],
    ["no rows", us(0x00280010, 0), "MALFORMED_FILE"],
    ["rows and columns of more bytes than there are", us(0x00280010, 65_535), "TRUNCATED_PIXEL_DATA"],
  ])("refuses %s", (_, changed, code) => {
    expect(codeOf(changed)).toBe(code);
  });

  test("accepts one frame that says that it is one", () => {
    expect(codeOf({ tag: 0x00280008, vr: "IS", text: "1" })).toBe("read");
  });
});
