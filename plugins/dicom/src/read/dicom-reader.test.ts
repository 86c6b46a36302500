import { createHash } from "node:crypto";
import { affineLps, isHilumError, type HilumError, type ImageSeries } from "@hilum/core";
import { codecContext, memorySource, readVoxels, scanSeries, type NamedFile, type Scan, type ScanOptions } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import { isDicomSeries } from "../series/dicom-instance.ts";
import { dicomReader } from "./dicom-reader.ts";
import { readAttributes } from "./read-attributes.ts";

async function open(files: readonly NamedFile[], context = codecContext()): Promise<readonly ImageSeries[]> {
  return dicomReader.open(memorySource(files, { kind: "directory" }), { padding: "auto" }, context);
}

async function openOne(files: readonly NamedFile[]): Promise<ImageSeries> {
  const [series, ...more] = await open(files);
  if (series === undefined || more.length > 0) throw new Error(`${more.length + 1} series`);
  return series;
}

async function faultOf(files: readonly NamedFile[]): Promise<HilumError> {
  const error: unknown = await open(files).then(
    () => new Error("nothing was refused"),
    (thrown: unknown) => thrown,
  );
  if (!isHilumError(error)) throw error;
  return error;
}

async function digest(series: ImageSeries): Promise<string> {
  const { voxels } = await readVoxels(series);
  return createHash("sha256").update(voxels).digest("hex");
}

const BREAST_LIKE: ScanOptions = { phases: 3, phaseStyle: "breast-like", size: [6, 5, 7] };

describe("assembling", () => {
  test("orders slices by position when instance numbers and names disagree", async () => {
    const plain = scanSeries(BREAST_LIKE);
    const shuffled = scanSeries({ ...BREAST_LIKE, shuffled: true });
    const [a, b] = [await openOne(plain.files), await openOne(shuffled.files)];
    expect(await digest(b)).toBe(await digest(a));
    expect(affineLps(b.volume.geometry)).toEqual(affineLps(a.volume.geometry));
    expect(b.phases).toEqual(a.phases);
  });

  test("rejects Acquisition Number where it misleads, and says why", async () => {
    const series = await openOne(scanSeries(BREAST_LIKE).files);
    expect(series.assembly).toMatchObject({
      rejectedPhaseKeys: expect.arrayContaining([{ key: "Acquisition Number", reason: "2 groups of 7 and 14 images, for 3 phases" }]) as unknown,
      phases: [{}, {}, {}],
      positions: 7,
    });
  });

  test("ranks by Acquisition Time where shuffled instance numbers make no blocks", async () => {
    const series = await openOne(scanSeries({ ...BREAST_LIKE, shuffled: true }).files);
    expect(series.phaseKey).toBe("Acquisition Time");
  });

  test("takes Temporal Position Identifier where it is there", async () => {
    expect((await openOne(scanSeries({ phases: 2 }).files)).phaseKey).toBe("Temporal Position Identifier");
  });

  test("refuses a missing slice, whichever it is", async () => {
    for (let slice = 0; slice < 7; slice++) {
      const { files } = scanSeries({ ...BREAST_LIKE, faults: [{ kind: "missing-slice", phase: slice % 3, slice }] });
      expect((await faultOf(files)).code, `slice ${slice}`).toBe("IRREGULAR_GEOMETRY");
    }
  });

  test("refuses a missing inner slice of a single phase", async () => {
    for (let slice = 1; slice < 4; slice++)
      expect((await faultOf(scanSeries({ faults: [{ kind: "missing-slice", slice }] }).files)).code).toBe("IRREGULAR_GEOMETRY");
  });

  test("refuses a second instance at a position, whichever it is", async () => {
    for (let slice = 0; slice < 5; slice++)
      expect((await faultOf(scanSeries({ faults: [{ kind: "duplicate-slice", slice }] }).files)).code).toBe("IRREGULAR_GEOMETRY");
  });

  test("drops a file that is there twice, and counts it", async () => {
    const series = await openOne(scanSeries({ faults: [{ kind: "duplicate-file", slice: 2 }] }).files);
    expect(series.volume.geometry.size).toEqual([11, 7, 5]);
    expect(series.assembly).toMatchObject({ duplicatesDropped: 1 });
  });

  test("refuses two different files of one SOP Instance UID", async () => {
    const { files } = scanSeries();
    const changed = Uint8Array.from((files[0] as NamedFile).bytes);
    changed[changed.length - 40] = (changed[changed.length - 40] as number) ^ 1;
    expect((await faultOf([...files, { name: "zz", bytes: changed }])).code).toBe("MIXED_SERIES");
  });

  test("refuses a slice of another patient, and names counts and tags alone", async () => {
    const fault = await faultOf(scanSeries({ faults: [{ kind: "foreign-patient", slice: 3 }] }).files);
    expect(fault.code).toBe("MIXED_SERIES");
    expect(fault.details).toEqual({ images: 5, foreign: 1, differingTags: ["(0010,0010)", "(0010,0020)", "(0010,0030)"] });
    expect(`${fault.message}${JSON.stringify(fault.details)}`).not.toMatch(/ZZCANARY|OTHER/);
  });

  test("refuses a truncated file and tells it by its place, not by its name", async () => {
    const fault = await faultOf(scanSeries({ faults: [{ kind: "truncated-file", slice: 1 }] }).files);
    expect(fault.code).toBe("TRUNCATED_PIXEL_DATA");
    expect(fault.details).toMatchObject({ tag: "(7FE0,0010)", file: 2 });
    expect(fault.message).not.toContain("ZZCANARY");
  });

  test("gives each of several series in a folder as a series of its own", async () => {
    const first = scanSeries({ seed: 1 });
    const second = scanSeries({ seed: 2, size: [4, 3, 2], modality: "CT" });
    const moved = second.files.map(({ name, bytes }) => ({ name: `second/${name}`, bytes }));
    const series = await open([...first.files, ...moved]);
    expect(series.map(({ volume }) => volume.geometry.size).toSorted((a, b) => a[0] - b[0])).toEqual([[4, 3, 2], [11, 7, 5]]);
  });

  test("leaves out a damaged file of a series of its own, and warns", async () => {
    const damaged = scanSeries({ seed: 9, size: [4, 3, 1], faults: [{ kind: "truncated-file", slice: 0 }] });
    const context = codecContext();
    const [series] = await open([...scanSeries().files, ...damaged.files.map(({ bytes }) => ({ name: "half", bytes }))], context);
    expect(series?.assembly).toMatchObject({ skipped: { "damaged, of another series": 1 } });
    expect(context.warnings.map(({ code }) => code)).toEqual(["TRUNCATED_PIXEL_DATA"]);
  });

  test("counts what is no DICOM file", async () => {
    const text = { name: "notes.txt", bytes: new TextEncoder().encode("hello".repeat(40)) };
    const series = await openOne([...scanSeries().files, text, { name: "empty", bytes: new Uint8Array() }]);
    expect(series.assembly).toMatchObject({ skipped: { "not DICOM": 2 } });
  });

  test("says so when nothing in a source is an image", async () => {
    expect((await faultOf([{ name: "notes.txt", bytes: new Uint8Array(300) }])).code).toBe("UNRECOGNIZED_FORMAT");
  });
});

describe("completeness", () => {
  test("accepts a file that is cut at no offset at all", async () => {
    const [file] = scanSeries({ size: [4, 3, 1] }).files as [NamedFile];
    // The last byte that matters is the last of Pixel Data, which ends the file.
    for (let length = 0; length < file.bytes.length; length++) {
      const fault = await faultOf([{ name: "cut", bytes: file.bytes.subarray(0, length) }]);
      expect(["UNRECOGNIZED_FORMAT", "MALFORMED_FILE", "MISSING_ATTRIBUTE", "TRUNCATED_PIXEL_DATA"]).toContain(fault.code);
    }
    // Some 2,000 readers, each with buffers of its own.
  }, 60_000);

  test("notices a file that is shorter when it is read than when it was listed", async () => {
    const scan: Scan = scanSeries({ size: [4, 3, 1] });
    const source = memorySource(scan.files, { kind: "directory" });
    const shrinking = source.files.map((file) => ({
      ...file,
      read: (into: Uint8Array, position: number) => (into.length === 24 ? file.read(into.subarray(0, 23), position) : file.read(into, position)),
    }));
    const [series] = await dicomReader.open({ ...source, files: shrinking }, { padding: "auto" }, codecContext());
    await expect(readVoxels(series as ImageSeries)).rejects.toMatchObject({ code: "TRUNCATED_PIXEL_DATA" });
  });
});

describe("padding", () => {
  const ct = scanSeries({ modality: "CT", padding: true });
  const openWith = async (padding: "auto" | "mask" | "data", { files }: Scan): Promise<ImageSeries> =>
    (await dicomReader.open(memorySource(files, { kind: "directory" }), { padding }, codecContext()))[0] as ImageSeries;

  test("is a mask for CT and data for MR, unless somebody says otherwise", async () => {
    const mr = scanSeries({ modality: "MR", padding: true });
    expect((await openWith("auto", ct)).volume.masked).toBe(true);
    expect((await openWith("data", ct)).volume.masked).toBe(false);
    expect((await openWith("auto", mr)).volume.masked).toBe(false);
    expect((await openWith("mask", mr)).volume.masked).toBe(true);
    expect((await openWith("mask", scanSeries())).volume.masked, "no Pixel Padding Value").toBe(false);
  });
});

describe("attributes", () => {
  test("are the same from heads that were kept and from files that are read again", async () => {
    for (const transferSyntax of ["explicit", "implicit"] as const) {
      const series = await openOne(scanSeries({ phases: 2, transferSyntax }).files);
      if (!isDicomSeries(series)) throw new Error("not a DICOM series");
      expect(series.instances.every(({ head }) => head !== undefined)).toBe(true);
      const again = series.instances.map((instance) => ({ ...instance, head: undefined }));
      for (const selection of ["all", new Set(["00080060", "00200013", "00200032", "0018FFFF"])] as const)
        expect(readAttributes(again, selection)).toEqual(series.attributes(selection));
    }
  });

  test("holds what all frames share once, and per frame what differs", async () => {
    const series = await openOne(scanSeries({ phases: 2, transferSyntax: "implicit" }).files);
    const { shared, perFrame } = series.attributes("all");
    expect(shared["00080060"]).toEqual({ vr: "CS", Value: ["MR"] });
    expect(shared["00280010"]).toEqual({ vr: "US", Value: [7] });
    expect(shared["00080018"]).toBeUndefined();
    expect(perFrame.map((frame) => frame["00080018"]?.Value?.[0])).toEqual(series.frames.map((frame) => frame.derivedFrom[0]?.sopInstanceUID));
    expect(shared["7FE00010"] ?? perFrame[0]?.["7FE00010"]).toBeUndefined();
  });

  test("gives only what is asked for", async () => {
    const series = await openOne(scanSeries().files);
    const { shared, perFrame } = series.attributes(new Set(["00080060", "00200032", "00180050"]));
    expect(Object.keys(shared).toSorted()).toEqual(["00080060", "00180050"]);
    expect(Object.keys(perFrame[0] ?? {})).toEqual(["00200032"]);
  });

  test("is the same for sequences of defined and of undefined length", async () => {
    const defined = await openOne(scanSeries({ sequenceLength: "defined" }).files);
    const undefinedLength = await openOne(scanSeries({ sequenceLength: "undefined" }).files);
    expect(undefinedLength.attributes("all")).toEqual(defined.attributes("all"));
    expect(defined.attributes("all").shared["00081032"]?.Value?.[0]).toMatchObject({ "00080100": { vr: "SH", Value: ["P1-00000"] } });
  });
});
