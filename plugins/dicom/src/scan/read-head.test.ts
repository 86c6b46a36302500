import { deflateRawSync } from "node:zlib";
import { isHilumError, type SourceFile } from "@hilum/core";
import { encodeDataSet, encodePart10, memorySource, type DataSet, type EncodingOptions } from "@hilum/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fileForm } from "./file-form.ts";
import { HeadReader, isBareDataSet } from "./read-head.ts";

const EXPLICIT: EncodingOptions = { transferSyntax: "explicit", sequenceLength: "undefined", textEncoding: "latin1" };
const MR = "1.2.840.10008.5.1.4.1.1.4";
const IMAGE: DataSet = [
  { tag: 0x00080016, vr: "UI", text: MR },
  { tag: 0x00081140, vr: "SQ", items: [[{ tag: 0x00081150, vr: "UI", text: "1.2.3" }]] },
  { tag: 0x00280010, vr: "US", numbers: [2] },
  { tag: 0x7fe00010, vr: "OW", bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
];

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/[\s|]/g, ""), "hex"));
}

function fileOf(...parts: readonly Uint8Array[]): SourceFile {
  return memorySource([{ name: "file", bytes: Buffer.concat(parts) }]).files[0] as SourceFile;
}

/** A Part 10 file of a transfer syntax, with the file meta information and nothing else by hand. */
function part10(transferSyntaxUID: string, dataSet: Uint8Array, preamble = true): SourceFile {
  const meta = encodeDataSet([{ tag: 0x00020010, vr: "UI", text: transferSyntaxUID }], EXPLICIT);
  return fileOf(preamble ? Buffer.concat([Buffer.alloc(128), Buffer.from("DICM")]) : Buffer.alloc(0), meta, dataSet);
}

/** Tags with place and length of their values, or the error. */
function scan(file: SourceFile): readonly (readonly [tag: string, length: number])[] | string {
  const reader = new HeadReader();
  try {
    const meta = reader.readMeta(file);
    if (meta === undefined) return "not DICOM";
    reader.readDataSet(fileForm(file, meta), meta);
  } catch (error) {
    if (!isHilumError(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
  const { table } = reader;
  return Array.from({ length: table.count }, (_, row) => [
    (table.tag[row] as number).toString(16).padStart(8, "0"),
    (table.end[row] as number) - (table.value[row] as number),
  ]);
}

const LITTLE = encodeDataSet(IMAGE, EXPLICIT);
const IMPLICIT = encodeDataSet(IMAGE, { ...EXPLICIT, transferSyntax: "implicit" });
/** SOP Class UID, Rows, Pixel Data, by hand from PS3.5 7.3. */
const BIG = Buffer.concat([
  hex("00080016 5549 001a"), Buffer.from(`${MR}\0`), hex("00280010 5553 0002 0002 7fe00010 4f57 0000 00000004 01020304"),
]);

const ROWS = [
  ["00080016", 26],
  ["00081140", 38],
  ["00280010", 2],
  ["7fe00010", 8],
];

describe("forms of a file", () => {
  test.each([
    ["explicit little endian", part10("1.2.840.10008.1.2.1", LITTLE)],
    // Headers are shorter, values are not.
    ["implicit little endian", part10("1.2.840.10008.1.2", IMPLICIT)],
    ["implicit little endian, bare", fileOf(IMPLICIT)],
    ["deflated", part10("1.2.840.10008.1.2.1.99", deflateRawSync(LITTLE))],
    ["explicit little endian, with file meta information and no preamble", part10("1.2.840.10008.1.2.1", LITTLE, false)],
    ["deflated, with file meta information and no preamble", part10("1.2.840.10008.1.2.1.99", deflateRawSync(LITTLE), false)],
    ["explicit little endian, bare", fileOf(LITTLE)],
    ["of the TIFF kind in its preamble", fileOf(hex("49492a00"), Buffer.alloc(124), encodePart10({ sopClassUID: MR, sopInstanceUID: "1.2" }, IMAGE, EXPLICIT).subarray(128))],
  ])("finds the same elements in a file that is %s", (_, file) => {
    expect(scan(file)).toEqual(ROWS);
  });

  test.each([
    ["big endian", part10("1.2.840.10008.1.2.2", BIG)],
    ["big endian, bare", fileOf(BIG)],
  ])("finds the elements of a file that is %s", (_, file) => {
    expect(scan(file)).toEqual([["00080016", 26], ["00280010", 2], ["7fe00010", 4]]);
  });

  test("tells the fault of a big-endian file where it is, and not what follows from it", () => {
    const file = part10("1.2.840.10008.1.2.2", Buffer.concat([BIG.subarray(0, 34), hex("00280010 5a5a 0002 0002 00280011 5553 0002 0002")]));
    expect(scan(file)).toMatch(/^MALFORMED_FILE: Element \(0028,0010\) at offset 194 has no valid VR/);
  });

  test("tells a bare data set by its SOP Class, or by rows and Pixel Data in a whole file (ACR-NEMA)", () => {
    expect(isBareDataSet(fileOf(LITTLE))).toBe(true);
    expect(isBareDataSet(fileOf(hex("08001000 0c000000"), Buffer.from("ACR-NEMA 2.0"), hex("28001000 02000000 0200 e07f1000 02000000 0102")))).toBe(true);
  });

  test("refuses a bare data set that is cut, in place of passing over it", () => {
    expect(scan(fileOf(LITTLE.subarray(0, -1)))).toMatch(/^TRUNCATED_PIXEL_DATA/);
  });
});

describe("what is no DICOM", () => {
  test.each([
    ["nothing", hex("")],
    ["text", Buffer.from("The quick brown fox jumps over the lazy dog. ".repeat(20))],
    ["PNG", Buffer.concat([hex("89504e470d0a1a0a 0000000d 49484452"), Buffer.alloc(300)])],
    ["HDF5", Buffer.concat([hex("894844460d0a1a0a"), Buffer.alloc(600)])],
    ["ZIP", Buffer.concat([hex("504b0304 14000000 0800"), Buffer.alloc(300)])],
    ["zeros", Buffer.alloc(1000)],
    ["bytes that begin like a tag of group 0008", Buffer.concat([hex("0800 0100"), Buffer.alloc(300, 0x41)])],
    ["a tag of group 0008 and zeros", Buffer.concat([hex("0800 0500"), Buffer.alloc(300)])],
    ["bytes that begin like file meta information", Buffer.concat([hex("0200 1000 5549 0400 312e3200"), Buffer.alloc(300)])],
    ["elements without SOP Class and image", encodeDataSet([{ tag: 0x00080060, vr: "CS", text: "MR" }], EXPLICIT)],
    ["a SOP Class of another organisation", encodeDataSet([{ tag: 0x00080016, vr: "UI", text: "1.3.6.1" }], EXPLICIT)],
  ])("is not taken for it: %s", (_, bytes) => {
    expect(scan(fileOf(bytes))).toBe("not DICOM");
  });
});

describe("encapsulated Pixel Data", () => {
  const RLE = "1.2.840.10008.1.2.5";
  const PIXELS = "e07f1000 4f42 0000 ffffffff";
  const TABLE = "feff00e0 00000000";
  const FRAGMENT = "feff00e0 04000000 feffdde0";
  const END = "feffdde0 00000000";
  const TRAILING = "fcfffcff 4f42 0000 02000000 0000";

  test("is walked by lengths, also where a fragment looks like its end", () => {
    expect(scan(part10(RLE, hex(`${PIXELS} ${TABLE} ${FRAGMENT} ${END}`)))).toEqual([["7fe00010", 28]]);
  });

  test("ends before what stands behind it", () => {
    expect(scan(part10(RLE, hex(`${PIXELS} ${TABLE} ${FRAGMENT} ${END} ${TRAILING}`)))).toEqual([["7fe00010", 28], ["fffcfffc", 2]]);
  });

  test("is not loaded, however long it is", () => {
    const long = Buffer.concat([hex(`${PIXELS} ${TABLE} feff00e0 00006000`), Buffer.alloc(0x600000), hex(END)]);
    const file = part10(RLE, long);
    let bytesRead = 0;
    const counted: SourceFile = {
      ...file,
      read(into, position) {
        const count = file.read(into, position);
        bytesRead += count;
        return count;
      },
    };
    expect(scan(counted)).toEqual([["7fe00010", long.length - 12]]);
    expect(bytesRead).toBeLessThan(64 * 1024);
  });

  test.each([
    ["without its end", `${PIXELS} ${TABLE} ${FRAGMENT}`, "TRUNCATED_PIXEL_DATA"],
    ["cut in a fragment", `${PIXELS} ${TABLE} feff00e0 04000000 0102`, "TRUNCATED_PIXEL_DATA"],
    ["cut in the header of a fragment", `${PIXELS} ${TABLE} feff00e0`, "TRUNCATED_PIXEL_DATA"],
    ["without a Basic Offset Table", `${PIXELS} ${END}`, "MALFORMED_FILE"],
    ["with something else than an item in it", `${PIXELS} ${TABLE} 00ff00e0 04000000 01020304 ${END}`, "MALFORMED_FILE"],
    ["with a fragment of undefined length", `${PIXELS} ${TABLE} feff00e0 ffffffff ${END}`, "MALFORMED_FILE"],
    ["of defined length", "e07f1000 4f42 0000 04000000 01020304", "MALFORMED_FILE"],
  ])("is refused %s", (_, bytes, code) => {
    expect(scan(part10(RLE, hex(bytes)))).toMatch(new RegExp(`^${code}`));
  });

  test("is refused in an uncompressed data set", () => {
    expect(scan(part10("1.2.840.10008.1.2.1", hex(`${PIXELS} ${TABLE} ${FRAGMENT} ${END}`)))).toMatch(/undefined length in an uncompressed data set/);
  });

  test("is refused when it has more than 100 000 fragments", () => {
    expect(scan(part10(RLE, hex(`${PIXELS} ${"feff00e0 00000000".repeat(100_002)} ${END}`)))).toMatch(/more than 100000 fragments/);
  });
});

describe("whatever the bytes", () => {
  const fragments = hex("e07f1000 4f42 0000 ffffffff | feff00e0 00000000 | feff00e0 04000000 01020304 | feffdde0 00000000");
  const seeds = [
    part10("1.2.840.10008.1.2.1", LITTLE),
    part10("1.2.840.10008.1.2.1.99", deflateRawSync(LITTLE)),
    part10("1.2.840.10008.1.2.2", BIG),
    part10("1.2.840.10008.1.2.5", Buffer.concat([LITTLE.subarray(0, LITTLE.length - 20), fragments])),
    fileOf(LITTLE),
    fileOf(IMPLICIT),
    fileOf(BIG),
  ].map((file) => {
    const bytes = new Uint8Array(file.size);
    file.read(bytes, 0);
    return bytes;
  });

  test("a seed is read whole, and refused when it is cut anywhere behind its first element", () => {
    for (const seed of seeds) {
      expect(scan(fileOf(seed))).toBeInstanceOf(Array);
      for (let cut = 0; cut < seed.length; cut++) {
        const found = scan(fileOf(seed.subarray(0, cut)));
        // What ends with a whole element is a whole file, without Pixel Data.
        if (typeof found !== "string") expect(found.some(([tag]) => tag === "7fe00010"), `cut at ${cut}`).toBe(false);
      }
    }
  });

  test("there is a HilumError or a table inside of the file", () => {
    const mutation = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...seeds), mutation, (seed, changes) => {
        const bytes = seed.slice();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        scan(fileOf(bytes));
      }),
      { numRuns: 3000 },
    );
  });
});
