import { itemHeader, rubbish, spliced, withLength, withValue, type Draft, type Mutation } from "./draft.ts";
import { ITEM, PIXEL_DATA, type Piece } from "./part10-layout.ts";

/** Damage of encapsulated Pixel Data (PS3.5 A.4); of the stream itself where the item's number is not the matter. */
export const FRAGMENT_DAMAGE: Readonly<Record<string, Mutation>> = {
  "drop a fragment": (draft) => onFragment(draft, ({ start, end }) => spliced(draft.bytes, start, end)),
  "empty a fragment": (draft) => onFragment(draft, (fragment) => withValue(draft, fragment, new Uint8Array(0))),
  "duplicate a fragment": (draft) => onFragment(draft, ({ start, end }) => spliced(draft.bytes, end, end, draft.bytes.subarray(start, end))),
  "merge two fragments": (draft) => {
    const fragments = fragmentsOf(draft).slice(1);
    if (fragments.length < 2) return undefined;
    const at = draft.random.below(fragments.length - 1);
    const [first, second] = fragments.slice(at, at + 2) as [Piece, Piece];
    return withLength(
      { ...draft, bytes: spliced(draft.bytes, second.start, second.value) },
      first,
      first.length + second.length,
    );
  },
  "split a fragment": (draft) =>
    onFragment(draft, (fragment) => {
      const first = draft.random.below(fragment.length >> 1) * 2;
      const second = itemHeader(draft, ITEM, fragment.length - first);
      return spliced(withLength(draft, fragment, first), fragment.value + first, fragment.value + first, second);
    }),
  "cut a stream": (draft) =>
    onFragment(draft, (fragment) => {
      const kept = draft.random.below(fragment.length >> 1) * 2;
      return withValue(draft, fragment, draft.bytes.subarray(fragment.value, fragment.value + kept));
    }),
  "damage the head of a stream": (draft) => onFragment(draft, (fragment) => damaged(draft, fragment.value, Math.min(fragment.length, 96))),
  "damage a stream": (draft) => onFragment(draft, (fragment) => damaged(draft, fragment.value, fragment.length)),
  "replace a stream by rubbish": (draft) => onFragment(draft, (fragment) => withValue(draft, fragment, rubbish(draft.random, 2 + 2 * draft.random.below(500)))),
  "write a false offset table": (draft) => {
    const [table] = fragmentsOf(draft);
    if (table === undefined) return undefined;
    const offsets = Buffer.alloc(4 * draft.random.pick([0, 1, 2, 3, fragmentsOf(draft).length - 1, 1000]));
    for (let at = 0; at < offsets.length; at += 4) offsets.writeUInt32LE(draft.random.pick([0, 0, 1, 8, at * 16, draft.bytes.length, 0x7fffffff, 0xffffffff]), at);
    return withValue(draft, table, offsets.subarray(0, offsets.length - draft.random.pick([0, 0, 0, 2])));
  },
  "drop the offset table": (draft) => {
    const [table] = fragmentsOf(draft);
    return table === undefined ? undefined : spliced(draft.bytes, table.start, table.end);
  },
};

/** The items of Pixel Data, the offset table first. */
function fragmentsOf({ layout }: Draft): readonly Piece[] {
  return layout.pieces.filter(({ tag, around }) => tag === ITEM && around[0]?.tag === PIXEL_DATA && around.length === 1);
}

function onFragment(draft: Draft, change: (fragment: Piece) => Uint8Array): Uint8Array | undefined {
  const fragments = fragmentsOf(draft).slice(1);
  return fragments.length === 0 ? undefined : change(draft.random.pick(fragments));
}

function damaged({ bytes, random }: Draft, from: number, count: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let left = 1 + random.below(8); left > 0; left--) {
    const at = Math.min(from + random.below(count), copy.length - 1);
    copy[at] = random.pick([0, 0xff, (copy[at] ?? 0) ^ (1 << random.below(8)), random.below(256)]);
  }
  return copy;
}
