import { encodeDataSet, type DataElement, type DataSet } from "@hilum/testing";
import { describe, expect, it } from "vitest";
import { CT_IMAGE_STORAGE, handBuiltSeries, PET_IMAGE_STORAGE, type HandBuiltOptions, type HandBuiltSeries } from "./hand-built-series.test-support.ts";
import { holds, textsOf, write } from "./write-hand-built.test-support.ts";

const CT: HandBuiltOptions = {
  sopClassUID: CT_IMAGE_STORAGE,
  modalityLut: { scale: 1, offset: -1024 },
  pixel: { bitsStored: 12, highBit: 11, signed: false },
  elements: [{ tag: 0x00080060, vr: "CS", text: "CT" }],
};
const PET: HandBuiltOptions = { sopClassUID: PET_IMAGE_STORAGE, modalityLut: { scale: 2, offset: 0 }, elements: [{ tag: 0x00080060, vr: "CS", text: "PT" }] };

const us = (tag: number, value: number): DataElement => ({ tag, vr: "US", numbers: [value] });
const ss = (tag: number, value: number): DataElement => ({ tag, vr: "SS", numbers: [value] });
const holdsAll = (file: Buffer, elements: DataSet, { encoding }: HandBuiltSeries): boolean[] => elements.map((element) => holds(file, [element], encoding));

/** The stored values at the end of a file. */
const words = (file: Buffer, signed: boolean): number[] =>
  Array.from({ length: 9 }, (_, i) => (signed ? file.readInt16LE(file.length - 18 + 2 * i) : file.readUInt16LE(file.length - 18 + 2 * i)));

describe("full-range", () => {
  it("stores CT in signed 16 bits with a slope of its own, in the units of the template", async () => {
    const built = handBuiltSeries(CT);
    const hounsfield = [-1000, -500, 0, 0.25, 100, 200, 300, 400, 3000];
    const { bytes, summary } = await write(built, { voxels: built.voxels.map(() => Float32Array.from(hounsfield)), options: { rescale: "full-range" } });
    const [file] = bytes as [Buffer];
    const text = textsOf(file);
    // (3000 + 1000) / 65534 = 0.0610370189519…, rounded up.
    expect([text(0x00281052), text(0x00281053)]).toEqual(["1000", "0.06103701895200"].map((value) => `${Number(value)}`));
    const real = words(file, true).map((value) => value * Number(text(0x00281053)) + Number(text(0x00281052)));
    for (const [i, value] of hounsfield.entries()) expect(Math.abs((real[i] as number) - value)).toBeLessThanOrEqual(0.0305186);
    expect(holdsAll(file, [us(0x00280100, 16), us(0x00280101, 16), us(0x00280102, 15), us(0x00280103, 1)], built)).toEqual([true, true, true, true]);
    expect(text(0x00281050)).toBe("40");
    expect(summary?.facts).toMatchObject({ clippedVoxels: 0, rescale: "full-range", smallestSlope: Number(text(0x00281053)), largestSlope: Number(text(0x00281053)) });
  });

  it("stores PET slice by slice, with intercept 0 and the largest magnitude as 32767", async () => {
    const built = handBuiltSeries(PET);
    const voxels = [Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 32767), Float32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 65.534)];
    const { bytes } = await write(built, { voxels, options: { rescale: "full-range" } });
    expect(bytes.map((file) => [textsOf(file)(0x00281052), textsOf(file)(0x00281053)])).toEqual([
      ["0", "1"],
      // float32(65.534) = 65.53399658203125; over 32767 it is 0.00199999989569…
      ["0", "0.00199999989569"].map((text, i) => (i === 0 ? text : expect.stringMatching(/^0\.001999999895\d+$/))),
    ]);
    expect(words(bytes[0] as Buffer, true)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 32767]);
    expect(words(bytes[1] as Buffer, true).at(-1)).toBe(32767);
  });

  it("makes masked voxels the lowest value, says so in Pixel Padding Value, and drops the range limit", async () => {
    const padding: DataSet = [us(0x00280120, 7), us(0x00280121, 9)];
    const built = handBuiltSeries({ ...CT, elements: [...(CT.elements ?? []), ...padding] });
    const mask = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1);
    const { bytes } = await write(built, { masks: built.voxels.map(() => mask), options: { rescale: "full-range" } });
    const [file] = bytes as [Buffer];
    const stored = words(file, true);
    expect([stored[0], stored[8]]).toEqual([-32768, -32768]);
    expect(stored.slice(1, 8)).not.toContain(-32768);
    expect(holdsAll(file, [ss(0x00280120, -32768), padding[1] as DataElement], built)).toEqual([true, false]);
  });

  it("drops a padding value that nothing is masked by: it would be an image value", async () => {
    const built = handBuiltSeries({ ...CT, elements: [...(CT.elements ?? []), us(0x00280120, 7)] });
    const { bytes } = await write(built, { options: { rescale: "full-range" } });
    expect(textsOf(bytes[0] as Buffer)(0x00280120)).toBeUndefined();
  });

  it("gives the extremes the VR of its own sign", async () => {
    const built = handBuiltSeries({ ...CT, elements: [...(CT.elements ?? []), us(0x00280106, 0), us(0x00280107, 9)] });
    const { bytes } = await write(built, { options: { rescale: "full-range" } });
    expect(holdsAll(bytes[0] as Buffer, [ss(0x00280106, -32767), ss(0x00280107, 32767)], built)).toEqual([true, true]);
  });

  it("widens 8 bits to 16 and refuses MR", async () => {
    const eight = handBuiltSeries({ ...CT, pixel: { bitsAllocated: 8, bitsStored: 8, highBit: 7, signed: false } });
    const { bytes } = await write(eight, { options: { rescale: "full-range" } });
    expect(holds(bytes[0], [us(0x00280100, 16)], eight.encoding)).toBe(true);
    // The slope, 4 / 32767, is rounded up, so that 16383.5 is a little less.
    expect(words(bytes[0] as Buffer, true)).toEqual([-32767, -24575, -16383, -8192, 0, 8192, 16383, 24575, 32767]);
    await expect(write(handBuiltSeries(), { options: { rescale: "full-range" } })).rejects.toMatchObject({ code: "UNSUPPORTED_WRITE" });
  });
});

describe("mr-rwvm", () => {
  it("stores MR in unsigned 16 bits with a Real World Value Mapping and without a Rescale Slope", async () => {
    const built = handBuiltSeries({ modalityLut: { scale: 2, offset: -4096 } });
    const voxels = built.voxels.map(() => Float32Array.of(-1, 0, 1, 2, 3, 4, 5, 6, 65533));
    const [file] = (await write(built, { voxels, options: { rescale: "mr-rwvm" } })).bytes as [Buffer];
    expect(words(file, false)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 65535]);
    const mapping: DataElement = {
      tag: 0x00409096,
      vr: "SQ",
      items: [
        [
          { tag: 0x00283003, vr: "LO", text: "Real value of the stored value" },
          {
            tag: 0x004008ea,
            vr: "SQ",
            items: [
              [
                { tag: 0x00080100, vr: "SH", text: "1" },
                { tag: 0x00080102, vr: "SH", text: "UCUM" },
                { tag: 0x00080104, vr: "LO", text: "no units" },
              ],
            ],
          },
          { tag: 0x00409210, vr: "SH", text: "HILUM" },
          us(0x00409211, 65535),
          us(0x00409216, 1),
          { tag: 0x00409224, vr: "FD", numbers: [-2] },
          { tag: 0x00409225, vr: "FD", numbers: [1] },
        ],
      ],
    };
    expect(Buffer.from(file).includes(Buffer.from(encodeDataSet([mapping], built.encoding)))).toBe(true);
    const text = textsOf(file);
    expect([text(0x00281052), text(0x00281053)]).toEqual([undefined, undefined]);
    // stored = real + 2; the window of 40 ± 40 moves with it.
    expect([text(0x00281050), text(0x00281051)]).toEqual(["42", "80"]);
  });

  it("moves the ends of a window to the same real values", async () => {
    // Real 0 … 131068 is stored as 1 … 65535: slope 2, intercept −2.
    const voxels = Float32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 131068);
    const windowOf = async (elements: DataSet): Promise<(string | undefined)[]> => {
      const built = handBuiltSeries({ elements });
      const [file] = (await write(built, { voxels: built.voxels.map(() => voxels), options: { rescale: "mr-rwvm" } })).bytes as [Buffer];
      return [textsOf(file)(0x00281050), textsOf(file)(0x00281051)];
    };
    const center: DataElement = { tag: 0x00281050, vr: "DS", text: "100\\50" };
    const width: DataElement = { tag: 0x00281051, vr: "DS", text: "41\\21" };
    // LINEAR: 99.5 ± 20 is stored 50.75 ± 10, so 51.25 and 21; 49.5 ± 10 is 25.75 ± 5.
    expect(await windowOf([center, width])).toEqual(["51.25\\26.25", "21\\11"]);
    expect(await windowOf([center, width, { tag: 0x00281056, vr: "CS", text: "LINEAR_EXACT" }])).toEqual(["51\\26", "20.5\\10.5"]);
    // Two centres and one width contradict each other.
    expect(await windowOf([center, { ...width, text: "41" }])).toEqual([undefined, undefined]);
  });
});
