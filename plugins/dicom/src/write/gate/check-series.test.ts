import { crc32 } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { createElementTable, findElement } from "../../scan/element-table.ts";
import { scanDataSet } from "../../scan/scan-data-set.ts";
import { CT_IMAGE_STORAGE, handBuiltSeries, PET_IMAGE_STORAGE, SERIES_UID, type HandBuiltOptions } from "../hand-built-series.test-support.ts";
import { put } from "../splice.ts";
import type { DicomWriteOptions } from "../write-options.ts";
import { dataSetStart, edited, patched, remove, ruleBrokenBy, text, us, writtenSeries, type Written } from "./planted-faults.test-support.ts";

const written = (built: HandBuiltOptions, options: Partial<DicomWriteOptions> = {}): Promise<Written> => writtenSeries(handBuiltSeries(built), options);

/** A file with something else in its file meta information, of the same length. */
function metaReplaced(file: Buffer, from: string, to: string): Buffer {
  const bytes = Buffer.from(file);
  const at = bytes.indexOf(from, 132, "latin1");
  expect(at).toBeGreaterThan(0);
  expect(at + to.length).toBeLessThanOrEqual(dataSetStart(bytes));
  bytes.write(to, at, "latin1");
  return bytes;
}

const MR: HandBuiltOptions = {
  slices: 3,
  elements: [
    { tag: 0x00280106, vr: "SS", numbers: [0] },
    { tag: 0x00280107, vr: "SS", numbers: [0] },
    { tag: 0x00281055, vr: "LO", text: "ALGO1" },
  ],
};

/** Every fault: how it comes into the files, and the rule that has to name it. */
const FAULTS: readonly (readonly [fault: string, rule: string, plant: (files: readonly Buffer[]) => readonly (Buffer | undefined)[]])[] = [
  ["a SOP Instance UID twice", "SOP Instance UIDs are unique", ([a, , c]) => [a, a, c]],
  ["another SOP Instance UID", "SOP Instance UID is the derived one", ([a, ...more]) => [edited(a as Buffer, text(0x00080018, "UI", "1.2.3")), ...more]],
  [
    "a wrong (0002,0003)",
    "Media Storage SOP Instance UID is the SOP Instance UID",
    ([a, ...more]) => [patchedMeta(a as Buffer, 0x00020003), ...more],
  ],
  ["a wrong (0002,0002)", "Media Storage SOP Class UID is the SOP Class UID", ([a, ...more]) => [metaReplaced(a as Buffer, "5.1.4.1.1.4", "5.1.4.1.1.2"), ...more]],
  ["a wrong transfer syntax", "the Transfer Syntax is that of the data set", ([a, ...more]) => [metaReplaced(a as Buffer, "1.2.840.10008.1.2.1\0", "1.2.840.10008.1.2.5\0"), ...more]],
  ["another implementation", "the Implementation Class is the writer's own", ([a, ...more]) => [metaReplaced(a as Buffer, "2.25.7621", "2.25.7622"), ...more]],
  ["a stale smallest value", "smallest and largest pixel value are those of the pixels", ([a, ...more]) => [edited(a as Buffer, us(0x00280106, "SS", 1)), ...more]],
  ["a stale largest value", "smallest and largest pixel value are those of the pixels", ([a, ...more]) => [edited(a as Buffer, us(0x00280107, "SS", 9)), ...more]],
  ["US where SS belongs", "the VR of pixel values follows Pixel Representation", ([a, ...more]) => [edited(a as Buffer, us(0x00280106, "US", 0)), ...more]],
  ["a second window width", "windows are the template's", ([a, ...more]) => [edited(a as Buffer, text(0x00281051, "DS", "80\\90")), ...more]],
  ["a slice upside down", "Pixel Data holds the stored values of its own slice", ([a, ...more]) => [patched(a as Buffer, 0x7fe00010, (pixels) => pixels.swap16().reverse()), ...more]],
  [
    "the pixels of a neighbour",
    "Pixel Data holds the stored values of its own slice",
    ([a, b, c]) => [patched(a as Buffer, 0x7fe00010, (pixels) => (b as Buffer).copy(pixels, 0, (b as Buffer).length - 18)), b, c],
  ],
  ["one row less of pixels", "Pixel Data has the length of its image", ([a, ...more]) => [edited(a as Buffer, put({ tag: 0x7fe00010, vr: "OW", value: Buffer.alloc(12) })), ...more]],
  ["other Bits Stored", "Bits Allocated, Bits Stored, High Bit and Pixel Representation are those of the stored values", ([a, ...more]) => [edited(a as Buffer, us(0x00280101, "US", 12)), ...more]],
  ["a lost private element", "private elements are the template's", ([a, ...more]) => [edited(a as Buffer, remove(0x00091001)), ...more]],
  ["a changed private sequence", "private elements are the template's", ([a, ...more]) => [patched(a as Buffer, 0x00091002, (value) => value.fill(0x41, value.length - 2)), ...more]],
  ["an acquisition time of now", "times and units of the acquisition are the template's", ([a, ...more]) => [edited(a as Buffer, text(0x00080032, "TM", "101119")), ...more]],
  ["a series time of now", "times and units of the acquisition are the template's", ([a, ...more]) => [edited(a as Buffer, remove(0x00080031)), ...more]],
  ["another patient", "the patient is the template's", ([a, ...more]) => [patched(a as Buffer, 0x00100010, (name) => name.fill(0x58, 0, 1)), ...more]],
  ["another frame of reference", "Frame of Reference UID is the template's", ([a, ...more]) => [edited(a as Buffer, text(0x00200052, "UI", "1.2.9")), ...more]],
  ["another position", "place, orientation and spacing are the template's", ([a, ...more]) => [edited(a as Buffer, text(0x00200032, "DS", "1.5\\-2.5\\9")), ...more]],
  ["another orientation", "place, orientation and spacing are the template's", ([a, ...more]) => [edited(a as Buffer, text(0x00200037, "DS", "-1\\0\\0\\0\\1\\0")), ...more]],
  ["an Image Type of two values", "Image Type says DERIVED, and keeps or completes its other values", ([a, ...more]) => [edited(a as Buffer, text(0x00080008, "CS", "DERIVED\\PRIMARY")), ...more]],
  ["an Image Type of an original", "Image Type says DERIVED, and keeps or completes its other values", ([a, ...more]) => [edited(a as Buffer, text(0x00080008, "CS", "ORIGINAL\\PRIMARY\\OTHER")), ...more]],
  ["no source", "Source Image Sequence names the template instance first, and why", ([a, ...more]) => [edited(a as Buffer, remove(0x00082112)), ...more]],
  ["another source", "Source Image Sequence names the template instance first, and why", ([a, ...more]) => [patched(a as Buffer, 0x00082112, (value) => value.write("9", value.indexOf(`${SERIES_UID}.1`), "latin1")), ...more]],
  ["equipment without a purpose", "Contributing Equipment Sequence keeps what it had, and names the writer with its purpose", ([a, ...more]) => [patched(a as Buffer, 0x0018a001, (value) => value.write("109103", value.indexOf("109102"), "latin1")), ...more]],
  ["a file too few", "the series has the files that it should have, and no other", ([a, b]) => [a, b]],
  ["an empty file", "every file is there and whole", ([a, b]) => [a, b, Buffer.alloc(0)]],
  ["a cut file", "every file is there and whole", ([a, b, c]) => [a, b, (c as Buffer).subarray(0, -4)]],
  ["a byte too many", "tags ascend, each once, and every length fits", ([a, b, c]) => [a, b, Buffer.concat([c as Buffer, Buffer.of(0)])]],
  ["another series in one file", "all instances have the one Series Instance UID", ([a, ...more]) => [edited(a as Buffer, text(0x0020000e, "UI", "1.2.3.4.5")), ...more]],
  ["a program in the preamble", "the preamble is 128 zeros", ([a, ...more]) => [Buffer.concat([Buffer.from("MZ"), (a as Buffer).subarray(2)]), ...more]],
  ["no DICM", "the file is DICOM Part 10", ([a, ...more]) => [Buffer.concat([Buffer.alloc(132), (a as Buffer).subarray(132)]), ...more]],
  ["tags out of order", "tags ascend, each once, and every length fits", ([a, ...more]) => [swappedTags(a as Buffer), ...more]],
  ["a wrong group length", "the group length of the file meta information is right", ([a, ...more]) => [withGroupLength(a as Buffer, 12), ...more]],
  ["a table of offsets", "nothing stale is left", ([a, ...more]) => [edited(a as Buffer, put({ tag: 0x7fe00001, vr: "OV", value: Buffer.alloc(8) })), ...more]],
  ["no Content Date any more", "what the template says and a derived image says anew is still said", ([a, ...more]) => [edited(a as Buffer, remove(0x00080023)), ...more]],
  ["another Derivation Description", "every byte is the one that was written", ([a, ...more]) => [patched(a as Buffer, 0x00082111, (value) => value.fill("x", 0, 1)), ...more]],
  ["an icon", "nothing stale is left", ([a, ...more]) => [edited(a as Buffer, put({ tag: 0x00880200, vr: "SQ", value: Buffer.alloc(0) })), ...more]],
  ["something that nobody meant", "nothing is added but what a derived image says", ([a, ...more]) => [edited(a as Buffer, text(0x00104000, "LO", "x")), ...more]],
  ["a Rescale Slope where there was none", "nothing is added but what a derived image says", ([a, ...more]) => [edited(a as Buffer, text(0x00281053, "DS", "2")), ...more]],
  ["lossy compression that never was", "lossy compression is told for ever", ([a, ...more]) => [edited(a as Buffer, text(0x00282110, "CS", "01")), ...more]],
  ["a Series Number of 13 digits", "a IS has its form and at most 12 characters", ([a, ...more]) => [edited(a as Buffer, text(0x00200011, "IS", "1234567890123")), ...more]],
  ["a Series Description of 65 characters", "a LO has its form and at most 64 characters", ([a, ...more]) => [edited(a as Buffer, text(0x0008103e, "LO", "x".repeat(65))), ...more]],
  ["a UI with a leading zero", "all instances have the one Series Instance UID", ([a, ...more]) => [edited(a as Buffer, text(0x0020000e, "UI", "1.02")), ...more]],
];

function patchedMeta(file: Buffer, tag: number): Buffer {
  const bytes = Buffer.from(file);
  const table = createElementTable(16);
  scanDataSet(bytes, { bytesStart: 0, from: 132, fileSize: dataSetStart(bytes), explicitVr: true }, table);
  const at = (table.valueEnd[findElement(table, tag)] as number) - 1;
  bytes[at] = bytes[at] === 0x31 ? 0x32 : 0x31;
  return bytes;
}

function swappedTags(file: Buffer): Buffer {
  const bytes = Buffer.from(file);
  const table = createElementTable();
  scanDataSet(bytes, { bytesStart: 0, from: dataSetStart(bytes), fileSize: bytes.length, explicitVr: true }, table);
  const [first, second, after] = [0x00080021, 0x00080023].map((tag) => table.start[findElement(table, tag)] as number).concat(table.end[findElement(table, 0x00080023)] as number) as [number, number, number];
  const swapped = Buffer.concat([bytes.subarray(second, after), bytes.subarray(first, second)]);
  swapped.copy(bytes, first);
  return bytes;
}

function withGroupLength(file: Buffer, less: number): Buffer {
  const bytes = Buffer.from(file);
  bytes.writeUInt32LE(bytes.readUInt32LE(140) - less, 140);
  return bytes;
}

describe("the write gate", () => {
  let series: Written;
  beforeAll(async () => {
    series = await written(MR);
  });

  it("lets a series through as it was written", async () => {
    expect(await ruleBrokenBy(series, series.files)).toBe("none");
  });

  it.each(FAULTS)("finds %s: %s", async (_fault, rule, plant) => {
    expect(await ruleBrokenBy(series, plant(series.files))).toBe(rule);
  });

  it("finds every flipped bit, in whatever the header says", async () => {
    const one = await written({ slices: 1 });
    const [file] = one.files as [Buffer];
    const unseen: number[] = [];
    for (let bit = 0; bit < 8 * file.length; bit++) {
      const bytes = Buffer.from(file);
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      if ((await ruleBrokenBy(one, [bytes])) === "none") unseen.push(bit);
    }
    expect(unseen).toEqual([]);
  });

  it("finds a file that nobody wrote", async () => {
    expect(await ruleBrokenBy(series, series.files, [series.files[0] as Buffer])).toBe("the series has the files that it should have, and no other");
  });

  it("finds slices that do not ascend", async () => {
    const { expected, ...rest } = series;
    const instances = expected.instances.map((instance, i) => ({ ...instance, frames: [{ ...instance.frames[0], slice: 2 - i }] as const }));
    expect(await ruleBrokenBy({ ...rest, expected: { ...expected, instances } }, series.files)).toBe("slices ascend in each phase");
  });

  it("finds a Series Instance UID that is the source's", async () => {
    const files = series.files.map((file) => edited(file, text(0x0020000e, "UI", SERIES_UID)));
    expect(await ruleBrokenBy({ ...series, expected: { ...series.expected, seriesInstanceUID: SERIES_UID } }, files)).toBe("Series Instance UID is new");
  });

  it("finds bits beside the stored ones, and a template's overlay in them", async () => {
    const twelve = await written({ slices: 1, pixel: { bitsStored: 12, highBit: 11, signed: false } });
    const [file] = twelve.files as [Buffer];
    // The checksum is taken along, so that the bits alone are what is wrong.
    const stray = patched(file, 0x7fe00010, (pixels) => pixels.writeUInt8(0x10, 1));
    const checksum = crc32(stray.subarray(-18));
    const instances = twelve.expected.instances.map((instance) => ({ ...instance, frames: [{ ...instance.frames[0], checksum }] as const }));
    const expected = { ...twelve.expected, instances };
    expect(await ruleBrokenBy({ ...twelve, expected }, [stray])).toBe("no bits but the stored ones are set");
  });

  it("finds that a history of lossy compression was lost", async () => {
    const lossy = await written({ slices: 1, elements: [{ tag: 0x00282110, vr: "CS", text: "01" }] });
    expect(await ruleBrokenBy(lossy, lossy.files)).toBe("none");
    expect(await ruleBrokenBy(lossy, lossy.files.map((file) => edited(file, remove(0x00282110))))).toBe("lossy compression is told for ever");
  });

  describe("with compressed pixels", () => {
    /** A file with the value of its Pixel Data, fragments and all, changed in place. */
    const inFragments = (file: Buffer, change: (value: Buffer) => void): Buffer => {
      const bytes = Buffer.from(file);
      change(bytes.subarray(bytes.lastIndexOf(Buffer.from("e07f10004f420000ffffffff", "hex")) + 12));
      return bytes;
    };
    /** Where the codestream begins in the value: behind a Basic Offset Table of one frame and the header of its item. */
    const CODESTREAM = 20;

    it.each<[string, string, (file: Buffer) => Buffer]>([
      ["another value in a literal run", "Pixel Data holds the stored values of its own slice", (file) => inFragments(file, (value) => value.writeUInt8(value.readUInt8(CODESTREAM + 70) ^ 1, CODESTREAM + 70))],
      ["segments that end early", "every value can be read", (file) => inFragments(file, (value) => value.writeUInt32LE(3, CODESTREAM))],
      ["an offset that is not of the frame", "Pixel Data is a Basic Offset Table and one fragment of even length for each frame", (file) => inFragments(file, (value) => value.writeUInt32LE(2, 8))],
      ["no delimitation", "every file is there and whole", (file) => file.subarray(0, file.length - 8)],
      ["a fragment that is an item no more", "tags ascend, each once, and every length fits", (file) => inFragments(file, (value) => value.writeUInt8(0x11, 14))],
      ["native pixels", "compressed Pixel Data lies in fragments", (file) => edited(file.subarray(0, file.lastIndexOf(Buffer.from("e07f1000", "hex"))), put({ tag: 0x7fe00010, vr: "OW", value: Buffer.alloc(18) }))],
    ])("finds %s: %s", async (_fault, rule, plant) => {
      const rle = await written({ slices: 1 }, { compress: "rle" });
      expect(await ruleBrokenBy(rle, rle.files)).toBe("none");
      expect(await ruleBrokenBy(rle, rle.files.map(plant))).toBe(rule);
    });

    it.each(["jpeg-ls", "j2k", "htj2k"] as const)("finds another codestream of %s", async (compress) => {
      const [own, other] = [await written({ slices: 1 }, { compress }), await written({ slices: 1, stored: () => [9, 8, 7, 6, 5, 4, 3, 2, 1] }, { compress })];
      expect(await ruleBrokenBy(own, own.files)).toBe("none");
      const pixelsOf = (file: Buffer): number => file.lastIndexOf(Buffer.from("e07f10004f42", "hex"));
      const [file, donor] = [own.files[0] as Buffer, other.files[0] as Buffer];
      const swapped = Buffer.concat([file.subarray(0, pixelsOf(file)), donor.subarray(pixelsOf(donor))]);
      expect(await ruleBrokenBy(own, [swapped])).toBe("Pixel Data holds the stored values of its own slice");
    });

    it("finds fragments where native pixels were meant", async () => {
      const [native, rle] = [await written({ slices: 1 }), await written({ slices: 1 }, { compress: "rle" })];
      const head = (file: Buffer): number => file.lastIndexOf(Buffer.from("e07f1000", "hex"));
      const [file, donor] = [native.files[0] as Buffer, rle.files[0] as Buffer];
      expect(await ruleBrokenBy(native, [Buffer.concat([file.subarray(0, head(file)), donor.subarray(head(donor))])])).toBe("Pixel Data is native");
    });
  });

  describe("with slopes of its own", () => {
    const rescale = "Rescale Slope and Intercept are those of the stored values";
    const modality = (value: string): HandBuiltOptions["elements"] => [{ tag: 0x00080060, vr: "CS", text: value }];

    it.each<[string, string, (file: Buffer) => Buffer]>([
      ["a slope of 17 bytes", "a DS has its form and at most 16 characters", (file) => edited(file, text(0x00281053, "DS", "0.0001220740379000"))],
      ["another slope", rescale, (file) => edited(file, text(0x00281053, "DS", "2"))],
      ["another intercept", rescale, (file) => edited(file, text(0x00281052, "DS", "1"))],
      ["no slope", rescale, (file) => edited(file, remove(0x00281053))],
      ["a padding value", "Pixel Padding Value is that of the stored values", (file) => edited(file, us(0x00280120, "SS", 5))],
      ["two windows of one explanation", "Window Center, Width and Explanation have as many values", (file) => edited(file, text(0x00281050, "DS", "1\\2"), text(0x00281051, "DS", "1\\2"))],
      ["a mapping of the template's values", "nothing stale is left", (file) => edited(file, put({ tag: 0x00409096, vr: "SQ", value: Buffer.alloc(0) }))],
    ])("finds %s: %s", async (_fault, rule, plant) => {
      const ct = await written({ slices: 1, sopClassUID: CT_IMAGE_STORAGE, elements: [...(modality("CT") ?? []), { tag: 0x00281055, vr: "LO", text: "ALGO1" }] }, { rescale: "full-range" });
      expect(await ruleBrokenBy(ct, ct.files)).toBe("none");
      expect(await ruleBrokenBy(ct, ct.files.map(plant))).toBe(rule);
    });

    it("finds an intercept of PET that is not 0, whatever was meant", async () => {
      const pet = await written({ slices: 1, sopClassUID: PET_IMAGE_STORAGE, elements: modality("PT") ?? [] }, { rescale: "full-range" });
      expect(await ruleBrokenBy(pet, pet.files)).toBe("none");
      const files = pet.files.map((file) => edited(file, text(0x00281052, "DS", "5")));
      const instances = pet.expected.instances.map((instance) => {
        const [{ form, ...frame }] = instance.frames;
        return { ...instance, frames: [{ ...frame, form: { ...form, format: { ...form.format, modalityLut: { ...form.format.modalityLut, offset: 5 } } } }] as const };
      });
      expect(await ruleBrokenBy({ ...pet, expected: { ...pet.expected, instances } }, files)).toBe("the Rescale Intercept of PET is 0");
    });

    it("finds another slope in a Real World Value Mapping, and a Rescale Slope beside it", async () => {
      const mr = await written({ slices: 1 }, { rescale: "mr-rwvm" });
      expect(await ruleBrokenBy(mr, mr.files)).toBe("none");
      expect(await ruleBrokenBy(mr, mr.files.map((file) => patched(file, 0x00409096, (value) => value.writeDoubleLE(7, value.length - 8))))).toBe(rescale);
      expect(await ruleBrokenBy(mr, mr.files.map((file) => edited(file, text(0x00281053, "DS", "1"))))).toBe("nothing stale is left");
    });
  });
});
