import type { DataSet } from "@hilum/testing";
import { describe, expect, it } from "vitest";
import { opened } from "./hand-built-enhanced.test-support.ts";
import { doubles, floats, imageOf, shorts, words, type Form } from "./hand-built-image.test-support.ts";
import { dataSetOf, textsOf, write, type Changes } from "./write-hand-built.test-support.ts";

/** Writes an image into its own header. @returns the file, and the value of its Pixel Data without what pads it. */
async function written(pixels: Buffer, form: Form, change: (voxels: Float32Array) => void = () => {}) {
  const built = await opened([imageOf(pixels, form)]);
  const voxels = built.voxels.map((frame) => frame.slice());
  voxels.forEach(change);
  const changes: Changes = { voxels };
  const { bytes, summary } = await write(built, changes);
  const [file] = bytes as [Buffer];
  return { file, summary, voxels: built.voxels.map((frame) => [...frame]), pixels: dataSetOf(file).subarray(-pixels.length - (pixels.length % 2)).subarray(0, pixels.length) };
}

/** A Modality LUT Sequence (PS3.3 C.11.1) of 16-bit entries for the values from 0 on. */
function modalityLut(entryOf: (entry: number) => number, count = 256): DataSet {
  const data = Uint16Array.from({ length: count }, (_, entry) => entryOf(entry));
  const item: DataSet = [
    { tag: 0x00283002, vr: "US", numbers: [count, 0, 16] },
    { tag: 0x00283004, vr: "LO", text: "US" },
    { tag: 0x00283006, vr: "OW", bytes: new Uint8Array(data.buffer) },
  ];
  return [{ tag: 0x00283000, vr: "SQ", items: [item] }];
}

describe("the stored forms beside greyscale of 8 and 16 bits", () => {
  it.each<[string, Buffer, Form, number[]]>([
    ["RGB side by side", Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), { samples: 3, photometric: "RGB", planar: 0 }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    ["RGB in planes", Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), { samples: 3, photometric: "RGB", planar: 1 }, [1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12]],
    ["RGB of 16 bits in planes", shorts(1, 2, 3, 4, 500, 600, 700, 800, 9, 10, 11, 65535), { samples: 3, photometric: "RGB", planar: 1, bits: 16 }, [1, 500, 9, 2, 600, 10, 3, 700, 11, 4, 800, 65535]],
    ["YBR_FULL", Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), { samples: 3, photometric: "YBR_FULL", planar: 0 }, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    ["YBR_FULL_422", Buffer.from([1, 2, 30, 40, 5, 6, 70, 80]), { samples: 3, photometric: "YBR_FULL_422", planar: 0 }, [1, 30, 40, 2, 30, 40, 5, 70, 80, 6, 70, 80]],
    ["indices of a palette", Buffer.from([0, 1, 254, 255]), { photometric: "PALETTE COLOR" }, [0, 1, 254, 255]],
    ["32 bits, unsigned, below 2^24", words(0, 1, 2 ** 24 - 2, 2 ** 24 - 1), { bits: 32 }, [0, 1, 16_777_214, 16_777_215]],
    ["32 bits, signed, above -2^24", words(1, 2 ** 32 - 1, 2 ** 32 - 2 ** 24 + 1, 5), { bits: 32, signed: true }, [1, -1, -16_777_215, 5]],
    ["single bits", Buffer.of(0b0000_1101), { bits: 1 }, [1, 0, 1, 1]],
  ])("come back as they were: %s", async (_title, stored, form, voxels) => {
    const result = await written(stored, form);
    expect(result.voxels).toEqual([voxels]);
    expect(result.pixels).toEqual(stored);
    expect(result.summary?.facts).toMatchObject({ clippedVoxels: 0, maxQuantisationError: 0 });
  });

  it("are of several frames: one file, its frames in their order", async () => {
    const stored = Buffer.from(Array.from({ length: 24 }, (_, i) => i));
    const { file, pixels } = await written(stored, { samples: 3, photometric: "RGB", planar: 1, frames: 2 });
    expect(pixels).toEqual(stored);
    expect(textsOf(file)(0x00280008)).toBe("2");
  });

  it("are of several frames of single bits too, which share bytes", async () => {
    // Five frames of 4 bits; the rest of the third byte belongs to none.
    const stored = Buffer.from([0b0111_0001, 0b1000_1100, 0b0000_1010]);
    const { file, voxels, pixels } = await written(stored, { bits: 1, frames: 5 });
    expect(voxels).toEqual([[1, 0, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1], [0, 1, 0, 1]]);
    expect(pixels).toEqual(stored);
    expect(dataSetOf(file).subarray(-4)).toEqual(Buffer.from([...stored, 0]));
  });

  it.each<[string, Buffer, Form]>([
    ["2^24 and its neighbours", words(2 ** 24 - 1, 2 ** 24, 2 ** 24 + 1, 2 ** 24 + 2), { bits: 32 }],
    ["up to 2^32 - 1", words(2 ** 31, 2 ** 31 + 1, 2 ** 32 - 2, 2 ** 32 - 1), { bits: 32 }],
    ["below -2^24", words(2 ** 32 - 2 ** 24 - 1, 2 ** 31, 2 ** 31 + 1, 5), { bits: 32, signed: true }],
    ["of colours in planes", words(...Array.from({ length: 12 }, (_, i) => 2 ** 32 - 1 - i)), { samples: 3, photometric: "RGB", planar: 1, bits: 32 }],
    ["behind a slope", words(2 ** 32 - 1, 2 ** 31 + 1, 2 ** 24 + 1, 7), { bits: 32, more: [{ tag: 0x00281052, vr: "DS", text: "-3.3" }, { tag: 0x00281053, vr: "DS", text: "0.7" }] }],
    ["in float32", floats(-0, 1e-45, -3.4028234663852886e38, 1 / 3), { bits: 32, float: true }],
    ["in double", doubles(-0, 0.1, 2 ** 53 - 1, -1e-300), { bits: 64, float: true }],
  ])("come back where float32 does not tell them apart: %s", async (_title, stored, form) => {
    const { pixels, summary } = await written(stored, form);
    expect(pixels).toEqual(stored);
    expect(summary?.facts).toMatchObject({ clippedVoxels: 0, maxQuantisationError: 0 });
  });

  it.each([
    ["2^24, which may have been 2^24 + 1", 2 ** 24, false],
    ["2^31", 2 ** 31, false],
    ["-2^24", -(2 ** 24), true],
  ])("are refused where a voxel is another than the template's, and float32 does not tell its value from its neighbours: %s", async (_title, value, signed) => {
    const change = (voxels: Float32Array): void => void (voxels[3] = value);
    await expect(written(words(0, 0, 0, 2 ** 25), { bits: 32, signed }, change)).rejects.toMatchObject({ code: "UNSUPPORTED_VOXEL_FORMAT", details: { voxels: 1 } });
  });

  it("are in double what a changed voxel is, and stay what they were beside it", async () => {
    const { pixels, file } = await written(doubles(0.1, 1 / 3, 7, 1e30), { bits: 64, float: true }, (voxels) => (voxels[1] = 0.2));
    expect(pixels).toEqual(doubles(0.1, Math.fround(0.2), 7, 1e30));
    expect([0x00280101, 0x00280102, 0x00280103, 0x00280106].map(textsOf(file))).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("are what was asked in colours of 32 bits, whose mask is not that of samples", async () => {
    const built = await opened([imageOf(words(...Array.from({ length: 12 }, (_, i) => i)), { samples: 3, photometric: "RGB", planar: 0, bits: 32 })]);
    const { bytes } = await write(built, { voxels: [Float32Array.from({ length: 12 }, (_, i) => 100 + i)], masks: [Uint8Array.of(1, 1, 1, 1)] });
    expect(dataSetOf(bytes[0] as Buffer).subarray(-48)).toEqual(words(...Array.from({ length: 12 }, (_, i) => 100 + i)));
  });

  it.each([Number.NaN, Number.NEGATIVE_INFINITY])("refuse %s in floating point", async (value) => {
    for (const bits of [32, 64] as const)
      await expect(written(Buffer.alloc(bits / 2), { bits, float: true }, (voxels) => (voxels[2] = value))).rejects.toMatchObject({ code: "NON_FINITE_VOXELS", details: { voxels: 1 } });
  });

  it("refuse NaN in 32 bits too, and saturate", async () => {
    await expect(written(words(0, 0, 0, 0), { bits: 32 }, (voxels) => (voxels[2] = Number.NaN))).rejects.toMatchObject({ code: "NON_FINITE_VOXELS", details: { voxels: 1 } });
    const { pixels, summary } = await written(words(7, 7, 7, 7), { bits: 32 }, (voxels) => voxels.set([-3, 0.5, 1.5, 2.5]));
    expect(pixels).toEqual(words(0, 0, 2, 2));
    expect(summary?.facts).toMatchObject({ clippedVoxels: 1, maxQuantisationError: 0.5 });
  });

  it("lose the extremes that 16 bits cannot say", async () => {
    const extremes: DataSet = [{ tag: 0x00280106, vr: "US", numbers: [1] }, { tag: 0x00280107, vr: "US", numbers: [4] }];
    const wide = textsOf((await written(words(1, 2, 3, 70_000), { bits: 32, more: extremes })).file);
    expect([wide(0x00280106), wide(0x00280107)]).toEqual([undefined, undefined]);
    const narrow = textsOf((await written(shorts(1, 2, 3, 4), { bits: 16, more: extremes })).file);
    expect([narrow(0x00280106), narrow(0x00280107)]).not.toContain(undefined);
  });

  it("are refused where pixels that share their chroma differ in it", async () => {
    const stored = Buffer.from([1, 2, 30, 40, 5, 6, 70, 80]);
    const form: Form = { samples: 3, photometric: "YBR_FULL_422", planar: 0 };
    await expect(written(stored, form, (voxels) => (voxels[1] = 31))).rejects.toMatchObject({ code: "UNSUPPORTED_WRITE", details: { pairs: 1 } });
    expect((await written(stored, form, (voxels) => (voxels[0] = 9))).pixels).toEqual(Buffer.from([9, 2, 30, 40, 5, 6, 70, 80]));
  });

  it("come back through a Modality LUT Sequence that falls, and become the nearest entry", async () => {
    const stored = Buffer.from([0, 1, 254, 255]);
    const { voxels, pixels } = await written(stored, { more: modalityLut((entry) => 1000 - 3 * entry) });
    expect([voxels, pixels]).toEqual([[[1000, 997, 238, 235]], stored]);
    // 1000, 997, 994 …: 995 is nearer to the third; 2000 and 0 lie beyond both ends.
    const { pixels: nearest, summary } = await written(stored, { more: modalityLut((entry) => 1000 - 3 * entry) }, (frame) => frame.set([995, 2000, 0, 235]));
    expect(nearest).toEqual(Buffer.from([2, 0, 255, 255]));
    expect(summary?.facts).toMatchObject({ clippedVoxels: 2, maxQuantisationError: 1 });
  });

  it.each<[string, DataSet]>([
    ["takes two values to one", modalityLut((entry) => Math.max(entry, 1))],
    ["rises and falls", modalityLut((entry) => (entry * 77) % 257)],
    ["maps some values only", modalityLut((entry) => entry, 255)],
  ])("are refused behind a Modality LUT Sequence that %s", async (_what, more) => {
    await expect(written(Buffer.from([0, 1, 2, 3]), { more })).rejects.toMatchObject({ code: "UNSUPPORTED_WRITE" });
  });

  it("keep an Image Type whose further values are no code strings", async () => {
    const { file } = await written(Buffer.from([1, 2, 3, 4]), { more: [{ tag: 0x00080008, vr: "CS", text: "ORIGINAL\\PRIMARY\\ABDOM/RAD" }] });
    expect(textsOf(file)(0x00080008)).toBe("DERIVED\\PRIMARY\\ABDOM/RAD");
  });
});
