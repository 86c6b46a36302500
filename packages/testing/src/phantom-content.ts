/** Integers that the content of a phantom takes: `levels` of them from `lowest` on; `padding` is never one of them. */
export interface StoredRange {
  /** Smallest value of the content. */
  readonly lowest: number;
  /** How many values there are: a prime, so that no step along an axis repeats early. */
  readonly levels: number;
  /** The stored value of padding, inside the type and outside the content. */
  readonly padding: number;
}

const LEVELS: Readonly<Record<number, number>> = { 8: 251, 12: 4093, 16: 65521 };

/**
 * The range of phantom content for a number of Bits Stored (8, 12 or 16).
 * @throws {TypeError} for other numbers of bits.
 */
export function storedRangeOf(bitsStored: number, signed: boolean): StoredRange {
  const levels = LEVELS[bitsStored];
  if (levels === undefined) throw new TypeError(`a phantom stores 8, 12 or 16 bits, not ${bitsStored}`);
  if (signed) return { lowest: -(levels - 1) / 2, levels, padding: -(2 ** (bitsStored - 1)) };
  return { lowest: 0, levels, padding: 2 ** bitsStored - 1 };
}

/**
 * The stored value of a voxel of every phantom: another step along each axis and products that no swap, flip or shift of
 * axes maps onto itself. `lowest + (31 + 1237·i + 7919·j + 15013·k + 4211·phase + 2711·sample + 3·i² + 5·i·j + 11·j·k + 17·seed) mod levels`.
 */
export function storedValueAt(
  range: StoredRange,
  seed: number,
  phase: number,
  k: number,
  j: number,
  i: number,
  sample = 0,
): number {
  const sum =
    31 + 1237 * i + 7919 * j + 15013 * k + 4211 * phase + 2711 * sample + 3 * i * i + 5 * i * j + 11 * j * k + 17 * seed;
  return range.lowest + (sum % range.levels);
}

/** Whether a voxel of a padded phantom is padding: an asymmetrical corner that shrinks with k, `2·i + 3·j + 4·k < 9`. */
export function isPaddingAt(k: number, j: number, i: number): boolean {
  return 2 * i + 3 * j + 4 * k < 9;
}
