import type { DicomJson, DicomJsonElement, SeriesSpec } from "@hilum/core";
import { codecContext, memorySink, type DataElement, type DataSet } from "@hilum/testing";
import { describe, expect, it } from "vitest";
import { asDicomSeries, type DicomSeries } from "../series/dicom-instance.ts";
import { dicomWriter } from "./dicom-writer.ts";
import { CT_IMAGE_STORAGE, handBuiltSeries, slabsOf, withFrames, type HandBuiltOptions, type HandBuiltSeries } from "./hand-built-series.test-support.ts";
import { templateOfAttributes } from "./template-of-attributes.ts";
import { BLUR, DEFAULT_OPTIONS, holds, textsOf } from "./write-hand-built.test-support.ts";

const IN_UTF_8 = { transferSyntax: "explicit", sequenceLength: "defined", textEncoding: "utf-8" } as const;

/** What a series has to say besides, to be read. */
const NEEDED: DataSet = [
  { tag: 0x0020000d, vr: "UI", text: "1.2.3.4.0.1" },
  { tag: 0x00280030, vr: "DS", text: "0.50\\5E-1" },
  { tag: 0x00191010, vr: "FD", numbers: [0.1] },
  { tag: 0x00104000, vr: "LT", text: "a\\b" },
];

/** A data set in the DICOM JSON model (PS3.18 F.2), Pixel Data left out. */
function jsonOf(dataSet: DataSet): DicomJson {
  return Object.fromEntries(dataSet.filter(({ tag }) => tag !== 0x7fe00010).map((element) => [element.tag.toString(16).toUpperCase().padStart(8, "0"), elementJson(element)]));
}

function elementJson(element: DataElement): DicomJsonElement {
  const { vr } = element;
  if ("items" in element) return { vr, Value: element.items.map(jsonOf) };
  if ("bytes" in element) return { vr, InlineBinary: Buffer.from(element.bytes).toString("base64") };
  if ("numbers" in element) return { vr, Value: element.numbers };
  if (vr === "PN") return { vr, Value: [{ Alphabetic: element.text }] };
  return { vr, Value: vr === "LT" ? [element.text] : element.text.split("\\") };
}

/** A series that carries its attributes and has no files, and what it was made of. */
function carrying(options: HandBuiltOptions = {}, change: (attributes: DicomJson) => DicomJson = (same) => same): HandBuiltSeries & { readonly carrier: SeriesSpec } {
  const built = handBuiltSeries({ ...options, elements: [...NEEDED, ...(options.elements ?? [])] });
  const perFrame = built.dataSets.map(jsonOf).map(change);
  return { ...built, carrier: { ...built.series, history: [BLUR], attributes: () => ({ shared: {}, perFrame }) } };
}

function lacking(key: string): (attributes: DicomJson) => DicomJson {
  return (attributes) => Object.fromEntries(Object.entries(attributes).filter(([other]) => other !== key));
}

async function write(series: SeriesSpec, template: DicomSeries, voxels: readonly Float32Array[], masks?: readonly Uint8Array[]): Promise<readonly Buffer[]> {
  const memory = memorySink();
  await dicomWriter.write({ series, template, options: DEFAULT_OPTIONS }, slabsOf(series, voxels, masks), memory.sink, codecContext());
  return [...memory.files.values()].map((file) => Buffer.from(file.bytes()));
}

/** Of the elements of a hand-built data set, those that a derived instance says anew. */
const ANEW: ReadonlySet<number> = new Set([0x00080005, 0x00080008, 0x00080018, 0x00080023, 0x00080033, 0x0008103e, 0x0020000e, 0x00200011]);

describe("a template made of attributes", () => {
  it("gives every element back with the value that it had, in UTF-8, private ones and items too", async () => {
    const { carrier, dataSets, voxels } = carrying();
    const files = await write(carrier, templateOfAttributes(carrier), voxels);
    expect(files).toHaveLength(2);
    for (const [index, file] of files.entries()) {
      expect(textsOf(file)(0x00080005)).toBe("ISO_IR 192");
      for (const element of dataSets[index] as DataSet) if (!ANEW.has(element.tag)) expect([element.tag, holds(file, [element], IN_UTF_8)]).toEqual([element.tag, true]);
    }
  });

  it("leads to the UIDs that the files themselves lead to", async () => {
    const { carrier, series, voxels } = carrying();
    const uidsOf = (files: readonly Buffer[]): unknown => files.map((file) => [textsOf(file)(0x00080018), textsOf(file)(0x0020000e)]);
    expect(uidsOf(await write(carrier, templateOfAttributes(carrier), voxels))).toEqual(uidsOf(await write(carrier, series, voxels)));
  });

  it("has no pixels of its own: a masked voxel is stored as its real value says", async () => {
    const { carrier } = carrying({ sopClassUID: CT_IMAGE_STORAGE, slices: 1 });
    const masked: SeriesSpec = { ...carrier, volume: { ...carrier.volume, masked: true } };
    const stored = Int16Array.of(-2000, 1, 2, 3, 4, 5, 6, 7, -1999);
    const [file] = await write(masked, templateOfAttributes(masked), [Float32Array.from(stored)], [Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1)]);
    expect(holds(file, [{ tag: 0x7fe00010, vr: "OW", bytes: new Uint8Array(stored.buffer) }], IN_UTF_8)).toBe(true);
  });

  it("has nothing for a slice that was padded in, and none is written", async () => {
    const { carrier, voxels } = carrying({ slices: 3 });
    const padded = withFrames(carrier, (frame, index) => (index === 1 ? { ...frame, derivedFrom: [] } : frame));
    const template = templateOfAttributes(padded);
    expect(template.instances).toHaveLength(2);
    expect(await write(padded, template, voxels)).toHaveLength(2);
  });

  it("is refused where the series carries no attributes, or not those that name it", () => {
    for (const attributes of [{}, { "00080060": { vr: "CS", Value: ["MR"] } }]) {
      const { carrier } = carrying({}, () => attributes);
      expect(() => templateOfAttributes(carrier)).toThrow(expect.objectContaining({ code: "INVALID_JOB", remedy: expect.stringMatching(/--template DIR.*--metadata full/) as string }));
    }
  });

  it.each([
    ["Bits Allocated", "00280100", "(0028,0100)"],
    ["Bits Stored", "00280101", "(0028,0101)"],
    ["Pixel Representation", "00280103", "(0028,0103)"],
    ["Rows", "00280010", "(0028,0010)"],
    ["Study Instance UID", "0020000D", "(0020,000D)"],
    ["Image Position (Patient)", "00200032", "(0020,0032)"],
  ])("is refused without %s, by name", (name, key, tag) => {
    const { carrier } = carrying({}, lacking(key));
    expect(() => templateOfAttributes(carrier)).toThrow(expect.objectContaining({ code: "MISSING_ATTRIBUTE", message: expect.stringContaining(`${name} ${tag}`) as string, remedy: expect.stringContaining("--template DIR") as string }));
  });

  it("is refused where an instance is, or may be, of several frames", () => {
    const one = carrying({}, (attributes) => ({ ...attributes, "00080018": { vr: "UI", Value: ["1.2.3"] } })).carrier;
    const many = carrying({ slices: 1, elements: [{ tag: 0x00280008, vr: "IS", text: "2" }] }).carrier;
    const enhanced = carrying({ slices: 1, sopClassUID: "1.2.840.10008.5.1.4.1.1.4.1" }).carrier;
    for (const series of [one, many, enhanced]) expect(() => templateOfAttributes(series)).toThrow(expect.objectContaining({ code: "UNSUPPORTED_WRITE" }));
  });

  it.each([65_535, 0, "x", 33])("is refused with %j bits, by the tag", (bits) => {
    const { carrier } = carrying({}, (attributes) => ({ ...attributes, "00280100": { vr: "US", Value: [bits] } }));
    expect(() => templateOfAttributes(carrier)).toThrow(expect.objectContaining({ details: { tag: "(0028,0100)" } }));
  });

  it("is refused where a frame carries another size than its voxels have", () => {
    const { carrier } = carrying({}, (attributes) => ({ ...attributes, "00280010": { vr: "US", Value: [4] } }));
    expect(() => templateOfAttributes(carrier)).toThrow(expect.objectContaining({ code: "TRUNCATED_PIXEL_DATA" }));
  });

  it.each([
    ["a value", "private elements are the template's", (attributes: DicomJson) => ({ ...attributes, "00191010": { vr: "FD", Value: [0.2] } })],
    ["a VR", "private elements are the template's", (attributes: DicomJson) => ({ ...attributes, "00191010": { vr: "SV", Value: [1] } })],
    ["a name", "the patient is the template's", (attributes: DicomJson) => ({ ...attributes, "00100010": { vr: "PN", Value: [{ Alphabetic: "Große^Äon" }] } })],
    ["the text of a number", "place, orientation and spacing are the template's", (attributes: DicomJson) => ({ ...attributes, "00280030": { vr: "DS", Value: ["0.5", "5E-1"] } })],
    ["an item", "private elements are the template's", (attributes: DicomJson) => ({ ...attributes, "00091002": { vr: "SQ", Value: [{}] } })],
    ["one element more", "every other element has the template's bytes", (attributes: DicomJson) => ({ ...attributes, "00180080": { vr: "DS", Value: ["5"] } })],
    ["one element less", "nothing is added but what a derived image says", lacking("00104000")],
  ])("is compared by the gate with the attributes, not with its own bytes: %s of these is another", async (_, rule, change) => {
    const { carrier, voxels } = carrying();
    const template = templateOfAttributes(carrier);
    const instances = template.instances.map((instance) => ({ ...instance, attributes: change(instance.attributes as DicomJson) }));
    await expect(write(carrier, asDicomSeries({ ...template, instances }), voxels)).rejects.toMatchObject({ code: "VERIFICATION_FAILED", details: { rule } });
  });
});
