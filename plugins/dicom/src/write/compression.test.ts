import type { DataElement } from "@hilum/testing";
import { describe, expect, it } from "vitest";
import { readFrameBytes } from "../pixels/frame-bytes.ts";
import { unpackSamples } from "../pixels/unpack.ts";
import { createElementTable, findElement } from "../scan/element-table.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { CT_IMAGE_STORAGE, handBuiltSeries, type HandBuiltOptions } from "./hand-built-series.test-support.ts";
import { textsOf, write } from "./write-hand-built.test-support.ts";

const CODECS = [
  ["rle", "1.2.840.10008.1.2.5"],
  ["jpeg-ls", "1.2.840.10008.1.2.4.80"],
  ["j2k", "1.2.840.10008.1.2.4.90"],
  ["htj2k", "1.2.840.10008.1.2.4.201"],
] as const;
type Compress = (typeof CODECS)[number][0];

const PIXEL_DATA = 0x7fe00010;
const SOP_INSTANCE_UID = 0x00080018;
const SERIES_INSTANCE_UID = 0x0020000e;

/** Extremes, neighbours of zero and noise of a format, nine of them. */
function valuesOf(bits: number, signed: boolean): number[] {
  const low = signed ? -(2 ** (bits - 1)) : 0;
  const high = low + 2 ** bits - 1;
  return [low, high, 0, high, low, Math.min(1, high), high - 1, low + 1, Math.floor(high / 3)];
}

/** The stored values in the fragments of a written file, by the reader. */
async function decoded(bytes: Buffer, template: DicomInstance, transferSyntaxUID: string): Promise<readonly number[]> {
  const table = createElementTable();
  scanDataSet(bytes, { bytesStart: 0, from: 144 + bytes.readUInt32LE(140), fileSize: bytes.length, explicitVr: true }, table);
  const row = findElement(table, PIXEL_DATA);
  expect(bytes.toString("latin1", (table.start[row] as number) + 4, (table.start[row] as number) + 6)).toBe("OB");
  const file = { name: "", size: bytes.length, read: (into: Uint8Array, position: number) => bytes.copy(into, 0, position), close: () => undefined };
  return [...unpackSamples(await readFrameBytes({ file, frameNumber: 1, transferSyntaxUID, pixel: { ...template.pixel, encapsulated: true, offset: table.value[row] as number } }))];
}

function series(bitsAllocated: number, bitsStored: number, signed: boolean, more: HandBuiltOptions = {}) {
  return handBuiltSeries({ slices: 1, pixel: { bitsAllocated, bitsStored, highBit: bitsStored - 1, signed }, stored: () => valuesOf(bitsStored, signed).map((value) => value & (2 ** bitsStored - 1)), ...more });
}

describe.each(CODECS)("compress %s", (compress, uid) => {
  it.each([
    [8, 8, false],
    [8, 5, false],
    [16, 16, true],
    [16, 16, false],
    [16, 12, true],
    [16, 12, false],
    [16, 9, true],
    [16, 9, false],
  ])("gives back stored values of %d bits allocated, %d stored, signed %s", async (allocated, stored, signed) => {
    const built = series(allocated, stored, signed);
    const { bytes } = await write(built, { options: { compress } });
    const [file] = bytes as [Buffer];
    expect(file.subarray(132, file.indexOf("ISO_IR")).includes(uid.length % 2 === 0 ? uid : `${uid}\0`)).toBe(true);
    expect(await decoded(file, built.series.instances[0] as DicomInstance, uid)).toEqual(valuesOf(stored, signed));
  });

  it("changes neither UID, so that the same pixels are the same instance (PS3.3 C.7.6.1.1.2)", async () => {
    const built = handBuiltSeries();
    const uids = async (options: { compress?: Compress }): Promise<(string | undefined)[]> => {
      const { bytes } = await write(built, { options });
      return bytes.flatMap((file) => [SOP_INSTANCE_UID, SERIES_INSTANCE_UID].map(textsOf(file.subarray(0, file.lastIndexOf(Buffer.from("e07f1000", "hex"))))));
    };
    expect(await uids({ compress })).toEqual(await uids({}));
  });

  it("says what it did in the facts of the report", async () => {
    expect((await write(handBuiltSeries(), { options: { compress } })).summary).toMatchObject({ facts: { compress } });
    expect((await write(handBuiltSeries())).summary).not.toHaveProperty("facts.compress");
  });

  it("compresses what a slope of its own stores", async () => {
    const modality: DataElement = { tag: 0x00080060, vr: "CS", text: "CT" };
    const built = series(8, 8, true, { sopClassUID: CT_IMAGE_STORAGE, elements: [modality] });
    const { bytes } = await write(built, { voxels: [Float32Array.of(-1, 1, 0, 0, 0, 0, 0, 0, 0)], options: { compress, rescale: "full-range" } });
    const sixteen = { ...(built.series.instances[0] as DicomInstance), pixel: { ...(built.series.instances[0] as DicomInstance).pixel, bitsAllocated: 16, bitsStored: 16, highBit: 15, frameBytes: 18 } };
    expect(await decoded(bytes[0] as Buffer, sixteen, uid)).toEqual([-32767, 32767, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("refuses implicit VR, and bits that lie higher than Bits Stored", async () => {
    const refusal = expect.objectContaining({ code: "UNSUPPORTED_WRITE" });
    await expect(write(handBuiltSeries({ encoding: { transferSyntax: "implicit" } }), { options: { compress } })).rejects.toEqual(refusal);
    await expect(write(handBuiltSeries({ pixel: { bitsStored: 12, highBit: 15 } }), { options: { compress } })).rejects.toEqual(refusal);
  });
});

describe("bits that an encoder codes so that others read them wrong", () => {
  it.each([
    ["j2k", 8, 8, true],
    ["j2k", 16, 8, true],
    ["j2k", 16, 8, false],
    ["htj2k", 8, 8, true],
  ] as const)("%s refuses %d bits allocated, %d stored, signed %s", async (compress, allocated, stored, signed) => {
    await expect(write(series(allocated, stored, signed), { options: { compress } })).rejects.toMatchObject({ code: "UNSUPPORTED_WRITE", remedy: "choose jpeg-ls or rle" });
  });

  it.each([
    ["rle", 8, 8, true],
    ["jpeg-ls", 8, 8, true],
    ["rle", 16, 8, true],
    ["jpeg-ls", 16, 8, false],
    ["htj2k", 16, 8, true],
  ] as const)("%s takes %d bits allocated, %d stored, signed %s", async (compress, allocated, stored, signed) => {
    const built = series(allocated, stored, signed);
    const { bytes } = await write(built, { options: { compress } });
    const uid = CODECS.find(([name]) => name === compress)?.[1] as string;
    expect(await decoded(bytes[0] as Buffer, built.series.instances[0] as DicomInstance, uid)).toEqual(valuesOf(stored, signed));
  });
});
