import { codecContext, memorySource, type DataElement } from "@hilum/testing";
import { describe, expect, it } from "vitest";
import { dicomReader } from "../read/dicom-reader.ts";
import { createElementTable, findElement } from "../scan/element-table.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import { asDicomSeries } from "../series/dicom-instance.ts";
import { edited, patched, remove, ruleBrokenBy, text, writtenSeries } from "./gate/planted-faults.test-support.ts";
import { openedFiles } from "./hand-built-enhanced.test-support.ts";
import { CT_IMAGE_STORAGE, handBuiltSeries, SERIES_UID, type HandBuiltOptions, type HandBuiltSeries } from "./hand-built-series.test-support.ts";
import { put } from "./splice.ts";
import { BLUR, textsOf, write, type Changes } from "./write-hand-built.test-support.ts";

const PARAMETRIC_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.30";
const FLOAT_PIXEL_DATA = 0x7fe00008;

/** What PS3.3 has in an MR image and a hand-built series leaves out. */
const PLANE: readonly DataElement[] = [
  { tag: 0x00080020, vr: "DA", text: "20200101" },
  { tag: 0x00180050, vr: "DS", text: "4.0" },
  { tag: 0x00080070, vr: "LO", text: "VENDOR" },
  { tag: 0x0020000d, vr: "UI", text: "1.2.3" },
  { tag: 0x00280030, vr: "DS", text: "0.50\\0.50" },
];

function series(options: HandBuiltOptions = {}): HandBuiltSeries {
  return handBuiltSeries({ ...options, elements: [...PLANE, ...(options.elements ?? [])] });
}

const float = { rescale: "float" } as const;
const writeMap = (built: HandBuiltSeries, changes: Changes = {}) => write(built, { ...changes, options: { ...float, ...changes.options } });

function rowOf(bytes: Buffer, tag: number, explicitVr = true): Buffer | undefined {
  const table = createElementTable();
  scanDataSet(bytes, { bytesStart: 0, from: 144 + bytes.readUInt32LE(140), fileSize: bytes.length, explicitVr }, table);
  const row = findElement(table, tag);
  return row < 0 ? undefined : bytes.subarray(table.value[row], table.valueEnd[row]);
}

function floatsOf(bytes: Buffer, explicitVr = true): number[] {
  const value = rowOf(bytes, FLOAT_PIXEL_DATA, explicitVr) ?? Buffer.alloc(0);
  return Array.from({ length: value.length / 4 }, (_, i) => value.readFloatLE(4 * i));
}

const REALS = [0.1, -1e-30, 1e30, 1 / 3, -0, 7, 3.4028234663852886e38, 1e-45, 2].map(Math.fround);

describe("a series with rescale float", () => {
  it.each(["explicit", "implicit"] as const)("becomes an instance for each phase that holds its real values, one slice behind the other, in %s VR", async (transferSyntax) => {
    const built = series({ phases: 2, slices: 2, encoding: { transferSyntax } });
    const voxels = [0, 1, 2, 3].map((frame) => Float32Array.from(REALS, (value) => (frame === 0 ? value : frame)));
    const { bytes, files, summary } = await writeMap(built, { voxels });
    expect([...files.keys()]).toEqual(["PM-01.dcm", "PM-02.dcm"]);
    expect(bytes.map((file) => floatsOf(file, transferSyntax === "explicit"))).toEqual([
      [...REALS, ...Array.from({ length: 9 }, () => 1)],
      [...Array.from({ length: 9 }, () => 2), ...Array.from({ length: 9 }, () => 3)],
    ]);
    expect(summary).toMatchObject({ facts: { instances: 2, clippedVoxels: 0, maxQuantisationError: 0, rescale: "float" } });
    expect(summary?.instances?.map(({ name, sourceSOPInstanceUID }) => [name, sourceSOPInstanceUID])).toEqual(
      ["PM-01.dcm", "PM-01.dcm", "PM-02.dcm", "PM-02.dcm"].map((name, i) => [name, `${SERIES_UID}.${i + 1}`]),
    );
  });

  it("is a Parametric Map of the template's patient, study and frame of reference, and has nothing else of it", async () => {
    const [file] = (await writeMap(series())).bytes as [Buffer];
    const texts = textsOf(file);
    expect(texts(0x00080016)).toBe(PARAMETRIC_MAP_STORAGE);
    expect(texts(0x00080008)).toBe(String.raw`DERIVED\PRIMARY\VOLUME\QUANTITY`);
    expect([texts(0x00100010), texts(0x0020000d), texts(0x00200052), texts(0x00080020)]).toEqual(["Größe^Äon", "1.2.3", `${SERIES_UID}.0`, "20200101"]);
    expect(file.includes("VENDOR\0\0")).toBe(false);
    expect([rowOf(file, 0x00091001), rowOf(file, 0x00080031), rowOf(file, 0x7fe00010), rowOf(file, 0x00280101)]).toEqual([undefined, undefined, undefined, undefined]);
    // Type 1 in Enhanced General Equipment (C.7.5.2), and type 2 where the template has nothing.
    for (const tag of [0x00080070, 0x00081090, 0x00181000, 0x00181020]) expect(texts(tag)).toBeTruthy();
    expect(rowOf(file, 0x00080050)).toHaveLength(0);
  });

  it("is read back to the same values at the same places, by the reader", async () => {
    const built = series({ phases: 2, slices: 3 });
    const { files } = await writeMap(built, { voxels: Array.from({ length: 6 }, (_, frame) => Float32Array.from(REALS, (value) => (frame % 2 === 0 ? value : frame))) });
    const source = memorySource([...files].map(([name, file]) => ({ name, bytes: file.bytes() })), { kind: "directory" });
    const [read] = await dicomReader.open(source, { padding: "auto" }, codecContext());
    expect(read?.phases).toHaveLength(2);
    expect(read?.volume.geometry).toMatchObject({ size: [3, 3, 3], spacing: [0.5, 0.5, 4], origin: [1.5, -2.5, 0] });
    expect(read?.volume.voxel.componentType).toBe("float32");
  });

  it("puts padding back as padding, and says which value it is", async () => {
    const built = series({ slices: 1, sopClassUID: CT_IMAGE_STORAGE });
    const padded = asDicomSeries({
      ...built.series,
      volume: { ...built.series.volume, masked: true },
      instances: built.series.instances.map((instance) => ({ ...instance, paddingRange: [-2000, -2000] as const, modalityLut: { scale: 2, offset: 10 } })),
    });
    const { bytes } = await writeMap({ ...built, series: padded }, { voxels: [new Float32Array(9).fill(5)], masks: [Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1)] });
    expect(floatsOf(bytes[0] as Buffer)).toEqual([-3990, 5, 5, 5, 5, 5, 5, 5, -3990]);
    expect(rowOf(bytes[0] as Buffer, 0x00280122)?.readFloatLE(0)).toBe(-3990);
  });

  it("gets the same UIDs again, and others for one other voxel or other steps", async () => {
    const built = series();
    const uids = async (changes: Changes = {}): Promise<(string | undefined)[]> => [0x00080018, 0x0020000e].map(textsOf((await writeMap(built, changes)).bytes[0] as Buffer));
    const [instance, whole] = await uids();
    expect(await uids()).toEqual([instance, whole]);
    const moved = built.voxels.map((slice, i) => (i === 1 ? slice.with(8, 99) : slice));
    const others = [await uids({ voxels: moved }), await uids({ spec: (one) => ({ ...one, history: [{ ...BLUR, config: { sigmaMm: 2 } }] }) })];
    expect(new Set([instance, whole, ...others.flat()]).size).toBe(6);
  });

  it("tells of lossy compression for ever", async () => {
    const lossyOf = async (elements: readonly DataElement[]): Promise<string | undefined> => textsOf((await writeMap(series({ elements }))).bytes[0] as Buffer)(0x00282110);
    expect(await lossyOf([])).toBe("00");
    expect(await lossyOf([{ tag: 0x00282110, vr: "CS", text: "01" }])).toBe("01");
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("refuses %s", async (value) => {
    const built = series();
    await expect(writeMap(built, { voxels: built.voxels.map((slice) => slice.with(4, value)) })).rejects.toMatchObject({ code: "NON_FINITE_VOXELS" });
  });

  it.each([0x00200052, 0x00200037, 0x00280030, 0x00180050])("refuses a template without %d, by its tag", async (tag) => {
    const built = handBuiltSeries({ elements: PLANE.filter((element) => element.tag !== tag), without: [tag] });
    await expect(writeMap(built)).rejects.toMatchObject({ code: "UNSUPPORTED_WRITE", details: { tag: expect.stringMatching(/^\(/) as string } });
  });

  it("refuses to be compressed", async () => {
    await expect(writeMap(series(), { options: { compress: "rle" } })).rejects.toMatchObject({ code: "UNSUPPORTED_WRITE", remedy: "leave compress out" });
  });

  it("takes a template of a Modality LUT Sequence, whose real values no integer of it gives back", async () => {
    const built = series();
    const instances = built.series.instances.map((instance) => ({ ...instance, modalityTable: { firstMapped: 0, values: Float64Array.of(1, 2) } }));
    expect((await writeMap({ ...built, series: asDicomSeries({ ...built.series, instances }) })).bytes).toHaveLength(1);
  });
});

describe("a Parametric Map as template", () => {
  const VALUES = Array.from({ length: 4 }, (_, frame) => Float32Array.from(REALS, (value) => (frame % 2 === 0 ? value : frame + 0.1)));

  /** The maps of two phases, opened again. */
  async function maps() {
    const { bytes } = await writeMap(series({ phases: 2, slices: 2 }), { voxels: VALUES });
    return openedFiles(bytes);
  }

  it("becomes a map of the same values, that names it as its source, and keeps the rest", async () => {
    const built = await maps();
    const { files, bytes, summary } = await write(built);
    expect(files.size).toBe(2);
    expect(bytes.map((file) => floatsOf(file))).toEqual([0, 2].map((at) => [...(VALUES[at] as Float32Array), ...(VALUES[at + 1] as Float32Array)]));
    expect(summary).toMatchObject({ facts: { clippedVoxels: 0, maxQuantisationError: 0, rescale: "template-range" } });
    for (const [i, file] of bytes.entries()) {
      const before = textsOf(built.files[i] as Buffer);
      const after = textsOf(file);
      expect(after(0x00080008)).toBe(String.raw`DERIVED\PRIMARY\VOLUME\QUANTITY`);
      expect(after(0x0020000e)).not.toBe(before(0x0020000e));
      // Referenced Series Sequence (C.12.2), Derivation Image Sequence and its own first source.
      expect(rowOf(file, 0x00081115)?.includes(before(0x00080018) as string, 0, "latin1")).toBe(true);
      expect(rowOf(file, 0x52009230)?.includes(before(0x00080018) as string, 0, "latin1")).toBe(true);
      expect(rowOf(file, 0x52009229)).toEqual(rowOf(built.files[i] as Buffer, 0x52009229));
      expect(rowOf(file, 0x00089154)).toBeUndefined();
    }
  });

  it("takes voxels that were computed", async () => {
    const changed = VALUES.map((slice) => slice.map((value) => Math.fround(value / 3)));
    const { bytes } = await write(await maps(), { voxels: changed });
    expect(bytes.flatMap((file) => floatsOf(file))).toEqual(changed.flatMap((slice) => [...slice]));
  });

  it.each([{ compress: "rle" }, { rescale: "full-range" }, { rescale: "mr-rwvm" }, { rescale: "float" }] as const)("refuses %o", async (options) => {
    await expect(write(await maps(), { options })).rejects.toMatchObject({ code: "UNSUPPORTED_WRITE", remedy: expect.any(String) as string });
  });

  it.each<[string, string, (file: Buffer) => Buffer]>([
    ["a series that is not referred to", "Referenced Series Sequence keeps what it had, and names the template instance by its series", (file) => edited(file, put({ tag: 0x00081115, vr: "SQ", value: Buffer.alloc(0) }))],
    ["no references", "what the template says and a derived image says anew is still said", (file) => edited(file, remove(0x00081115))],
    ["values that are no map's", "Frame Type says DERIVED, and keeps its other values", (file) => patched(file, 0x52009229, (value) => value.write("ANGIO ", value.indexOf("VOLUME"), "latin1"))],
    ["integers beside them", "the pixels are in the element of their type, and in no other", (file) => edited(file, put({ tag: 0x7fe00010, vr: "OW", value: Buffer.alloc(72) }))],
    ["Bits Stored", "nothing is added but what a derived image says", (file) => edited(file, put({ tag: 0x00280101, vr: "US", value: Buffer.of(32, 0) }))],
    ["a flipped bit in a value", "Pixel Data holds the stored values of its own slice", (file) => patched(file, FLOAT_PIXEL_DATA, (value) => value.writeUInt8(value.readUInt8(5) ^ 1, 5))],
    ["a slice less", "Pixel Data has the length of its image", (file) => edited(file, put({ tag: FLOAT_PIXEL_DATA, vr: "OF", value: Buffer.alloc(36) }))],
  ])("is behind a gate that finds %s: %s", async (_fault, rule, plant) => {
    const derived = await writtenSeries(await maps());
    expect(await ruleBrokenBy(derived, derived.files)).toBe("none");
    expect(await ruleBrokenBy(derived, derived.files.map(plant))).toBe(rule);
  });
});

describe("the write gate of a Parametric Map", () => {
  const swap = (value: Buffer, from: string, to: string): void => {
    const at = value.indexOf(Buffer.from(from, "hex"));
    expect(at).toBeGreaterThan(-1);
    value.write(to, at, "hex");
  };

  it.each<[string, string, (file: Buffer) => Buffer]>([
    ["another patient", "the patient is the template's", (file) => patched(file, 0x00100010, (value) => value.fill(0x41))],
    ["no patient", "the patient is the template's", (file) => edited(file, remove(0x00100010))],
    ["another study", "the study is the template's", (file) => edited(file, text(0x0020000d, "UI", "1.2.4"))],
    ["another frame of reference", "Frame of Reference UID is the template's", (file) => edited(file, text(0x00200052, "UI", "1.2.4"))],
    ["a private element", "a map has no private elements", (file) => edited(file, put({ tag: 0x00091001, vr: "UN", value: Buffer.alloc(2) }))],
    ["an original image", "Image Type says DERIVED", (file) => edited(file, text(0x00080008, "CS", String.raw`ORIGINAL\PRIMARY\VOLUME\QUANTITY`))],
    ["another class", "Media Storage SOP Class UID is the SOP Class UID", (file) => edited(file, text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.4"))],
    ["a frame too much", "Number of Frames is that of the frames", (file) => edited(file, text(0x00280008, "IS", "3"))],
    ["Bits Stored", "rows, columns and bits are those of the real values", (file) => edited(file, put({ tag: 0x00280101, vr: "US", value: Buffer.of(32, 0) }))],
    ["a flipped bit in a value", "Float Pixel Data holds the real values of its own slice", (file) => patched(file, FLOAT_PIXEL_DATA, (value) => value.writeUInt8(value.readUInt8(5) ^ 1, 5))],
    ["slices in another order", "Float Pixel Data holds the real values of its own slice", (file) => patched(file, FLOAT_PIXEL_DATA, (value) => value.set(Buffer.concat([value.subarray(36), value.subarray(0, 36)])))],
    ["a slice less", "Float Pixel Data has the length of its image", (file) => edited(file, put({ tag: FLOAT_PIXEL_DATA, vr: "OF", value: Buffer.alloc(36) }))],
    // Slope 1 in double becomes 2.
    ["another meaning", "the stored values are the real values", (file) => patched(file, 0x52009229, (value) => swap(value, "4000259246440800000000000000f03f", "40002592464408000000000000000040"))],
    ["another pixel spacing", "place, orientation and spacing are the template's", (file) => patched(file, 0x52009229, (value) => value.write("0.60", value.indexOf("0.50"), "latin1"))],
    ["a frame elsewhere", "every frame lies where the template's does", (file) => patched(file, 0x52009230, (value) => value.write("1.6", value.indexOf("1.5"), "latin1"))],
    ["frames numbered otherwise", "frames are indexed in order of slices", (file) => patched(file, 0x52009230, (value) => swap(value, "20005791554c040001000000", "20005791554c040002000000"))],
    ["another source", "the derivation of each frame names the template's image first, and why", (file) => patched(file, 0x52009230, (value) => value.write(`${SERIES_UID}.9`, value.indexOf(`${SERIES_UID}.1`), "latin1"))],
    ["another word", "every byte is the one that was written", (file) => patched(file, 0x00700080, (value) => value.write("UNREAL", 0, "latin1"))],
  ])("finds %s: %s", async (_fault, rule, plant) => {
    const maps = await writtenSeries(series(), float);
    expect(await ruleBrokenBy(maps, maps.files)).toBe("none");
    expect(await ruleBrokenBy(maps, maps.files.map(plant))).toBe(rule);
  });
});
