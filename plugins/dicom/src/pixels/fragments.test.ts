import { isHilumError, type SourceFile } from "@hilum/core";
import { memorySource } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import type { PixelLayout } from "../series/dicom-instance.ts";
import type { FrameCodec } from "./codecs.ts";
import { fragmentsOf, readFragments } from "./fragments.ts";

function item(bytes: readonly number[], tag: readonly number[] = [0xfe, 0xff, 0x00, 0xe0]): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length, 0);
  return Buffer.concat([Buffer.from(tag), length, Buffer.from(bytes)]);
}

/** Numbers of 4 or 8 bytes, as offset tables have them. */
function offsets(bytes: 4 | 8, ...values: readonly number[]): number[] {
  return values.flatMap((value) => Array.from({ length: bytes }, (_, k) => (k < 4 ? (value >>> (8 * k)) & 0xff : 0)));
}

/** The frames that a sequence of fragments (PS3.5 A.4) holds, told by its items; the Basic Offset Table is the first. */
function framesOf(frames: number, items: readonly (readonly number[])[], options: { codec?: FrameCodec; extended?: readonly number[]; delimited?: boolean } = {}): number[][] {
  const table = Buffer.from(options.extended ?? []);
  const sequence = items.map((bytes) => item(bytes));
  const bytes = Buffer.concat([table, ...sequence, ...(options.delimited === false ? [] : [item([], [0xfe, 0xff, 0xdd, 0xe0])])]);
  const [file] = memorySource([{ name: "image", bytes }]).files as readonly [SourceFile];
  const layout = { frames, offset: table.length, ...(options.extended === undefined ? {} : { extendedOffsets: 0 }) } as PixelLayout;
  const index = fragmentsOf(file, layout, options.codec ?? "rle");
  return Array.from({ length: frames }, (_, k) => [...readFragments(file, index, k + 1)]);
}

function codeOf(...given: Parameters<typeof framesOf>): string {
  try {
    framesOf(...given);
    return "read";
  } catch (error) {
    if (!isHilumError(error)) throw error;
    return error.code;
  }
}

const SOI = [0xff, 0xd8, 0xff, 0xe0];

describe("the fragments of an instance", () => {
  test("are all of one frame", () => {
    expect(framesOf(1, [[], [1, 2], [3, 4], [5, 6]])).toEqual([[1, 2, 3, 4, 5, 6]]);
  });

  test("are one for each frame where there are as many", () => {
    expect(framesOf(2, [[], [1, 2], [3, 4]])).toEqual([[1, 2], [3, 4]]);
  });

  test("are shared out by the Basic Offset Table", () => {
    expect(framesOf(2, [offsets(4, 0, 20), [1, 2], [3, 4], [5, 6]])).toEqual([[1, 2, 3, 4], [5, 6]]);
    expect(framesOf(2, [offsets(4, 0, 10), [1, 2], [3, 4], [5, 6]])).toEqual([[1, 2], [3, 4, 5, 6]]);
  });

  test("are shared out by the Extended Offset Table where the Basic one is empty", () => {
    expect(framesOf(2, [[], [1, 2], [3, 4], [5, 6]], { extended: offsets(8, 0, 20) })).toEqual([[1, 2, 3, 4], [5, 6]]);
  });

  test("show their frames by the marker that begins a codestream", () => {
    expect(framesOf(2, [[], SOI, [1, 2], SOI], { codec: "jpeg" })).toEqual([[...SOI, 1, 2], SOI]);
  });

  test("may be empty", () => {
    expect(framesOf(2, [[], [1, 2], [], [3, 4]])).toEqual([[1, 2], [3, 4]]);
  });

  test.each<{ what: string; frames: number; items: number[][]; codec?: FrameCodec }>([
    { what: "fewer than frames", frames: 3, items: [[], [1, 2], [3, 4]] },
    { what: "more than frames, without a sign of these", frames: 2, items: [[], [1, 2], [3, 4], [5, 6]] },
    { what: "more starts of codestreams than frames", frames: 2, items: [[], SOI, SOI, SOI], codec: "jpeg" },
    { what: "a table of another number of frames", frames: 1, items: [offsets(4, 0, 10), [1, 2], [3, 4]] },
    { what: "an offset into a fragment", frames: 2, items: [offsets(4, 0, 4), [1, 2], [3, 4], [5, 6]] },
    { what: "the same offset twice", frames: 2, items: [offsets(4, 0, 0), [1, 2], [3, 4], [5, 6]] },
    { what: "a first offset that is not 0", frames: 2, items: [offsets(4, 10, 20), [1, 2], [3, 4], [5, 6]] },
    { what: "no fragment", frames: 1, items: [[]] },
  ])("are refused: $what", ({ frames, items, codec = "rle" }) => {
    expect(codeOf(frames, items, { codec })).toBe("MALFORMED_FILE");
  });

  test("need a delimiter behind the last", () => {
    expect(codeOf(1, [[], [1, 2]], { delimited: false })).toBe("TRUNCATED_PIXEL_DATA");
  });
});
