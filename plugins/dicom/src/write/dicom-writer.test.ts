import type { SeriesSpec, Sink } from "@hilum/core";
import { codecContext, encodeDataSet, memorySink } from "@hilum/testing";
import { describe, expect, it } from "vitest";
import { asDicomSeries, type DicomSeries } from "../series/dicom-instance.ts";
import { dicomWriter } from "./dicom-writer.ts";
import { CT_IMAGE_STORAGE, handBuiltSeries, MR_IMAGE_STORAGE, SERIES_UID, slabsOf, withFrames } from "./hand-built-series.test-support.ts";
import { BLUR, DEFAULT_OPTIONS, textsOf, write } from "./write-hand-built.test-support.ts";

describe("dicomWriter", () => {
  it("writes a preamble of zeros and the file meta information of PS3.10 7.1, with its own implementation", async () => {
    const built = handBuiltSeries();
    built.files.forEach((file) => file.set(Buffer.from("MZ executable")));
    const [file] = (await write(built)).bytes as [Buffer];
    expect(file.subarray(0, 128)).toEqual(Buffer.alloc(128));
    const metaEnd = 144 + file.readUInt32LE(140);
    expect(file.subarray(132, metaEnd)).toEqual(
      Buffer.from(
        encodeDataSet(
          [
            { tag: 0x00020000, vr: "UL", numbers: [metaEnd - 144] },
            { tag: 0x00020001, vr: "OB", bytes: Uint8Array.of(0, 1) },
            { tag: 0x00020002, vr: "UI", text: MR_IMAGE_STORAGE },
            { tag: 0x00020003, vr: "UI", text: textsOf(file)(0x00080018) as string },
            { tag: 0x00020010, vr: "UI", text: "1.2.840.10008.1.2.1" },
            { tag: 0x00020012, vr: "UI", text: "2.25.7621714384838955278104782060642267085" },
            { tag: 0x00020013, vr: "SH", text: "HILUM_0_1" },
          ],
          built.encoding,
        ),
      ),
    );
  });

  it("names files by phase and slice, never by a tag, and closes them", async () => {
    const { files } = await write(handBuiltSeries({ phases: 2, slices: 3 }));
    expect([...files.keys()]).toEqual(["IM-01-0001.dcm", "IM-01-0002.dcm", "IM-01-0003.dcm", "IM-02-0001.dcm", "IM-02-0002.dcm", "IM-02-0003.dcm"]);
    expect([...files.values()].every((file) => file.closed)).toBe(true);
  });

  it("gives a series of more files than may stay open one Series Instance UID", async () => {
    const memory = memorySink();
    let mostOpen = 0;
    const counting: Sink = {
      async file(name) {
        const file = await memory.sink.file(name);
        mostOpen = Math.max(mostOpen, [...memory.files.values()].filter(({ closed }) => !closed).length);
        return file;
      },
    };
    await write(handBuiltSeries({ slices: 300 }), { sink: counting });
    const bytes = [...memory.files.values()].map((file) => Buffer.from(file.bytes()));
    // 256 that wait for their UID, and those in flight.
    expect(mostOpen).toBeLessThanOrEqual(260);
    expect(new Set(bytes.map((file) => textsOf(file)(0x0020000e))).size).toBe(1);
    expect(new Set(bytes.map((file) => textsOf(file)(0x00080018))).size).toBe(300);
  });

  describe("UIDs", () => {
    const uidsOf = async (...args: Parameters<typeof write>): Promise<(string | undefined)[]> => {
      const { bytes } = await write(...args);
      return [...bytes.map((file) => textsOf(file)(0x00080018)), textsOf(bytes[0] as Buffer)(0x0020000e)];
    };

    it("are the same for a rerun at another time", async () => {
      expect(await uidsOf(handBuiltSeries())).toEqual(await uidsOf(handBuiltSeries()));
    });

    it("change with one voxel: that instance's and the series', and no other", async () => {
      const [first, second, series] = await uidsOf(handBuiltSeries());
      const built = handBuiltSeries();
      (built.voxels[1] as Float32Array)[4] = 1234;
      const [sameFirst, otherSecond, otherSeries] = await uidsOf(built);
      expect(sameFirst).toBe(first);
      expect(otherSecond).not.toBe(second);
      expect(otherSeries).not.toBe(series);
    });

    it("all change with the digest of a model, however alike the images are", async () => {
      const withModel = (sha256: string) => uidsOf(handBuiltSeries(), { spec: (series) => ({ ...series, history: [{ ...BLUR, config: { model: { sha256 } } }] }) });
      expect(new Set([...(await withModel("aa")), ...(await withModel("ab"))]).size).toBe(6);
    });

    it("all change with the steps and with the options", async () => {
      const before = await uidsOf(handBuiltSeries());
      const otherSteps = await uidsOf(handBuiltSeries(), { spec: (series) => ({ ...series, history: [{ ...BLUR, config: { sigmaMm: 2 } }] }) });
      const otherOptions = await uidsOf(handBuiltSeries(), { options: { seriesNumberOffset: 2000 } });
      expect(new Set([...before, ...otherSteps, ...otherOptions]).size).toBe(9);
    });
  });

  it.each(["template-range", "mr-rwvm"] as const)("writes the same bytes for the same job at the same time (%s)", async (rescale) => {
    const once = await write(handBuiltSeries({ phases: 2, slices: 3 }), { options: { rescale } });
    const again = await write(handBuiltSeries({ phases: 2, slices: 3 }), { options: { rescale } });
    expect(again.bytes.map((file, i) => file.equals(once.bytes[i] as Buffer))).toEqual(Array.from({ length: 6 }, () => true));
  });

  it("writes no file for a slice that stands for a missing one", async () => {
    const built = handBuiltSeries({ slices: 3 });
    const spec = (series: SeriesSpec): SeriesSpec => withFrames(series, (frame, i) => (i === 1 ? { ...frame, derivedFrom: [] } : frame));
    // As the reader gives it: the template lacks the instance too.
    const template = asDicomSeries({ ...built.series, ...spec(built.series), instances: built.series.instances.filter((_, i) => i !== 1) } as unknown as DicomSeries);
    const { files, summary } = await write({ ...built, series: template }, { voxels: built.voxels.map((voxels, i) => (i === 1 ? new Float32Array(9) : voxels)) });
    expect([...files.keys()]).toEqual(["IM-01-0001.dcm", "IM-01-0003.dcm"]);
    expect(summary?.facts).toMatchObject({ instances: 2 });
  });

  it("pads 8-bit frames of odd length with one zero byte", async () => {
    const built = handBuiltSeries({ pixel: { bitsAllocated: 8, bitsStored: 8, highBit: 7, signed: false } });
    const { bytes } = await write(built);
    expect((bytes[1] as Buffer).subarray(-18)).toEqual(Buffer.from("00004f5700000a0000000a0b0c0d0e0f10111200", "hex").subarray(-18));
  });

  it("stores real values with the template's Modality LUT and the frame's own map", async () => {
    const built = handBuiltSeries({ modalityLut: { scale: 2, offset: -1024 } });
    const normalised = built.voxels.map((voxels) => voxels.map((real) => (real + 1024) / 64));
    const { bytes, summary } = await write(built, {
      spec: (series) => withFrames(series, (frame) => ({ ...frame, toReal: { scale: 64, offset: -1024 } })),
      voxels: normalised,
    });
    expect(summary?.facts).toMatchObject({ clippedVoxels: 0, maxQuantisationError: 0 });
    bytes.forEach((file, frame) => expect(file.subarray(-18)).toEqual(Buffer.from(built.files[frame] as Uint8Array).subarray(-18)));
  });

  it("gives padding back as the template stores it", async () => {
    const built = handBuiltSeries({ stored: () => [-2000, 5, 6, 7, 8, 9, 10, 11, -2000] });
    const mask = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1);
    const { bytes } = await write(built, { voxels: built.voxels.map(() => new Float32Array(9).fill(1)), masks: built.voxels.map(() => mask) });
    const words = Array.from({ length: 9 }, (_, i) => (bytes[0] as Buffer).subarray(-18).readInt16LE(2 * i));
    expect(words).toEqual([-2000, 1, 1, 1, 1, 1, 1, 1, -2000]);
  });

  it("counts clipped voxels over the whole series", async () => {
    const built = handBuiltSeries();
    const { summary, warnings } = await write(built, { voxels: built.voxels.map(() => Float32Array.of(1e6, -1e6, 0.25, 0, 0, 0, 0, 0, 0)) });
    expect(summary?.facts).toEqual({ instances: 2, clippedVoxels: 4, maxQuantisationError: 0.25, rescale: "template-range", smallestSlope: 1, largestSlope: 1 });
    expect(warnings.map(({ code, message }) => [code, /^\d+/.exec(message)?.[0]])).toEqual([["VOXELS_CLIPPED", "4"]]);
    expect((await write(built)).warnings).toEqual([]);
  });

  it.each([
    ["MR", MR_IMAGE_STORAGE, /; --rescale mr-rwvm keeps them\.$/],
    ["CT", CT_IMAGE_STORAGE, /; --rescale full-range keeps them\.$/],
  ])("names the policy that keeps what was clipped: %s", async (_, sopClassUID, says) => {
    const built = handBuiltSeries({ sopClassUID });
    const { warnings } = await write(built, { voxels: built.voxels.map(() => new Float32Array(9).fill(1e6)) });
    expect(warnings[0]?.message).toMatch(says);
  });

  it("asks for a template before anything is written", () => {
    const { series } = handBuiltSeries();
    expect(dicomWriter.check?.({ series, options: DEFAULT_OPTIONS })).toEqual([
      { code: "INVALID_JOB", message: expect.any(String), remedy: "give --template DIR, the DICOM directory that the file was made from" },
    ]);
  });

  it("refuses NaN", async () => {
    const built = handBuiltSeries();
    const voxels = built.voxels.map(() => new Float32Array(9).fill(Number.NaN));
    await expect(write(built, { voxels })).rejects.toMatchObject({ code: "NON_FINITE_VOXELS" });
  });

  it("refuses a template file that was changed after it was opened", async () => {
    const built = handBuiltSeries();
    const file = built.files[1] as Uint8Array;
    const at = Buffer.from(file).lastIndexOf(`${SERIES_UID}.2`);
    file[at + SERIES_UID.length + 1] = "9".charCodeAt(0);
    await expect(write(built)).rejects.toMatchObject({ code: "TEMPLATE_MISMATCH" });
  });

  it("writes the head of a file, up to its Series Instance UID, last of all, so that an interrupted series is no DICOM", async () => {
    const { files, bytes } = await write(handBuiltSeries());
    const uidEnd = (bytes[0] as Buffer).indexOf(Buffer.from("20000e005549", "hex")) + 8 + 44;
    for (const file of files.values()) expect(file.writes.map(({ position }) => position)).toEqual([(bytes[0] as Buffer).length - 18, uidEnd, 0]);
  });

  it.each<[string, (body: Buffer) => Buffer]>([
    ["Pixel Data holds the stored values of its own slice", (body) => (isPixels(body) ? body.fill(0x55, body.length - 1) : body)],
    ["place, orientation and spacing are the template's", (body) => (isPixels(body) ? body : body.fill(0x55, body.indexOf("1.5\\-2.5"), body.indexOf("1.5\\-2.5") + 1))],
    ["tags ascend, each once, and every length fits", (body) => (isPixels(body) ? Buffer.concat([body, Buffer.of(0)]) : body)],
  ])("finds, when it reads a body back, that a disk broke the rule: %s", async (rule, damage) => {
    const sink = damagingSink((bytes, position) => (position === 0 ? bytes : damage(bytes)));
    await expect(write(handBuiltSeries(), { sink })).rejects.toMatchObject({ code: "VERIFICATION_FAILED", details: { rule } });
  });

  it("finds, when it reads a head back, that a disk damaged it", async () => {
    const sink = damagingSink((bytes, position) => (position === 0 ? Buffer.concat([Buffer.from("M"), bytes.subarray(1)]) : bytes));
    await expect(write(handBuiltSeries(), { sink })).rejects.toMatchObject({
      code: "VERIFICATION_FAILED",
      details: { rule: "the preamble is 128 zeros" },
    });
  });

  it("finds that a Series Instance UID did not reach its file", async () => {
    const sink = damagingSink((bytes, position) => (position === 0 ? bytes.subarray(0, -1) : bytes));
    await expect(write(handBuiltSeries(), { sink })).rejects.toMatchObject({
      code: "VERIFICATION_FAILED",
      details: { rule: "all instances have the one Series Instance UID" },
    });
  });

  it("ends with what the disk said when it is full, after every write in flight has ended", async () => {
    const { sink } = memorySink({ capacityBytes: 10_000 });
    let writing = 0;
    const slow: Sink = {
      async file(name) {
        const file = await sink.file(name);
        return {
          ...file,
          async write(bytes, position) {
            writing++;
            await new Promise((resolve) => setTimeout(resolve, 1));
            writing--;
            await file.write(bytes, position);
          },
        };
      },
    };
    await expect(write(handBuiltSeries({ slices: 20 }), { sink: slow })).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(writing).toBe(0);
  });

  it("refuses to end with frames missing", async () => {
    const built = handBuiltSeries();
    const { sink } = memorySink();
    const request = { series: built.series, template: built.series, options: DEFAULT_OPTIONS };
    const first = slabsOf({ ...built.series, frames: built.series.frames.slice(0, 1) }, built.voxels);
    await expect(dicomWriter.write(request, first, sink, codecContext())).rejects.toMatchObject({ code: "VERIFICATION_FAILED" });
  });

  it("stops with the reason when it is cancelled", async () => {
    const built = handBuiltSeries();
    const reason = new Error("cancelled");
    const request = { series: built.series, template: built.series, options: DEFAULT_OPTIONS };
    const { sink } = memorySink();
    await expect(dicomWriter.write(request, slabsOf(built.series, built.voxels), sink, codecContext(AbortSignal.abort(reason)))).rejects.toBe(reason);
  });
});

/** Whether bytes that are written are the pixels of a frame: 3 × 3 words. */
function isPixels(bytes: Buffer): boolean {
  return bytes.length === 18;
}

/** A sink in memory on a disk that writes something else than it is given. */
function damagingSink(damage: (bytes: Buffer, position: number) => Buffer): Sink {
  const { sink } = memorySink();
  return {
    async file(name) {
      const file = await sink.file(name);
      return { ...file, write: (bytes, position) => file.write(damage(Buffer.from(bytes), position), position) };
    },
  };
}
