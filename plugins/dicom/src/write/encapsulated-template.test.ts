import { encodeDataSet, memorySource, type DataElement } from "@hilum/testing";
import { describe, expect, it } from "vitest";
import { asDicomSeries, type DicomInstance } from "../series/dicom-instance.ts";
import { handBuiltSeries, SERIES_UID, type HandBuiltOptions, type HandBuiltSeries } from "./hand-built-series.test-support.ts";
import { dataSetOf, holds, textsOf, write } from "./write-hand-built.test-support.ts";

const EXPLICIT = { transferSyntax: "explicit", sequenceLength: "defined", textEncoding: "latin1" } as const;
const RLE = "1.2.840.10008.1.2.5";
const JPEG_BASELINE = "1.2.840.10008.1.2.4.50";
const TRAILING: DataElement = { tag: 0xfffcfffc, vr: "OB", bytes: Uint8Array.of(0, 0) };

/** Fragments that say nothing. */
const NOTHING: readonly Buffer[] = [Buffer.alloc(4, 0xaa), Buffer.alloc(6, 0xaa)];

/** A frame of 9 words in RLE (PS3.5 Annex G): two segments, the high bytes first, each one literal run. */
function rleFrame(words: readonly number[]): Buffer {
  const header = Buffer.alloc(64);
  [2, 64, 74].forEach((value, i) => header.writeUInt32LE(value, 4 * i));
  return Buffer.concat([header, Buffer.of(8, ...words.map((word) => (word >> 8) & 0xff)), Buffer.of(8, ...words.map((word) => word & 0xff))]);
}

/** A series whose pixels are in fragments (PS3.5 A.4), behind an empty offset table. */
function encapsulatedSeries(transferSyntaxUID: string, options: HandBuiltOptions = {}, frame = NOTHING): HandBuiltSeries {
  const built = handBuiltSeries(options);
  const item = (value: Uint8Array): Buffer => Buffer.concat([Buffer.from("feff00e0", "hex"), Buffer.of(value.length, 0, 0, 0), value]);
  const fragments = Buffer.concat([...[Buffer.alloc(0), ...frame].map(item), Buffer.from("feffdde000000000", "hex")]);
  const files = built.files.map((file, i) => {
    const pixelsAt = (built.series.instances[i] as DicomInstance).pixel.offset - 12;
    const offsets = encodeDataSet([{ tag: 0x7fe00001, vr: "UN", bytes: new Uint8Array(8) }, { tag: 0x7fe00002, vr: "UN", bytes: new Uint8Array(8) }], EXPLICIT);
    const header = Buffer.from("e07f10004f420000ffffffff", "hex");
    return Buffer.concat([file.subarray(0, pixelsAt), offsets, header, fragments, encodeDataSet([TRAILING], EXPLICIT)]);
  });
  const source = memorySource(files.map((bytes, i) => ({ name: `${i}`, bytes })), { kind: "directory" });
  const instances = built.series.instances.map((instance, i): DicomInstance => ({
    ...instance,
    file: source.files[i] as DicomInstance["file"],
    transferSyntaxUID,
    pixel: { ...instance.pixel, encapsulated: true, offset: instance.pixel.offset + 40 },
  }));
  return { ...built, files, series: asDicomSeries({ ...built.series, instances }) };
}

describe("a template with fragments", () => {
  it("becomes uncompressed explicit little endian: native pixels, no table of offsets, everything else as it was", async () => {
    const built = encapsulatedSeries(RLE);
    const [file] = (await write(built)).bytes as [Buffer];
    const meta = file.subarray(132, file.length - dataSetOf(file).length);
    expect([meta.includes("1.2.840.10008.1.2.1\0"), meta.includes(RLE)]).toEqual([true, false]);
    const words = Uint8Array.from({ length: 18 }, (_, i) => (i % 2 === 0 ? i / 2 : 0));
    const end = encodeDataSet([{ tag: 0x7fe00010, vr: "OW", bytes: words }, TRAILING], EXPLICIT);
    expect(dataSetOf(file).subarray(-end.length)).toEqual(Buffer.from(end));
    expect(dataSetOf(file).includes(Buffer.from("e07f0100", "hex"))).toBe(false);
    expect(dataSetOf(file).includes(Buffer.from("e07f0200", "hex"))).toBe(false);
    const kept: DataElement = { tag: 0x00091002, vr: "SQ", items: [[{ tag: 0x00091003, vr: "LO", text: "kept" }]] };
    expect(holds(file, [kept], EXPLICIT)).toBe(true);
    expect(textsOf(file)(0x00082112)).toContain(`${SERIES_UID}.1`);
  });

  it("gives padding back as its fragments hold it", async () => {
    const stored = [-2000, 1, 2, 3, 4, 5, 6, 7, -1999];
    const built = encapsulatedSeries(RLE, { slices: 1 }, [rleFrame(stored)]);
    const mask = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1);
    const [file] = (await write(built, { voxels: [new Float32Array(9).fill(50)], masks: [mask] })).bytes as [Buffer];
    const words = Uint8Array.from(new Uint8Array(Int16Array.of(-2000, 50, 50, 50, 50, 50, 50, 50, -1999).buffer));
    expect(holds(file, [{ tag: 0x7fe00010, vr: "OW", bytes: words }], EXPLICIT)).toBe(true);
  });

  it("gives pixels of 8 bits the VR OB", async () => {
    const built = encapsulatedSeries(RLE, { pixel: { bitsAllocated: 8, bitsStored: 8, highBit: 7, signed: false } });
    const [file] = (await write(built)).bytes as [Buffer];
    expect(holds(file, [{ tag: 0x7fe00010, vr: "OB", bytes: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 0) }], EXPLICIT)).toBe(true);
  });

  it("tells of lossy compression where its header forgot to, and keeps what its header says of it", async () => {
    const lossyOf = async (uid: string, elements: readonly DataElement[]): Promise<string | undefined> =>
      textsOf((await write(encapsulatedSeries(uid, { elements }))).bytes[0] as Buffer)(0x00282110);
    expect(await lossyOf(JPEG_BASELINE, [])).toBe("01");
    expect(await lossyOf(JPEG_BASELINE, [{ tag: 0x00282110, vr: "CS", text: "00" }])).toBe("01");
    expect(await lossyOf(RLE, [{ tag: 0x00282110, vr: "CS", text: "01" }])).toBe("01");
    expect(await lossyOf(RLE, [])).toBeUndefined();
  });
});
