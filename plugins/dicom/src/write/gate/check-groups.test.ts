import { encodeDataSet, type DataSet } from "@hilum/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { createElementTable } from "../../scan/element-table.ts";
import { scanDataSet } from "../../scan/scan-data-set.ts";
import { editItems } from "../edit-items.ts";
import { enhancedDataSet, frameType, group, opened, PLANE, type BuiltFrame, type EnhancedOptions } from "../hand-built-enhanced.test-support.ts";
import { put, type ElementEdit } from "../splice.ts";
import { dataSetStart, edited, patched, remove, ruleBrokenBy, text, us, writtenSeries, type Written } from "./planted-faults.test-support.ts";

const SHARED = 0x52009229;
const PER_FRAME = 0x52009230;
const EXPLICIT = { transferSyntax: "explicit", sequenceLength: "defined", textEncoding: "latin1" } as const;

const FRAMES: readonly BuiltFrame[] = [{ z: 8, slope: 2 }, { z: 0, slope: 3 }, { z: 4, slope: 0.5 }].map((frame) => ({ ...frame, groups: [frameType("ORIGINAL\\PRIMARY\\VOLUME\\NONE")] }));
const EARLIER = group(0x00089124, { tag: 0x00082111, vr: "ST", text: "Averaged" });
const EXTREMES: DataSet = [
  { tag: 0x00280106, vr: "SS", numbers: [0] },
  { tag: 0x00280107, vr: "SS", numbers: [0] },
];

const written = async (options: EnhancedOptions = {}): Promise<Written> => writtenSeries(await opened([enhancedDataSet(FRAMES, { shared: PLANE, elements: EXTREMES, ...options })]));

/** A file with elements changed in the items of sequences, one inside the other. */
function within(file: Buffer, path: readonly number[], frame: number, edits: readonly ElementEdit[]): Buffer {
  const table = createElementTable();
  scanDataSet(file, { bytesStart: 0, from: dataSetStart(file), fileSize: file.length, explicitVr: true }, table);
  const [sequence, ...inner] = path as [number, ...number[]];
  return edited(
    file,
    ...editItems({ bytes: file, table, explicitVr: true }, sequence, (item, index) => {
      if (index !== frame) return [];
      return inner.length === 0 ? edits : editItems(item, inner[0] as number, () => edits);
    }),
  );
}
/** A file with the bytes of an element in place of those of another, in one of the places where they stand. */
function replaced(file: Buffer, from: DataSet, to: DataSet, occurrence = 0): Buffer {
  const [before, after] = [from, to].map((dataSet) => Buffer.from(encodeDataSet(dataSet, EXPLICIT))) as [Buffer, Buffer];
  expect(after.length).toBe(before.length);
  let at = file.indexOf(before);
  for (let n = 0; n < occurrence; n++) at = file.indexOf(before, at + 1);
  expect(at).toBeGreaterThan(0);
  return Buffer.concat([file.subarray(0, at), after, file.subarray(at + after.length)]);
}

const PLACE = "place, orientation and spacing are the template's";
const DERIVATION = "the derivation of each frame keeps what it had, and names the template's frame first, and why";
const EVIDENCE = "Source Image Evidence Sequence keeps what it had, and names the template instance by its study and series";

const FAULTS: readonly (readonly [fault: string, rule: string, plant: (file: Buffer) => Buffer])[] = [
  ["a Frame Type of an original", "Frame Type says DERIVED, and keeps its other values", (file) => within(file, [PER_FRAME, 0x00189226], 1, [text(0x00089007, "CS", "ORIGINAL\\PRIMARY\\VOLUME\\NONE")])],
  ["a Frame Type of another flavour", "Frame Type says DERIVED, and keeps its other values", (file) => within(file, [PER_FRAME, 0x00189226], 2, [text(0x00089007, "CS", "DERIVED\\PRIMARY\\ANGIO\\NONE")])],
  ["no Frame Type any more", "what the template says and a derived image says anew is still said", (file) => within(file, [PER_FRAME, 0x00189226], 0, [remove(0x00089007)])],
  ["a lost private element of a frame", "private elements are the template's", (file) => within(file, [PER_FRAME], 1, [remove(0x00211001)])],
  ["another place of a frame", PLACE, (file) => within(file, [PER_FRAME, 0x00209113], 1, [text(0x00200032, "DS", "1.5\\-2.5\\1")])],
  ["the places of two frames exchanged", PLACE, (file) => within(within(file, [PER_FRAME, 0x00209113], 0, [text(0x00200032, "DS", "1.5\\-2.5\\0")]), [PER_FRAME, 0x00209113], 1, [text(0x00200032, "DS", "1.5\\-2.5\\8")])],
  ["another shared orientation", PLACE, (file) => within(file, [SHARED, 0x00209116], 0, [text(0x00200037, "DS", "-1\\0\\0\\0\\1\\0")])],
  ["another slope of a frame", "Rescale Slope and Intercept are those of the stored values", (file) => within(file, [PER_FRAME, 0x00289145], 2, [text(0x00281053, "DS", "9")])],
  ["a frame without a derivation", DERIVATION, (file) => within(file, [PER_FRAME], 2, [remove(0x00089124)])],
  ["another source frame", DERIVATION, (file) => replaced(file, [{ tag: 0x00081160, vr: "IS", text: "2" }], [{ tag: 0x00081160, vr: "IS", text: "3" }])],
  ["another source instance", DERIVATION, (file) => replaced(file, [{ tag: 0x00081155, vr: "UI", text: "1.2.3.4.1" }], [{ tag: 0x00081155, vr: "UI", text: "1.2.3.4.9" }], 1)],
  ["another purpose", DERIVATION, (file) => replaced(file, [{ tag: 0x00080100, vr: "SH", text: "121322" }], [{ tag: 0x00080100, vr: "SH", text: "121320" }])],
  ["a derivation beside those of the frames", DERIVATION, (file) => within(file, [SHARED], 0, [put({ tag: 0x00089124, vr: "SQ", value: Buffer.alloc(0) })])],
  ["a frame's groups too few", "sequences have as many items as the template's", (file) => edited(file, put({ tag: PER_FRAME, vr: "SQ", value: Buffer.from("feff00e000000000", "hex") }))],
  ["no groups of frames", "what the template says and a derived image says anew is still said", (file) => edited(file, remove(PER_FRAME))],
  ["evidence of another study", EVIDENCE, (file) => replaced(file, [{ tag: 0x0020000d, vr: "UI", text: "1.2.3" }], [{ tag: 0x0020000d, vr: "UI", text: "1.2.4" }])],
  ["no evidence", EVIDENCE, (file) => edited(file, remove(0x00089154))],
  ["another number of frames", "every other element has the template's bytes", (file) => edited(file, text(0x00280008, "IS", "2"))],
  ["two frames exchanged", "Pixel Data holds the stored values of its own slice", (file) => patched(file, 0x7fe00010, (pixels) => pixels.set(Buffer.concat([pixels.subarray(12, 24), pixels.subarray(0, 12)])))],
  ["a frame too few", "Pixel Data has the length of its image", (file) => edited(file, put({ tag: 0x7fe00010, vr: "OW", value: Buffer.alloc(24) }))],
  ["a cut frame", "every file is there and whole", (file) => file.subarray(0, -4)],
  ["the largest value of the first frame alone", "smallest and largest pixel value are those of the pixels", (file) => edited(file, us(0x00280107, "SS", 5))],
  ["a Derivation Description at the top level", "nothing is added but what a derived image says", (file) => edited(file, text(0x00082111, "LO", "x"))],
];

describe("the write gate, of an enhanced instance", () => {
  let series: Written;
  beforeAll(async () => {
    series = await written();
  });

  it("lets it through as it was written", async () => {
    expect(await ruleBrokenBy(series, series.files)).toBe("none");
  });

  it.each(FAULTS)("finds %s: %s", async (_fault, rule, plant) => {
    expect(await ruleBrokenBy(series, series.files.map(plant))).toBe(rule);
  });

  it("finds that an earlier derivation was lost", async () => {
    const derived = await written({ shared: [EARLIER, ...PLANE] });
    expect(await ruleBrokenBy(derived, derived.files)).toBe("none");
    const lost = (file: Buffer): Buffer => replaced(file, [{ tag: 0x00082111, vr: "ST", text: "Averaged" }], [{ tag: 0x00082111, vr: "ST", text: "Bveraged" }], 1);
    expect(await ruleBrokenBy(derived, derived.files.map(lost))).toBe(DERIVATION);
  });

  it("finds every flipped bit, in whatever the groups say", async () => {
    const [file] = series.files as [Buffer];
    const unseen: number[] = [];
    for (let byte = 132; byte < file.length; byte++) {
      const bytes = Buffer.from(file);
      bytes.writeUInt8(bytes.readUInt8(byte) ^ (1 << (byte & 7)), byte);
      if ((await ruleBrokenBy(series, [bytes])) === "none") unseen.push(byte);
    }
    expect(unseen).toEqual([]);
  });

  it("finds frames that do not lie where the series has them", async () => {
    const instances = series.expected.instances.map((instance) => {
      const [first, second, third] = instance.frames as readonly [typeof instance.frames[0], typeof instance.frames[0], typeof instance.frames[0]];
      return { ...instance, frames: [{ ...first, imagePosition: second.imagePosition }, { ...second, imagePosition: first.imagePosition }, third] as const };
    });
    expect(await ruleBrokenBy({ ...series, expected: { ...series.expected, instances } }, series.files)).toBe("every frame lies where the template's does");
  });
});
