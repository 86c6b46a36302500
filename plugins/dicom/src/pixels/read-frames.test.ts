import { isHilumError, slabOver, type HilumError, type SourceFile } from "@hilum/core";
import { memorySource } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import type { DicomInstance, PixelLayout } from "../series/dicom-instance.ts";
import { readFrames, readRanges } from "./read-frames.ts";

const RLE_LOSSLESS = "1.2.840.10008.1.2.5";
const DEFLATED_IMAGE_FRAME = "1.2.840.10008.1.2.8.1";

/** Frames of 2 columns and 2 rows of 16 bits in one file, whose Pixel Data are its bytes, but for what is told. */
function framesOver(bytes: readonly number[], count: number, pixel: Partial<PixelLayout> = {}, frame: Partial<DicomInstance> = {}): DicomInstance[] {
  const [file] = memorySource([{ name: "image", bytes: Uint8Array.from(bytes) }]).files as readonly [SourceFile];
  const layout: PixelLayout = { rows: 2, columns: 2, samplesPerPixel: 1, bitsAllocated: 16, bitsStored: 16, highBit: 15, signed: false, float: false, photometricInterpretation: "MONOCHROME2", planarConfiguration: 0, frames: count, encapsulated: false, offset: 0, frameBytes: 8, ...pixel };
  return Array.from({ length: count }, (_, index) => ({ file, place: { file: 1, files: 1 }, frameNumber: index + 1, transferSyntaxUID: "1.2.840.10008.1.2.1", pixel: layout, size: [layout.columns, layout.rows], modalityLut: { scale: 2, offset: 1 }, ...frame }) as DicomInstance);
}

/** The voxels of each frame, and their masks. */
async function read(frames: readonly DicomInstance[]): Promise<{ voxels: number[]; mask: number[] }> {
  const [{ size, pixel }] = frames as readonly [DicomInstance];
  const sliceLength = size[0] * size[1] * pixel.samplesPerPixel;
  const mask = new Uint8Array(size[0] * size[1] * frames.length).fill(9);
  const slab = slabOver({ phase: 0, start: 5, count: frames.length, sliceLength }, new Float32Array(sliceLength * frames.length), mask);
  await readFrames(frames, slab, false);
  return { voxels: [...slab.voxels], mask: [...mask] };
}

async function faultOf(frames: readonly DicomInstance[]): Promise<HilumError | undefined> {
  try {
    await read(frames);
    return undefined;
  } catch (error) {
    if (!isHilumError(error)) throw error;
    return error;
  }
}

async function codeOf(frames: readonly DicomInstance[]): Promise<string> {
  return (await faultOf(frames))?.code ?? "read";
}

const words = (...values: readonly number[]): number[] => values.flatMap((value) => [value & 0xff, value >> 8]);

describe("ranges of frames", () => {
  /** The ranges that frames have over memory that a kernel works in, or over other memory. */
  function rangesOf(frames: readonly DicomInstance[], shared = true): ReturnType<typeof readRanges> {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared });
    const room = slabOver({ phase: 0, start: 5, count: frames.length, sliceLength: 4 }, new Float32Array(memory.buffer, 64, 4 * frames.length), new Uint8Array(memory.buffer, 4096, 4 * frames.length), memory);
    return readRanges(frames, room, false);
  }

  test("are those of the real values, and of none where all is padding", () => {
    expect(rangesOf(framesOver(words(9, 2, 3, 4, 5, 6, 7, 8), 2))).toEqual([[5, 19], [11, 17]]);
    expect(rangesOf(framesOver(words(9, 2, 3, 4, 5, 6, 5, 6), 2, {}, { paddingRange: [5, 6], modalityLut: { scale: -1, offset: 0 } }))).toEqual([[-9, -2], undefined]);
  });

  test("are not told of frames that are stored otherwise, nor where no kernel works", () => {
    const plain = framesOver(words(1, 2, 3, 4, 5, 6, 7, 8), 2);
    expect(rangesOf(plain, false)).toBeUndefined();
    expect(rangesOf([plain[0] as DicomInstance, { ...(plain[1] as DicomInstance), modalityTable: { firstMapped: 0, values: new Float64Array(1) } }])).toBeUndefined();
    expect(rangesOf(framesOver(words(1, 2, 3, 4), 1, { encapsulated: true }))).toBeUndefined();
  });

  test("fail where the file ends early", () => {
    expect(() => rangesOf(framesOver(words(1, 2, 3, 4, 5, 6, 7), 2))).toThrow(expect.objectContaining({ code: "TRUNCATED_PIXEL_DATA" }));
  });
});

describe("frames are read", () => {
  test("one after the other out of one instance", async () => {
    expect((await read(framesOver(words(1, 2, 3, 4, 5, 6, 7, 8), 2))).voxels).toEqual([3, 5, 7, 9, 11, 13, 15, 17]);
  });

  test("as regions of one stored frame, with padding told in each", async () => {
    const mosaic = framesOver(words(1, 2, 3, 4, 5, 6, 7, 8), 1, { columns: 4, frameBytes: 16 })[0] as DicomInstance;
    const tiles = [0, 2].map((left): DicomInstance => ({ ...mosaic, size: [2, 2], region: { left, top: 0 }, paddingRange: [6, 7] }));
    expect(await read(tiles)).toEqual({ voxels: [3, 5, 11, 13, 7, 9, 15, 17], mask: [0, 0, 0, 1, 0, 0, 1, 0] });
  });

  test("by the bit, where frames do not begin with a byte (PS3.5 8.1.1)", async () => {
    // 3 frames of 3 bits: 101, 110, 011, each from its lowest bit on.
    const bits = [0b11_011_101, 0b0];
    const frames = framesOver(bits, 3, { rows: 1, columns: 3, bitsAllocated: 1, bitsStored: 1, highBit: 0, frameBytes: 1 }, { modalityLut: { scale: 1, offset: 0 } });
    expect((await read(frames)).voxels).toEqual([1, 0, 1, 1, 1, 0, 1, 1, 0]);
  });

  test("in colour, with an empty mask", async () => {
    const frames = framesOver([1, 2, 3, 4, 5, 6], 1, { rows: 1, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, highBit: 7, frameBytes: 6, photometricInterpretation: "RGB", planarConfiguration: 1 }, { paddingRange: [0, 9] });
    expect(await read(frames)).toEqual({ voxels: [3, 7, 11, 5, 9, 13], mask: [0, 0] });
  });

  test("through a Modality LUT Sequence", async () => {
    const frames = framesOver(words(1, 2, 3, 4), 1, {}, { modalityTable: { firstMapped: 2, values: Float64Array.of(10, 20) } });
    expect((await read(frames)).voxels).toEqual([10, 10, 20, 20]);
  });

  test("out of RLE fragments", async () => {
    const header = Array.from({ length: 16 }, (_, k) => [2, 64, 66][k] ?? 0).flatMap((value) => words(value, 0));
    // High bytes are 0, low bytes 1 2 3 4: one run of each kind.
    const rle = [...header, 0xfd, 0, 3, 1, 2, 3, 4, 0];
    const item = (bytes: readonly number[]): number[] => [0xfe, 0xff, 0, 0xe0, ...words(bytes.length, 0), ...bytes];
    const sequence = [...item([]), ...item(rle), 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0];
    expect((await read(framesOver(sequence, 1, { encapsulated: true }, { transferSyntaxUID: RLE_LOSSLESS }))).voxels).toEqual([3, 5, 7, 9]);
  });

  test("out of deflated fragments, which may hold no more than a frame (RFC 1951 3.2.4: a stored block)", async () => {
    const deflated = (...bytes: readonly number[]): number[] => [1, ...words(bytes.length, bytes.length ^ 0xffff), ...bytes];
    const sequence = (bytes: readonly number[]): number[] => [0xfe, 0xff, 0, 0xe0, 0, 0, 0, 0, 0xfe, 0xff, 0, 0xe0, ...words(bytes.length, 0), ...bytes, 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0];
    const frames = (bytes: readonly number[]): DicomInstance[] => framesOver(sequence(bytes), 1, { encapsulated: true }, { transferSyntaxUID: DEFLATED_IMAGE_FRAME });
    expect((await read(frames(deflated(...words(1, 2, 3, 4))))).voxels).toEqual([3, 5, 7, 9]);
    expect(await codeOf(frames(deflated(...words(1, 2, 3, 4, 5))))).toBe("MALFORMED_FILE");
    expect(await codeOf(frames(deflated(...words(1, 2, 3))))).toBe("MALFORMED_FILE");
  });

  test("beside zeros at the end, and nothing else there", async () => {
    expect((await read(framesOver([...words(1, 2, 3, 4), 0, 0], 1, { excessBytes: 2 }))).voxels).toEqual([3, 5, 7, 9]);
    expect(await codeOf(framesOver([...words(1, 2, 3, 4), 0, 1], 1, { excessBytes: 2 }))).toBe("MALFORMED_FILE");
  });
});

test.each([16, 32])("a file that became shorter is refused (%i bits)", async (bitsAllocated) => {
  expect(await codeOf(framesOver(words(1, 2, 3), 1, { bitsAllocated, bitsStored: bitsAllocated, highBit: bitsAllocated - 1, frameBytes: bitsAllocated / 2 }))).toBe("TRUNCATED_PIXEL_DATA");
});

test("a transfer syntax without a codec is refused by name", async () => {
  expect(await codeOf(framesOver([], 1, { encapsulated: true }, { transferSyntaxUID: "1.2.840.10008.1.2.4.110" }))).toBe("UNSUPPORTED_TRANSFER_SYNTAX");
});

describe("a frame that is refused among several files is told with the place of its file", () => {
  const place = { file: 3, files: 60 };

  test("where it is native", async () => {
    const fault = await faultOf(framesOver(words(1, 2, 3), 1, {}, { place }));
    expect([fault?.message, fault?.details["file"]]).toEqual(["File 3 of 60 in order of names: A file holds 6 of 8 bytes of its image.", 3]);
  });

  test.each([
    ["RLE", RLE_LOSSLESS, "File 3 of 60 in order of names: Element (7FE0,0010) at offset 16 has a frame that is no whole RLE frame of its size."],
    ["deflated", DEFLATED_IMAGE_FRAME, "File 3 of 60 in order of names: Pixel Data (7FE0,0010) at offset 16: A deflated frame cannot be inflated to its size."],
  ])("where it is encapsulated, with its tag, offset and frame: %s", async (_, transferSyntaxUID, message) => {
    const bytes = [0xfe, 0xff, 0, 0xe0, 0, 0, 0, 0, 0xfe, 0xff, 0, 0xe0, 2, 0, 0, 0, 7, 7, 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0];
    const fault = await faultOf(framesOver(bytes, 1, { encapsulated: true }, { transferSyntaxUID, place }));
    expect([fault?.message, fault?.details]).toEqual([message, expect.objectContaining({ tag: "(7FE0,0010)", offset: 16, frame: 1, file: 3 })]);
  });
});
