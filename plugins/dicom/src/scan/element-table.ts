/**
 * Where the top-level elements of one data set lie, in file order. Typed arrays, so that one table can be filled again for
 * each of many files without an object for each element.
 *
 * Positions are bytes from the start of the FILE (float64: exact beyond 4 GiB).
 */
export interface ElementTable {
  /** How many elements the table holds. */
  count: number;
  /** (group << 16 | element) >>> 0. */
  tag: Uint32Array;
  /** The two characters of the VR as written (first in the high byte); 0 in implicit VR. */
  vr: Uint16Array;
  /** Where the element begins (its tag). */
  start: Float64Array;
  /** Where its value begins. */
  value: Float64Array;
  /** Where its value ends; for undefined length, before the sequence delimitation item. */
  valueEnd: Float64Array;
  /** Where the next element begins. */
  end: Float64Array;
}

/** An empty table with room for `capacity` elements; the scanner makes it larger when needed. */
export function createElementTable(capacity = 512): ElementTable {
  return {
    count: 0,
    tag: new Uint32Array(capacity),
    vr: new Uint16Array(capacity),
    start: new Float64Array(capacity),
    value: new Float64Array(capacity),
    valueEnd: new Float64Array(capacity),
    end: new Float64Array(capacity),
  };
}

/** The row of a tag at the top level, or −1. */
export function findElement(table: ElementTable, tag: number): number {
  let low = 0;
  let high = table.count - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = table.tag[middle] as number;
    if (found === tag) return middle;
    if (found < tag) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
