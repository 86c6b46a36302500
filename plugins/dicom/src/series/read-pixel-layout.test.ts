import { isHilumError } from "@hilum/core";
import { encodeDataSet, type DataElement, type DataSet } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import { createElementTable } from "../scan/element-table.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import type { PixelLayout } from "./dicom-instance.ts";
import { readPixelLayout } from "./read-pixel-layout.ts";

const us = (tag: number, ...numbers: number[]): DataElement => ({ tag, vr: "US", numbers });
const photometric = (text: string): DataElement => ({ tag: 0x00280004, vr: "CS", text });
const bits = (allocated: number): DataSet => [us(0x00280100, allocated), us(0x00280101, allocated), us(0x00280102, allocated - 1)];
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

const readWithout = (absent: readonly number[], ...changed: DataSet): PixelLayout => readImage(absent, changed).layout;
const read = (...changed: DataSet) => readImage([], changed);

function readImage(absent: readonly number[], changed: DataSet) {
  const tags = new Set([...absent, ...changed.map(({ tag }) => tag)]);
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
    expect(read(...odd, pixels(4)).layout).toMatchObject({ frameBytes: 3 });
    expect(read(...odd, pixels(4)).layout).not.toHaveProperty("excessBytes");
    expect(codeOf(...odd, pixels(8))).toBe("MALFORMED_FILE");
  });

  test("counts bytes behind the last frame that are fewer than a frame has", () => {
    expect(read(pixels(22)).layout).toMatchObject({ frameBytes: 12, excessBytes: 10 });
  });

  test.each<readonly [string, DataSet, Partial<PixelLayout>]>([
    ["RGB, one plane after the other", [us(0x00280002, 3), photometric("RGB"), us(0x00280006, 1), pixels(36)], { samplesPerPixel: 3, planarConfiguration: 1, frameBytes: 36 }],
    ["YBR_FULL_422, whose pixels share their chroma", [us(0x00280002, 3), photometric("YBR_FULL_422"), ...bits(8), pixels(12)], { samplesPerPixel: 3, frameBytes: 12 }],
    ["a palette's indices", [photometric("PALETTE COLOR")], { samplesPerPixel: 1, frameBytes: 12 }],
    ["single bits", [...bits(1), { tag: 0x00280008, vr: "IS", text: "3" }, pixels(4)], { bitsAllocated: 1, frames: 3, frameBytes: 1 }],
    ["32-bit integers", [...bits(32), pixels(24)], { bitsAllocated: 32, float: false, frameBytes: 24 }],
    ["several frames", [{ tag: 0x00280008, vr: "IS", text: "2" }, pixels(24)], { frames: 2, frameBytes: 12 }],
    ["an image from before DICOM, without samples and photometric interpretation", [us(0x00280002), { tag: 0x00280004, vr: "CS", text: "" }], { samplesPerPixel: 1, frameBytes: 12 }],
  ])("is read of %s", (_, changed, expected) => {
    expect(read(...changed).layout).toMatchObject(expected);
  });

  test.each([
    [0x7fe00008, 24, 32],
    [0x7fe00009, 48, 64],
  ] as const)("is read of float pixels, whose bits follow from their tag", (tag, length, bitsAllocated) => {
    expect(readWithout([0x7fe00010, 0x00280101, 0x00280102, 0x00280103], us(0x00280100, bitsAllocated), { tag, vr: "OB", bytes: new Uint8Array(length) })).toMatchObject({
      bitsAllocated,
      float: true,
      frameBytes: length,
    });
  });

  test.each<readonly [string, DataSet, string]>([
    ["Pixel Data of fewer bytes", [pixels(10)], "TRUNCATED_PIXEL_DATA"],
    ["Pixel Data with room for another frame", [pixels(24)], "MALFORMED_FILE"],
    ["four samples a pixel", [us(0x00280002, 4)], "UNSUPPORTED_VOXEL_FORMAT"],
    ["colour of one sample", [photometric("RGB")], "MALFORMED_FILE"],
    ["grey of three samples", [us(0x00280002, 3)], "MALFORMED_FILE"],
    ["YBR_PARTIAL_420", [us(0x00280002, 3), photometric("YBR_PARTIAL_420")], "UNSUPPORTED_VOXEL_FORMAT"],
    ["YBR_FULL_422 of 16 bits", [us(0x00280002, 3), photometric("YBR_FULL_422")], "MALFORMED_FILE"],
    ["a third planar configuration", [us(0x00280002, 3), photometric("RGB"), us(0x00280006, 2)], "MALFORMED_FILE"],
    ["12 bits allocated", [us(0x00280100, 12)], "UNSUPPORTED_VOXEL_FORMAT"],
    ["no frame", [{ tag: 0x00280008, vr: "IS", text: "0" }], "MALFORMED_FILE"],
    ["more frames than there are bytes", [{ tag: 0x00280008, vr: "IS", text: "2147483647" }, us(0x00280010, 65_535), us(0x00280011, 65_535)], "TRUNCATED_PIXEL_DATA"],
    ["more Bits Stored than allocated", [us(0x00280101, 17)], "MALFORMED_FILE"],
    ["a High Bit that is too low", [us(0x00280102, 10)], "MALFORMED_FILE"],
    ["no rows", [us(0x00280010, 0)], "MALFORMED_FILE"],
    ["rows and columns of more bytes than there are", [us(0x00280010, 65_535)], "TRUNCATED_PIXEL_DATA"],
    ["two kinds of pixel data", [{ tag: 0x7fe00008, vr: "OB", bytes: new Uint8Array(24) }], "MALFORMED_FILE"],
  ])("refuses %s", (_, changed, code) => {
    expect(codeOf(...changed)).toBe(code);
  });

  test("accepts one frame that says that it is one", () => {
    expect(codeOf({ tag: 0x00280008, vr: "IS", text: "1" })).toBe("read");
  });
});
