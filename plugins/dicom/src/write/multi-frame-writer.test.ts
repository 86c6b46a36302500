import { encodeDataSet, type DataElement, type DataSet } from "@hilum/testing";
import { describe, expect, it } from "vitest";
import { frameRef, withFrames } from "./hand-built-series.test-support.ts";
import { enhancedDataSet, ENHANCED_CT, ENHANCED_MR, frameType, group, LEGACY_CONVERTED_PET, opened, openedFiles, PLANE, SERIES_UID, STUDY_UID, type BuiltFrame, type EnhancedOptions, type OpenedSeries } from "./hand-built-enhanced.test-support.ts";
import { DESCRIPTION, holds, textsOf, write, type Changes } from "./write-hand-built.test-support.ts";

const PER_FRAME = 0x52009230;
const code = (value: string, meaning: string): DataSet => [
  { tag: 0x00080100, vr: "SH", text: value },
  { tag: 0x00080102, vr: "SH", text: "DCM" },
  { tag: 0x00080104, vr: "LO", text: meaning },
];
const reference = (sopClassUID: string, sopInstanceUID: string): DataSet => [
  { tag: 0x00081150, vr: "UI", text: sopClassUID },
  { tag: 0x00081155, vr: "UI", text: sopInstanceUID },
];
const source = (frames: string, more: DataSet = [], sopClassUID = ENHANCED_MR, sopInstanceUID = `${SERIES_UID}.1`): DataSet => [
  ...reference(sopClassUID, sopInstanceUID),
  { tag: 0x00081160, vr: "IS", text: frames },
  ...more,
  group(0x0040a170, ...code("121322", "Source image for image processing operation")),
];
const SAME_PLACE: DataSet = [{ tag: 0x0028135a, vr: "CS", text: "YES" }];

/** The item of a frame's Derivation Image Sequence (PS3.3 table C.7.6.16-7), by hand. */
const derived = (frame: number, sources: readonly DataSet[] = [], sopClassUID = ENHANCED_MR, sopInstanceUID = `${SERIES_UID}.1`): DataSet => [
  { tag: 0x00082111, vr: "ST", text: DESCRIPTION },
  { tag: 0x00082112, vr: "SQ", items: [source(`${frame}`, SAME_PLACE, sopClassUID, sopInstanceUID), ...sources] },
  group(0x00089215, ...code("113088", "Gaussian blur")),
];
const EARLIER: DataSet = [
  { tag: 0x00082111, vr: "ST", text: "Averaged" },
  { tag: 0x00082112, vr: "SQ", items: [] },
  group(0x00089215, ...code("113049", "Pixel by pixel mean")),
];
const derivations = (...items: readonly DataSet[]): DataElement => ({ tag: 0x00089124, vr: "SQ", items });

/** Per-frame groups of a data set, with an element in place of each frame's own or added to it. */
function perFrame(dataSet: DataSet, changed: (frame: number) => DataSet): DataElement {
  const groups = dataSet.find(({ tag }) => tag === PER_FRAME) as Extract<DataElement, { vr: "SQ" }>;
  return {
    ...groups,
    items: groups.items.map((item, i) => {
      const own = changed(i + 1);
      return [...item.filter(({ tag }) => own.every((each) => each.tag !== tag)), ...own];
    }),
  };
}

const writeOpened = (built: OpenedSeries, changes: Changes = {}) => write(built, { ...(built.masks === undefined ? {} : { masks: built.masks }), ...changes });

/** Writes one instance of these frames; the template's data set and the file. */
async function one(frames: readonly BuiltFrame[], options: EnhancedOptions = {}, changes: Changes = {}) {
  const dataSet = enhancedDataSet(frames, options);
  const built = await opened([dataSet]);
  const { bytes, ...rest } = await writeOpened(built, changes);
  return { ...rest, dataSet, built, file: bytes[0] as Buffer, files: bytes };
}

/** Three slices whose order in the file is not that of their positions. */
const SHUFFLED: readonly BuiltFrame[] = [{ z: 8, slope: 2 }, { z: 0, slope: 3 }, { z: 4, slope: 0.5 }];
const PIXEL_BYTES = 12;

describe("a derived enhanced instance", () => {
  it.each(["explicit", "implicit"] as const)("says of each frame what it was made from, and changes nothing else in its groups (%s VR)", async (transferSyntax) => {
    const dataSet = enhancedDataSet(SHUFFLED);
    const built = await opened([dataSet], { transferSyntax });
    const [file] = (await writeOpened(built)).bytes as [Buffer];
    expect(holds(file, [perFrame(dataSet, (frame) => [derivations(derived(frame))])], built.encoding)).toBe(true);
    expect(holds(file, [{ tag: 0x52009229, vr: "SQ", items: [[frameType("DERIVED\\PRIMARY\\VOLUME\\NONE"), ...PLANE]] }], built.encoding)).toBe(true);
    const series: DataSet = [{ tag: 0x00081199, vr: "SQ", items: [reference(ENHANCED_MR, `${SERIES_UID}.1`)] }, { tag: 0x0020000e, vr: "UI", text: SERIES_UID }];
    expect(holds(file, [group(0x00089154, { tag: 0x00081115, vr: "SQ", items: [series] }, { tag: 0x0020000d, vr: "UI", text: STUDY_UID })], built.encoding)).toBe(true);
    const text = textsOf(file, transferSyntax === "explicit");
    expect([0x00080008, 0x00200011, 0x00082111, 0x00082112, 0x00089215].map(text)).toEqual(["DERIVED\\PRIMARY\\VOLUME\\NONE", "1003", undefined, undefined, undefined]);
    expect([text(0x00080018), text(0x0020000e)]).toEqual([expect.stringMatching(/^2\.25\./), expect.stringMatching(/^2\.25\./)]);
  });

  it("keeps the frames where the template has them, each by its own slope, though slices come by position", async () => {
    const { file, files, built, summary } = await one(SHUFFLED);
    expect(files).toHaveLength(1);
    expect(summary).toMatchObject({ facts: { instances: 1, clippedVoxels: 0, smallestSlope: 0.5, largestSlope: 3 } });
    expect(file.subarray(-3 * PIXEL_BYTES)).toEqual((built.files[0] as Buffer).subarray(-3 * PIXEL_BYTES));
  });

  it("takes the frames of several phases as they come, one after the other in the file", async () => {
    const frames = [0, 4].flatMap((z) => [1, 2].map((phase) => ({ z, phase })));
    const { file, files, built } = await one(frames);
    expect(built.series.phases).toHaveLength(2);
    expect(files).toHaveLength(1);
    expect(file.subarray(-4 * PIXEL_BYTES)).toEqual((built.files[0] as Buffer).subarray(-4 * PIXEL_BYTES));
  });

  it("writes pixels as they come, and the head last of all", async () => {
    const built = await opened([enhancedDataSet(SHUFFLED)]);
    const { files, bytes } = await writeOpened(built);
    const [written] = [...files.values()];
    const pixelsAt = (bytes[0] as Buffer).length - 3 * PIXEL_BYTES;
    expect(written?.writes.map(({ position }) => position)).toEqual([...[1, 2, 0].map((frame) => pixelsAt + frame * PIXEL_BYTES), expect.any(Number), 0]);
  });

  it("makes as many instances as the template has, of one new series", async () => {
    const dataSets = [1, 2].map((n) => enhancedDataSet([{ z: 0 }, { z: 4 }], { sopInstanceUID: `${SERIES_UID}.${n}`, elements: [{ tag: 0x00200013, vr: "IS", text: `${n}` }, { tag: 0x00080032, vr: "TM", text: `10100${n}` }] }));
    const { files, bytes, summary } = await writeOpened(await opened(dataSets));
    expect([...files.keys()]).toEqual(["IM-01-0001.dcm", "IM-02-0001.dcm"]);
    expect(new Set(bytes.map((file) => textsOf(file)(0x0020000e))).size).toBe(1);
    expect(summary?.instances?.map(({ sourceSOPInstanceUID }) => sourceSOPInstanceUID)).toEqual([`${SERIES_UID}.1`, `${SERIES_UID}.2`]);
    expect(new Set(bytes.map((file) => textsOf(file)(0x00080018))).size).toBe(2);
  });

  it("says DERIVED in the Frame Types of frames, keeps PET PRIMARY, and takes Legacy Converted images too", async () => {
    const frames = [0, 4].map((z) => ({ z, groups: [frameType("ORIGINAL\\SECONDARY\\STATIC\\NONE", 0x00189751)] }));
    const { file, dataSet, built } = await one(frames, { sopClassUID: LEGACY_CONVERTED_PET, shared: PLANE, elements: [{ tag: 0x00080060, vr: "CS", text: "PT" }] });
    const changed = (frame: number): DataSet => [derivations(derived(frame, [], LEGACY_CONVERTED_PET)), frameType("DERIVED\\PRIMARY\\STATIC\\NONE", 0x00189751)];
    expect(holds(file, [perFrame(dataSet, changed)], built.encoding)).toBe(true);
  });

  it("names the frames of its halo, those of one instance together", async () => {
    const derivedFrom = [{ ...frameRef(`${SERIES_UID}.1`), frameNumber: 2 }, { ...frameRef(`${SERIES_UID}.1`), frameNumber: 3 }, { ...frameRef(`${SERIES_UID}.1`), frameNumber: 1 }];
    const { file, dataSet, built } = await one(SHUFFLED, {}, { spec: (series) => withFrames(series, (frame, row) => (row === 0 ? { ...frame, derivedFrom } : frame)) });
    expect(holds(file, [perFrame(dataSet, (frame) => [derivations(derived(frame, frame === 2 ? [source("1\\3")] : []))])], built.encoding)).toBe(true);
  });

  it("says its derivation behind an earlier one of the frame, and behind one that all frames shared, which goes to each of them", async () => {
    const own = await one(SHUFFLED.map((frame) => ({ ...frame, groups: [derivations(EARLIER)] })));
    expect(holds(own.file, [perFrame(own.dataSet, (frame) => [derivations(EARLIER, derived(frame))])], own.built.encoding)).toBe(true);
    const shared = await one(SHUFFLED, { shared: [derivations(EARLIER), ...PLANE] });
    expect(holds(shared.file, [perFrame(shared.dataSet, (frame) => [derivations(EARLIER, derived(frame))])], shared.built.encoding)).toBe(true);
    expect(holds(shared.file, [{ tag: 0x52009229, vr: "SQ", items: [PLANE] }], shared.built.encoding)).toBe(true);
  });

  it("gives an instance of one frame, all groups of which are shared, groups of that frame", async () => {
    const place = group(0x00209113, { tag: 0x00200032, vr: "DS", text: "1.5\\-2.5\\3" });
    const { file, built } = await one([{ z: 3 }], { shared: [frameType("ORIGINAL\\PRIMARY\\VOLUME\\NONE"), place, ...PLANE], without: [PER_FRAME] });
    expect(holds(file, [{ tag: PER_FRAME, vr: "SQ", items: [[derivations(derived(1))]] }], built.encoding)).toBe(true);
  });

  it("keeps the evidence of earlier sources", async () => {
    const earlier = group(0x00089154, { tag: 0x0020000d, vr: "UI", text: "1.9" });
    const { file, built } = await one(SHUFFLED, { elements: [earlier] });
    const value = textsOf(file)(0x00089154) as string;
    const kept = Buffer.from(encodeDataSet([earlier], built.encoding)).subarray(12).toString("latin1");
    expect(value.startsWith(kept)).toBe(true);
    expect(value.slice(kept.length)).toContain(`${SERIES_UID}.1`);
  });

  it("uses a code for processing where no step has one of its own", async () => {
    const { file, built } = await one(SHUFFLED, {}, { spec: (series) => ({ ...series, history: [] }) });
    expect(holds(file, [group(0x00089215, ...code("110001", "Image Processing"))], built.encoding)).toBe(true);
  });

  it("edits groups of undefined length, and reads them back", async () => {
    const dataSet = enhancedDataSet(SHUFFLED.map((frame) => ({ ...frame, groups: [derivations(EARLIER)] })));
    const built = await opened([dataSet], { sequenceLength: "undefined" });
    const [file] = (await writeOpened(built)).bytes as [Buffer];
    for (const z of [8, 0, 4]) expect(holds(file, [{ tag: 0x00210010, vr: "LO", text: "VENDOR" }, { tag: 0x00211001, vr: "LO", text: `frame at ${z}` }], built.encoding)).toBe(true);
    expect(file.toString("latin1").split("Averaged").length - 1).toBe(3);
    const again = await openedFiles([file]);
    expect(again.series.frames.map(({ imagePosition, modalityLut }) => ({ imagePosition, modalityLut }))).toEqual(built.series.frames.map(({ imagePosition, modalityLut }) => ({ imagePosition, modalityLut })));
    expect(again.voxels).toEqual(built.voxels);
  });

  it("recomputes the smallest and largest value over all frames", async () => {
    const extremes: DataSet = [
      { tag: 0x00280106, vr: "SS", numbers: [0] },
      { tag: 0x00280107, vr: "SS", numbers: [0] },
    ];
    const { file, built } = await one([{ z: 0, stored: [-7, 1, 2, 3, 4, 5] }, { z: 4, stored: [9, 1, 2, 3, 4, 900] }], { elements: extremes });
    expect(holds(file, [{ tag: 0x00280106, vr: "SS", numbers: [-7] }], built.encoding)).toBe(true);
    expect(holds(file, [{ tag: 0x00280107, vr: "SS", numbers: [900] }], built.encoding)).toBe(true);
  });

  it("gives padding back as the template's frame stores it", async () => {
    const padding: DataSet = [{ tag: 0x00080060, vr: "CS", text: "CT" }, { tag: 0x00280120, vr: "SS", numbers: [-2000] }];
    const stored = [[-2000, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, -2000]] as const;
    const built = await opened([enhancedDataSet([{ z: 4, stored: stored[0] }, { z: 0, stored: stored[1] }], { sopClassUID: ENHANCED_CT, shared: PLANE, elements: padding })]);
    const { bytes } = await writeOpened(built, { voxels: built.voxels.map((voxels) => voxels.map(() => 42)) });
    const pixels = (bytes[0] as Buffer).subarray(-2 * PIXEL_BYTES);
    expect(Array.from({ length: 12 }, (_, i) => pixels.readInt16LE(2 * i))).toEqual([-2000, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, -2000]);
  });

  it("changes its UID with a voxel of any frame, and with where two frames lie in the file", async () => {
    const uidOf = async (stored: readonly (readonly number[])[]): Promise<string | undefined> => textsOf((await one(stored.map((words, i) => ({ z: i * 4, stored: words })))).file)(0x00080018);
    const [a, b] = [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 7]];
    expect(new Set([await uidOf([a, a]), await uidOf([a, b]), await uidOf([b, a])]).size).toBe(3);
    expect(await uidOf([a, b])).toBe(await uidOf([a, b]));
  });

  it("is refused where the template is a part of a concatenation", async () => {
    await expect(one(SHUFFLED, { elements: [{ tag: 0x00209161, vr: "UI", text: "1.2.3.9" }] })).rejects.toMatchObject({ code: "UNSUPPORTED_WRITE" });
  });

  it.each(["full-range", "mr-rwvm"] as const)("is refused with rescale set to %s", async (rescale) => {
    await expect(one(SHUFFLED, {}, { options: { rescale } })).rejects.toMatchObject({ code: "UNSUPPORTED_WRITE" });
  });
});
