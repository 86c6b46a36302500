import { UNDEFINED_LENGTH } from "../scan/element-header.ts";
import type { ElementTable } from "../scan/element-table.ts";
import { MAX_HEADER_BYTES, writeElement, writeElementHeader, type EncodedElement } from "./encode-element.ts";

/** What changes in a data set, of a file or of an item: one whole element. */
export type ElementEdit =
  /** In place of the element with this tag, or inserted where the order of tags puts it. */
  | { readonly kind: "put"; readonly tag: number; readonly element: EncodedElement }
  /**
   * Put without its value of `length` bytes, which goes into the file by itself; only the zero is written that pads an odd one. Of
   * undefined length, the value ends with its own delimitation.
   */
  | { readonly kind: "room"; readonly tag: number; readonly vr: string; readonly length: number }
  /** Encoded items at the end of a sequence that is there. */
  | { readonly kind: "append"; readonly tag: number; readonly items: Uint8Array }
  /** Taken out, where it is there. */
  | { readonly kind: "remove"; readonly tag: number };

/** Puts an element. */
export function put(element: EncodedElement): ElementEdit {
  return { kind: "put", tag: element.tag, element };
}

/**
 * Whether a kept element has to go all the same: a group length (gggg,0000) (retired, PS3.5 7.2) of a group that an edit
 * has made wrong.
 */
export function isStaleGroupLength(tag: number, changedGroups: ReadonlySet<number>): boolean {
  return (tag & 0xffff) === 0 && changedGroups.has(tag >>> 16);
}

/** Bytes that pad a value to even length. */
export function paddingOf(length: number): number {
  return length === UNDEFINED_LENGTH ? 0 : length % 2;
}

/** The groups that edits touch. */
export function changedGroupsOf(edits: readonly ElementEdit[]): ReadonlySet<number> {
  return new Set(edits.map((edit) => edit.tag >>> 16));
}

/** No result of {@link spliceElements} takes more bytes than the source's elements and this. */
export function spliceGrowth(edits: readonly ElementEdit[]): number {
  let bytes = 0;
  for (const edit of edits) {
    if (edit.kind === "put") bytes += MAX_HEADER_BYTES + edit.element.value.length;
    else if (edit.kind === "append") bytes += edit.items.length;
    else if (edit.kind === "room") bytes += MAX_HEADER_BYTES + 1;
  }
  return bytes;
}

/**
 * Writes a data set with edits: everything that is not edited keeps its bytes exactly.
 *
 * @param source the file's bytes; positions in `table` index them.
 * @param edits at most one for each tag, in ascending order of tags.
 * @param out large enough for the elements and {@link spliceGrowth}.
 * @param ends where to note, for each edit, where its element (or what stands in its place) ends in `out`.
 * @returns where the data set ends in `out`.
 * @throws {TypeError} for an append to a sequence that is not there.
 */
export function spliceElements(
  source: Uint8Array,
  table: ElementTable,
  explicitVr: boolean,
  edits: readonly ElementEdit[],
  out: Buffer,
  at: number,
  ends?: number[],
): number {
  const changedGroups = changedGroupsOf(edits);
  let position = at;
  let row = 0;
  // Neighbours that are kept are copied together: from here to the end of the row before the current one.
  let keptFrom = -1;
  const copy = (from: number, to: number): void => {
    out.set(source.subarray(from, to), position);
    position += to - from;
  };
  const flush = (): void => {
    if (keptFrom >= 0) copy(keptFrom, table.end[row - 1] as number);
    keptFrom = -1;
  };
  const keepBelow = (tag: number): void => {
    for (; row < table.count && (table.tag[row] as number) < tag; row++) {
      if (isStaleGroupLength(table.tag[row] as number, changedGroups)) flush();
      else if (keptFrom < 0) keptFrom = table.start[row] as number;
    }
    flush();
  };
  for (const edit of edits) {
    keepBelow(edit.tag);
    const present = row < table.count && table.tag[row] === edit.tag;
    if (edit.kind === "put") position = writeElement(out, position, edit.element, explicitVr);
    else if (edit.kind === "room") {
      const padding = paddingOf(edit.length);
      position = writeElementHeader(out, position, edit.tag, edit.vr, edit.length + padding, explicitVr);
      out.fill(0, position, position + padding);
      position += padding;
    } else if (edit.kind === "append") {
      if (!present) throw new TypeError("items are appended to a sequence that is not there");
      const start = table.start[row] as number;
      const value = table.value[row] as number;
      const valueEnd = table.valueEnd[row] as number;
      const lengthAt = position + (value - start) - 4;
      copy(start, valueEnd);
      if (out.readUInt32LE(lengthAt) !== UNDEFINED_LENGTH) out.writeUInt32LE(valueEnd - value + edit.items.length, lengthAt);
      out.set(edit.items, position);
      position += edit.items.length;
      copy(valueEnd, table.end[row] as number);
    }
    if (present) row++;
    ends?.push(position);
  }
  keepBelow(Number.POSITIVE_INFINITY);
  return position;
}
