/** Numbers that look random and depend on their seed alone. */
export interface SeededRandom {
  /** A whole number from 0 to `count` − 1; 0 where `count` is less than 1. */
  below(count: number): number;
  /** True with probability `share` (0 to 1). */
  chance(share: number): boolean;
  /** One of the given. @throws {RangeError} when there is none. */
  pick<T>(from: readonly T[]): T;
}

/** Makes the generator of one mutant: `index` of the run that `seed` names (mulberry32, 32 bits of state). */
export function seededRandom(seed: number, index: number): SeededRandom {
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35)) >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  return {
    below: (count) => (count < 1 ? 0 : Math.floor(fraction() * count)),
    chance: (share) => fraction() < share,
    pick: <T>(from: readonly T[]): T => {
      if (from.length === 0) throw new RangeError("Nothing to pick from.");
      return from[Math.floor(fraction() * from.length)] as T;
    },
  };
}
