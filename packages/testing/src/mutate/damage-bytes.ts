import { rubbish, spliced, type Draft, type Mutation } from "./draft.ts";
import { PIXEL_DATA } from "./part10-layout.ts";

/** Damage by a bad disk, a bad line or a bad copy: it knows nothing of elements. */
export const BYTE_DAMAGE: Readonly<Record<string, Mutation>> = {
  "flip bits": (draft) => {
    const copy = Uint8Array.from(draft.bytes);
    for (let left = 1 + draft.random.below(16); left > 0; left--) {
      const at = anOffset(draft);
      copy[at] = (copy[at] ?? 0) ^ (1 << draft.random.below(8));
    }
    return copy;
  },
  "set bytes": (draft) => {
    const copy = Uint8Array.from(draft.bytes);
    for (let left = 1 + draft.random.below(8); left > 0; left--)
      copy[anOffset(draft)] = draft.random.pick([0x00, 0xff, 0x7f, 0x80, 0x20, 0x5c, 0x1b, draft.random.below(256)]);
    return copy;
  },
  "overwrite a run": (draft) => {
    const copy = Uint8Array.from(draft.bytes);
    const at = anOffset(draft);
    const run = Math.min(1 + draft.random.below(256), copy.length - at);
    copy.set(draft.random.chance(0.5) ? new Uint8Array(run).fill(draft.random.pick([0, 255])) : rubbish(draft.random, run), at);
    return copy;
  },
  "remove a run": (draft) => {
    const at = anOffset(draft);
    return spliced(draft.bytes, at, Math.min(draft.bytes.length, at + 1 + draft.random.below(64)));
  },
  "insert a run": (draft) => {
    const at = anOffset(draft);
    return spliced(draft.bytes, at, at, rubbish(draft.random, 1 + draft.random.below(64)));
  },
  "append rubbish": ({ bytes, layout, random }) => {
    const some = random.pick([1, 2, 7, 8, 64, 4096]);
    const tail = random.pick([new Uint8Array(some), rubbish(random, some), bytes.subarray(0, some), bytes.subarray(layout.dataSet)]);
    return Buffer.concat([bytes, tail]);
  },
  truncate: (draft) => truncated(draft),
};

/** A file cut at the edge of a piece, inside of a header, or anywhere; always at least one byte shorter. */
export function truncated({ bytes, layout, random }: Draft): Uint8Array {
  const piece = layout.pieces.length === 0 ? undefined : random.pick(layout.pieces);
  const places = [random.below(bytes.length), piece?.start, piece?.value, piece?.end, piece === undefined ? undefined : piece.start + random.below(12)];
  const pixels = layout.pieces.find(({ tag }) => tag === PIXEL_DATA);
  // Half of the cuts fall into the pixels: there a reader can be wrong without being told.
  if (pixels !== undefined) places.push(pixels.value + random.below(bytes.length - pixels.value), bytes.length - 1 - random.below(64));
  return bytes.subarray(0, Math.max(0, Math.min(bytes.length - 1, random.pick(places) ?? 0)));
}

/** Two of three lie before the pixels, which are most of a file and say least about its reader. */
function anOffset({ bytes, layout, random }: Draft): number {
  const pixels = layout.pieces.find(({ tag }) => tag === PIXEL_DATA)?.value ?? bytes.length;
  return random.below(random.chance(2 / 3) ? Math.min(pixels + 64, bytes.length) : bytes.length);
}
