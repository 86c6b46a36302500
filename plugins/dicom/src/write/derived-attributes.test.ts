import { encodeDataSet, type DataElement, type DataSet } from "@hilum/testing";
import { describe, expect, it } from "vitest";
import { frameRef, handBuiltSeries, MR_IMAGE_STORAGE, SERIES_UID, withFrames, type HandBuiltOptions } from "./hand-built-series.test-support.ts";
import { dataSetOf, DESCRIPTION, holds, textsOf, write } from "./write-hand-built.test-support.ts";
import type { DicomWriteOptions } from "./write-options.ts";

const code = (value: string, scheme: string, meaning: string): DataSet => [
  { tag: 0x00080100, vr: "SH", text: value },
  { tag: 0x00080102, vr: "SH", text: scheme },
  { tag: 0x00080104, vr: "LO", text: meaning },
];

/** What PS3.3 asks of the derived image of a hand-built instance, written down by hand. */
function expectedEdits(frame: number, uids: { readonly sop: string; readonly series: string }): readonly DataElement[] {
  const time = localTime();
  return [
    { tag: 0x00080008, vr: "CS", text: "DERIVED\\PRIMARY\\OTHER" },
    { tag: 0x00080012, vr: "DA", text: time.date },
    { tag: 0x00080013, vr: "TM", text: time.time },
    { tag: 0x00080018, vr: "UI", text: uids.sop },
    { tag: 0x00080023, vr: "DA", text: time.date },
    { tag: 0x00080033, vr: "TM", text: time.time },
    { tag: 0x0008103e, vr: "LO", text: "T1 axial (gaussian-blur)" },
    { tag: 0x00082111, vr: "ST", text: DESCRIPTION },
    {
      tag: 0x00082112,
      vr: "SQ",
      items: [
        [
          { tag: 0x00081150, vr: "UI", text: MR_IMAGE_STORAGE },
          { tag: 0x00081155, vr: "UI", text: `${SERIES_UID}.${frame + 1}` },
          { tag: 0x0028135a, vr: "CS", text: "YES" },
          { tag: 0x0040a170, vr: "SQ", items: [code("121322", "DCM", "Source image for image processing operation")] },
        ],
      ],
    },
    { tag: 0x00089215, vr: "SQ", items: [code("113088", "DCM", "Gaussian blur")] },
    {
      tag: 0x0018a001,
      vr: "SQ",
      items: [
        [
          { tag: 0x00080070, vr: "LO", text: "Hilum" },
          { tag: 0x00081090, vr: "LO", text: "Hilum DICOM writer" },
          { tag: 0x00181020, vr: "LO", text: "@hilum/plugin-dicom 0.1.0\\blur 0.2.0" },
          { tag: 0x0018a002, vr: "DT", text: `${time.date}${time.time}${time.offset}` },
          { tag: 0x0018a003, vr: "ST", text: DESCRIPTION },
          { tag: 0x0040a170, vr: "SQ", items: [code("109102", "DCM", "Processing Equipment")] },
        ],
      ],
    },
    { tag: 0x0020000e, vr: "UI", text: uids.series },
    { tag: 0x00200011, vr: "IS", text: "1003" },
  ];
}

/** 2026-01-02 03:04:05 UTC, the time of every test context, on the clock of this machine. */
function localTime(): { readonly date: string; readonly time: string; readonly offset: string } {
  const at = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
  const two = (n: number): string => `${n}`.padStart(2, "0");
  const ahead = -at.getTimezoneOffset();
  return {
    date: `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`,
    time: `${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}.000`,
    offset: `${ahead < 0 ? "-" : "+"}${two(Math.floor(Math.abs(ahead) / 60))}${two(Math.abs(ahead) % 60)}`,
  };
}

function merged(dataSet: DataSet, edits: readonly DataElement[]): DataSet {
  const replaced = new Set(edits.map(({ tag }) => tag));
  return [...dataSet.filter(({ tag }) => !replaced.has(tag)), ...edits];
}

describe("a derived instance", () => {
  it.each<HandBuiltOptions["encoding"]>([
    { transferSyntax: "explicit", sequenceLength: "defined" },
    { transferSyntax: "implicit", sequenceLength: "defined" },
  ])("changes what a derived image has to say, and no other byte of the data set ($transferSyntax VR)", async (encoding) => {
    const built = handBuiltSeries({ phases: 2, slices: 2, ...(encoding === undefined ? {} : { encoding }) });
    const { bytes, summary } = await write(built);
    expect(summary).toMatchObject({ facts: { instances: 4, clippedVoxels: 0, maxQuantisationError: 0 } });
    bytes.forEach((file, frame) => {
      const text = textsOf(file, encoding?.transferSyntax === "explicit");
      const uids = { sop: text(0x00080018) as string, series: text(0x0020000e) as string };
      const dataSet = built.dataSets[frame] as DataSet;
      expect(dataSetOf(file)).toEqual(Buffer.from(encodeDataSet(merged(dataSet, expectedEdits(frame, uids)), built.encoding)));
    });
  });

  it("keeps sequences of undefined length as they are", async () => {
    const built = handBuiltSeries({ encoding: { sequenceLength: "undefined" } });
    const { bytes } = await write(built);
    const kept: DataElement = { tag: 0x00091002, vr: "SQ", items: [[{ tag: 0x00091003, vr: "LO", text: "kept" }]] };
    expect(holds(bytes[0], [kept], built.encoding)).toBe(true);
  });

  it("refers to every known source of a frame, the template's instance first", async () => {
    const built = handBuiltSeries({ slices: 3 });
    const derivedFrom = [frameRef(`${SERIES_UID}.2`), frameRef(`${SERIES_UID}.1`), { ...frameRef("9.8.7"), sopInstanceUID: "9.8.7", sopClassUID: "1.2" }, frameRef("5.5")];
    const { bytes } = await write(built, { spec: (series) => withFrames(series, (frame, i) => (i === 1 ? { ...frame, derivedFrom } : frame)) });
    const item = (sopClassUID: string, uid: string, same: readonly DataElement[]): DataSet => [
      { tag: 0x00081150, vr: "UI", text: sopClassUID },
      { tag: 0x00081155, vr: "UI", text: uid },
      ...same,
      { tag: 0x0040a170, vr: "SQ", items: [code("121322", "DCM", "Source image for image processing operation")] },
    ];
    const sequence: DataElement = {
      tag: 0x00082112,
      vr: "SQ",
      items: [
        item(MR_IMAGE_STORAGE, `${SERIES_UID}.2`, [{ tag: 0x0028135a, vr: "CS", text: "YES" }]),
        item(MR_IMAGE_STORAGE, `${SERIES_UID}.1`, []),
        item("1.2", "9.8.7", []),
      ],
    };
    expect(holds(bytes[1], [sequence], built.encoding)).toBe(true);
  });

  it.each(["defined", "undefined"] as const)("adds itself to the equipment that a template names (%s lengths)", async (sequenceLength) => {
    const equipment: DataElement = { tag: 0x0018a001, vr: "SQ", items: [[{ tag: 0x00080070, vr: "LO", text: "Scanner" }]] };
    const built = handBuiltSeries({ encoding: { sequenceLength }, elements: [equipment] });
    const [file] = (await write(built)).bytes as [Buffer];
    const text = textsOf(file)(0x0018a001) as string;
    expect(text.indexOf("Scanner")).toBeGreaterThan(0);
    expect(text.indexOf("Hilum")).toBeGreaterThan(text.indexOf("Scanner"));
  });

  it("adds to an equipment sequence that came as UN in implicit VR (PS3.5 6.2.2)", async () => {
    const implicit = { transferSyntax: "implicit", sequenceLength: "defined", textEncoding: "latin1" } as const;
    const scanner: DataSet = [{ tag: 0x00080070, vr: "LO", text: "Scanner" }];
    const item = encodeDataSet(scanner, implicit);
    const value = Buffer.concat([Buffer.from("feff00e0", "hex"), Buffer.of(item.length, 0, 0, 0), item]);
    const built = handBuiltSeries({ elements: [{ tag: 0x0018a001, vr: "UN", bytes: value }] });
    const [file] = (await write(built)).bytes as [Buffer];
    const written = Buffer.from(textsOf(file)(0x0018a001) as string, "latin1");
    expect(written.subarray(0, value.length)).toEqual(value);
    expect(written.includes(Buffer.from(encodeDataSet([{ tag: 0x00080070, vr: "LO", text: "Hilum" }], implicit)))).toBe(true);
  });

  it("recomputes the smallest and largest pixel value in the VR of Pixel Representation, and drops the series' and all that is stale", async () => {
    const stale: DataSet = [
      { tag: 0x00280106, vr: "US", numbers: [0] },
      { tag: 0x00280107, vr: "US", numbers: [9] },
      { tag: 0x00280108, vr: "US", numbers: [0] },
      { tag: 0x00280109, vr: "US", numbers: [9] },
      { tag: 0x00880200, vr: "SQ", items: [] },
      { tag: 0x4ffe0001, vr: "SQ", items: [] },
      { tag: 0xfffafffa, vr: "SQ", items: [] },
    ];
    const kept: DataSet = [
      { tag: 0x00282110, vr: "CS", text: "01" },
      { tag: 0x04000561, vr: "SQ", items: [] },
    ];
    const built = handBuiltSeries({ elements: [...stale, ...kept], stored: () => [-5, 3, 1, 0, 0, 0, 0, 0, 200] });
    const [file] = (await write(built)).bytes as [Buffer];
    expect(holds(file, [{ tag: 0x00280106, vr: "SS", numbers: [-5] }], built.encoding)).toBe(true);
    expect(holds(file, [{ tag: 0x00280107, vr: "SS", numbers: [200] }], built.encoding)).toBe(true);
    for (const element of stale.slice(2)) expect(holds(file, [element], built.encoding)).toBe(false);
    for (const element of kept) expect(holds(file, [element], built.encoding)).toBe(true);
  });

  it("drops the description of an overlay whose bits lay in the pixels, and keeps overlays with data of their own", async () => {
    const embedded: DataSet = [
      { tag: 0x60000010, vr: "US", numbers: [3] },
      { tag: 0x60000102, vr: "US", numbers: [12] },
    ];
    const own: DataSet = [
      { tag: 0x60020010, vr: "US", numbers: [3] },
      { tag: 0x60023000, vr: "OW", bytes: Uint8Array.of(1, 1) },
    ];
    const built = handBuiltSeries({ elements: [...embedded, ...own], pixel: { bitsStored: 12, highBit: 11, signed: false }, stored: () => Array.from({ length: 9 }, () => 0x1123) });
    const [file] = (await write(built)).bytes as [Buffer];
    const dataSet = dataSetOf(file);
    expect(holds(file, [embedded[0] as DataElement], built.encoding)).toBe(false);
    expect(holds(file, [embedded[1] as DataElement], built.encoding)).toBe(false);
    expect(holds(file, own, built.encoding)).toBe(true);
    expect(dataSet.subarray(-18)).toEqual(Buffer.from("2301".repeat(9), "hex"));
  });

  it.each<[string, DataSet, string]>([
    ["PRIMARY for PT", [{ tag: 0x00080008, vr: "CS", text: "ORIGINAL\\SECONDARY" }, { tag: 0x00080060, vr: "CS", text: "PT" }], "DERIVED\\PRIMARY"],
    ["a value 3 for CT", [{ tag: 0x00080008, vr: "CS", text: "ORIGINAL\\SECONDARY" }, { tag: 0x00080060, vr: "CS", text: "CT" }], "DERIVED\\SECONDARY\\AXIAL"],
    ["a value 3 for MR", [{ tag: 0x00080008, vr: "CS", text: "ORIGINAL\\PRIMARY" }], "DERIVED\\PRIMARY\\OTHER"],
    ["all further values", [{ tag: 0x00080008, vr: "CS", text: "ORIGINAL\\PRIMARY\\M\\ND\\NORM" }], "DERIVED\\PRIMARY\\M\\ND\\NORM"],
  ])("writes an Image Type with %s", async (_title, elements, imageType) => {
    const { bytes } = await write(handBuiltSeries({ elements }));
    expect(textsOf(bytes[0] as Buffer)(0x00080008)).toBe(imageType);
  });

  it("leaves Series Description alone where it is not ASCII, and shortens what it adds where there is no room", async () => {
    const descriptionOf = async (text: string, options: Partial<DicomWriteOptions> = {}): Promise<string | undefined> =>
      textsOf((await write(handBuiltSeries({ elements: [{ tag: 0x0008103e, vr: "LO", text }] }), { options })).bytes[0] as Buffer)(0x0008103e);
    expect(await descriptionOf("Schädel axial")).toBe("Schädel axial");
    expect(await descriptionOf("x".repeat(50))).toBe(`${"x".repeat(50)} (derived)`);
    expect(await descriptionOf("x".repeat(60))).toBe("x".repeat(60));
    expect(await descriptionOf("")).toBe("gaussian-blur");
    expect(await descriptionOf("whatever", { seriesDescription: "Mine" })).toBe("Mine");
  });

  it("adds no Series Number where there is none, and none that an IS could not hold", async () => {
    const numberOf = async (options: HandBuiltOptions): Promise<string | undefined> => textsOf((await write(handBuiltSeries(options))).bytes[0] as Buffer)(0x00200011);
    expect(await numberOf({ without: [0x00200011] })).toBeUndefined();
    expect(await numberOf({ elements: [{ tag: 0x00200011, vr: "IS", text: "2147483000" }] })).toBe("2147483000");
  });

  it("keeps what an earlier derivation said, and says its own behind it", async () => {
    const earlier: DataElement = { tag: 0x00082111, vr: "ST", text: "Averaged" };
    const { bytes } = await write(handBuiltSeries({ elements: [earlier] }));
    expect(textsOf(bytes[0] as Buffer)(0x00082111)).toBe(`Averaged; ${DESCRIPTION}`);
  });

  it("writes its times in the offset from UTC that the template states", async () => {
    const { bytes } = await write(handBuiltSeries({ elements: [{ tag: 0x00080201, vr: "SH", text: "-0430" }] }));
    const text = textsOf(bytes[0] as Buffer);
    expect([text(0x00080023), text(0x00080033)]).toEqual(["20260101", "223405.000"]);
    expect(text(0x0018a001)).toContain("20260101223405.000-0430");
  });
});
