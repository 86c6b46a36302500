import type { HilumError, SourceFile } from "@hilum/core";
import { walkFragments } from "../scan/fragments.ts";
import { malformedFile } from "../scan/malformed-file.ts";
import { Tag } from "../scan/tags.ts";
import type { PixelLayout } from "../series/dicom-instance.ts";
import type { FrameCodec } from "./codecs.ts";
import { startsCodestream } from "./codestream-header.ts";

/** Where the fragments of an instance lie and which of them make which frame. */
export interface FragmentIndex {
  /** Where the value of each fragment begins, bytes from the start of the file. */
  readonly start: readonly number[];
  readonly length: readonly number[];
  /** The first fragment of each frame, and how many there are. */
  readonly firstOfFrame: readonly number[];
}

const found = new WeakMap<SourceFile, { readonly layout: PixelLayout; readonly index: FragmentIndex }>();

/**
 * Finds the fragments of an instance by their lengths (PS3.5 A.4), once for all of its frames, and which make which frame: by
 * the offset tables, or one for each frame, or all for one frame; else by the markers that begin a codestream. Empty fragments
 * count only where an offset table does.
 * @throws {HilumError} MALFORMED_FILE where the frames cannot be told from one another, or an offset table is wrong.
 */
export function fragmentsOf(file: SourceFile, layout: PixelLayout, codec: FrameCodec): FragmentIndex {
  const known = found.get(file);
  if (known !== undefined && known.layout.offset === layout.offset && known.layout.frames === layout.frames) return known.index;
  const index = locate(file, layout, codec);
  found.set(file, { layout, index });
  return index;
}

/** The bytes of one frame: its fragments, one behind the other. @param frameNumber 1-based. */
export function readFragments(file: SourceFile, { start, length, firstOfFrame }: FragmentIndex, frameNumber: number): Buffer {
  const first = firstOfFrame[frameNumber - 1] as number;
  const end = firstOfFrame[frameNumber] as number;
  let total = 0;
  for (let k = first; k < end; k++) total += length[k] as number;
  const bytes = Buffer.allocUnsafe(total);
  let at = 0;
  for (let k = first; k < end; k++) {
    const part = bytes.subarray(at, at + (length[k] as number));
    if (file.read(part, (start[k] as number)) < part.length) throw faulty("reaches past the end of the file", start[k] as number);
    at += part.length;
  }
  return bytes;
}

function faulty(what: string, offset: number): HilumError {
  return malformedFile(what, Tag.PixelData, offset);
}

function locate(file: SourceFile, layout: PixelLayout, codec: FrameCodec): FragmentIndex {
  const start: number[] = [];
  const length: number[] = [];
  walkFragments(file, layout.offset, (position, bytes) => {
    start.push(position);
    length.push(bytes);
  });
  const tableStart = start.shift() as number;
  const tableLength = length.shift() as number;
  const { frames } = layout;
  if (tableLength > 0 && tableLength !== 4 * frames) throw faulty("has a Basic Offset Table of another number of frames", tableStart);
  const firstOfFrame = settledByCount(start, length, frames) ?? byOffsetTable(file, tableLength > 0 ? tableStart : undefined, start, layout) ?? byMarkers(file, start, length, layout, codec);
  return { start, length, firstOfFrame };
}

/** Where there is only one way to share the fragments out, whatever an offset table says. */
function settledByCount(start: readonly number[], length: readonly number[], frames: number): readonly number[] | undefined {
  if (start.length === 0) return undefined;
  if (frames === 1) return [0, start.length];
  return start.length === frames && !length.includes(0) ? [...start.keys(), frames] : undefined;
}

function byOffsetTable(file: SourceFile, basic: number | undefined, start: readonly number[], { frames, extendedOffsets }: PixelLayout): readonly number[] | undefined {
  const at = basic ?? extendedOffsets;
  if (at === undefined) return undefined;
  const table = Buffer.allocUnsafe((basic === undefined ? 8 : 4) * frames);
  if (file.read(table, at) < table.length) throw faulty("has an offset table that ends early", at);
  return fromOffsets(frames, start, at, (frame) => (basic === undefined ? Number(table.readBigUInt64LE(8 * frame)) : table.readUInt32LE(4 * frame)));
}

/** The first fragment of each frame, by offsets from the first fragment's item (PS3.5 A.4; PS3.3 C.7.6.3.1.8). */
function fromOffsets(frames: number, start: readonly number[], at: number, offsetOf: (frame: number) => number): readonly number[] {
  const firstOfFrame: number[] = [];
  let fragment = 0;
  for (let frame = 0; frame < frames; frame++) {
    const wanted = (start[0] ?? 0) + offsetOf(frame);
    const from = fragment;
    while (fragment < start.length && (start[fragment] as number) < wanted) fragment++;
    if (start[fragment] !== wanted || (frame === 0 ? fragment !== 0 : fragment === from && firstOfFrame.at(-1) === from))
      throw faulty("has an offset table that names no fragments in order", at);
    firstOfFrame.push(fragment);
  }
  firstOfFrame.push(start.length);
  return firstOfFrame;
}

function byMarkers(file: SourceFile, start: number[], length: number[], { frames, offset }: PixelLayout, codec: FrameCodec): readonly number[] {
  for (let k = start.length - 1; k >= 0; k--)
    if (length[k] === 0) {
      start.splice(k, 1);
      length.splice(k, 1);
    }
  const settled = settledByCount(start, length, frames);
  if (settled !== undefined) return settled;
  if (start.length < frames) throw faulty("has fewer fragments than frames", offset);
  const firstOfFrame = codec === "rle" || codec === "deflated" ? [] : codestreamStarts(file, start);
  if (firstOfFrame.length !== frames || firstOfFrame[0] !== 0) throw faulty("has no offset table, and fragments that do not show their frames", offset);
  return [...firstOfFrame, start.length];
}

function codestreamStarts(file: SourceFile, start: readonly number[]): readonly number[] {
  const first = Buffer.allocUnsafe(4);
  return [...start.keys()].filter((k) => startsCodestream(first.subarray(0, file.read(first, (start[k] as number)))));
}
