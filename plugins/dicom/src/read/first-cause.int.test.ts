import { isHilumError, type HilumError, type Source } from "@hilum/core";
import { codecContext, memorySource, readVoxels, scanSeries } from "@hilum/testing";
import { elementFor, placeOf, withBytesBefore, withElementLength, withElementValue } from "@hilum/testing/mutate";
import { describe, expect, test } from "vitest";
import { dicomReader } from "./dicom-reader.ts";

const ROWS = 0x00280010;
const BITS_ALLOCATED = 0x00280100;
const PIXEL_DATA = 0x7fe00010;
const SERIES_UID = 0x0020000e;
const POSITION = 0x00200032;
const TRANSFER_SYNTAX = 0x00020010;
const MODALITY = 0x00080060;
const SOFTWARE_VERSIONS = 0x00181020;
const JPEG_XL = "1.2.840.10008.1.2.4.111";
const JPEG_BASELINE = "1.2.840.10008.1.2.4.50";

/** Six slices, explicit VR little endian, without a fault. */
const scan = scanSeries({ size: [16, 12, 6] });
const [slice] = scan.files.map(({ bytes }) => bytes) as [Uint8Array];

const text = (value: string): Uint8Array => Buffer.from(value.length % 2 === 0 ? value : `${value}\0`);
const number = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >> 8);
const cut = (file: Uint8Array, bytes: number): Uint8Array => file.subarray(0, file.length - bytes);

function withVr(file: Uint8Array, tag: number, vr: string): Uint8Array {
  const copy = Uint8Array.from(file);
  copy.set(Buffer.from(vr), placeOf(file, tag).start + 4);
  return copy;
}

/** Sequences in one another, each of one item, lengths undefined. */
function nested(file: Uint8Array, depth: number): Uint8Array {
  const open = Buffer.concat([elementFor(file, 0x00081140, "SQ", new Uint8Array(0)), Uint8Array.of(0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff)]);
  open.fill(0xff, 8, 12);
  const close = Uint8Array.of(0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0, 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0);
  return Buffer.concat([...Array.from({ length: depth }, () => open), ...Array.from({ length: depth }, () => close)]);
}

async function faultOf(source: Source): Promise<HilumError> {
  try {
    const options = await dicomReader.options["~standard"].validate({});
    if (options.issues !== undefined) throw new TypeError("an option has no default");
    for (const series of await dicomReader.open(source, options.value, codecContext())) await readVoxels(series);
  } catch (error) {
    if (isHilumError(error)) return error;
    throw error;
  }
  throw new TypeError("The file was read.");
}

/**
 * Which of several faults is the first. Where a file stands on its own feet: its form in the order of its bytes (meta information,
 * elements), since behind a fault of form nothing can be believed; then the values of the header; then the pixels, whose size the values
 * tell. Across files: each file for itself first, then what they say of the patient, then where their slices lie.
 */
describe("of several faults the first is told", () => {
  test.each<readonly [faults: string, first: string, file: Uint8Array, code: string, tag: string | undefined]>([
    [
      "Pixel Data is cut, and Rows is 0",
      "the cut: the length field alone shows it, whatever Rows says",
      cut(withElementValue(slice, ROWS, number(0)), 40),
      "TRUNCATED_PIXEL_DATA",
      "(7FE0,0010)",
    ],
    [
      "a VR that does not exist, and a Series Instance UID with letters",
      "the VR: it stands before the UID, and where elements lie comes before what they say",
      withVr(withElementValue(slice, SERIES_UID, text("1.2.X")), MODALITY, "?!"),
      "MALFORMED_FILE",
      "(0008,0060)",
    ],
    [
      "a transfer syntax that cannot be read, and an element that reaches past the end",
      "the transfer syntax: without it no byte of the data set can be understood",
      withElementLength(withElementValue(slice, TRANSFER_SYNTAX, text(JPEG_XL)), SOFTWARE_VERSIONS, 0xfffe),
      "UNSUPPORTED_TRANSFER_SYNTAX",
      undefined,
    ],
    [
      "sequences 300 deep, and the file is cut behind them",
      "the depth: the scanner meets it first and must not go on",
      cut(withBytesBefore(slice, SOFTWARE_VERSIONS, nested(slice, 300)), 40),
      "MALFORMED_FILE",
      "(0008,1140)",
    ],
    [
      "the length of Software Versions swallows Rows, Columns and all other elements",
      "the length: that the others are missing follows from it",
      withElementLength(slice, SOFTWARE_VERSIONS, 0xfffe),
      "MALFORMED_FILE",
      "(0018,1020)",
    ],
    [
      "Bits Allocated is 12, and Pixel Data is too short for that",
      "Bits Allocated: the size that the pixels should have follows from it",
      withElementValue(withElementValue(slice, BITS_ALLOCATED, number(12)), PIXEL_DATA, new Uint8Array(16)),
      "MALFORMED_FILE|UNSUPPORTED_VOXEL_FORMAT",
      undefined,
    ],
    [
      "the transfer syntax says JPEG, and the pixels are native and too few",
      "that Pixel Data is not encapsulated: their number means nothing in JPEG",
      withElementValue(withElementValue(slice, TRANSFER_SYNTAX, text(JPEG_BASELINE)), PIXEL_DATA, new Uint8Array(16)),
      "MALFORMED_FILE",
      "(7FE0,0010)",
    ],
  ])("%s: %s", async (_, __, file, code, tag) => {
    const fault = await faultOf(memorySource([{ name: "a", bytes: file }]));
    expect(fault.code).toMatch(new RegExp(`^(?:${code})$`));
    if (tag !== undefined) expect(fault.details).toMatchObject({ tag });
  });

  test("a cut file of a series, whose slice is missing then: the cut", async () => {
    const { files } = scanSeries({ size: [16, 12, 6], faults: [{ kind: "truncated-file", slice: 2 }] });
    const fault = await faultOf(memorySource(files, { kind: "directory" }));
    expect(fault.code).toBe("TRUNCATED_PIXEL_DATA");
    expect(fault.details).toMatchObject({ file: 3 });
  });

  test("a slice whose position is no number, so that the others have a gap: the position", async () => {
    const files = scan.files.map((file, index) => (index === 3 ? { ...file, bytes: withElementValue(file.bytes, POSITION, text("NaN\\0\\0")) } : file));
    const fault = await faultOf(memorySource(files, { kind: "directory" }));
    expect(fault.code).toBe("MALFORMED_FILE");
    expect(fault.details).toMatchObject({ tag: "(0020,0032)", file: 4 });
  });

  test("another patient's slice, and a slice is missing: the patient, since the slices of two say nothing of a volume", async () => {
    const { files } = scanSeries({
      size: [16, 12, 6],
      faults: [
        { kind: "foreign-patient", slice: 4 },
        { kind: "missing-slice", slice: 2 },
      ],
    });
    expect((await faultOf(memorySource(files, { kind: "directory" }))).code).toBe("MIXED_SERIES");
  });

  test("the same instance twice, one of them cut: the cut, since that is why the two differ", async () => {
    const files = [...scan.files, { name: "copy", bytes: cut(slice, 40) }];
    expect((await faultOf(memorySource(files, { kind: "directory" }))).code).toBe("TRUNCATED_PIXEL_DATA");
  });
});
