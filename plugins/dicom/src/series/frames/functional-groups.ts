import { createElementTable, findElement } from "../../scan/element-table.ts";
import { malformedFile } from "../../scan/malformed-file.ts";
import { FrameTag } from "./frame-tags.ts";
import { findItems, firstItem, scanItem, type ItemPlaces, type ScannedItem } from "./item-places.ts";

/** Groups hold few elements; tables grow where they do not. */
const ROOM = 32;

/**
 * The functional groups of an enhanced instance (PS3.3 C.7.6.16.2), frame by frame: a group of the frame's own comes before
 * one that all frames share.
 */
export class FunctionalGroups {
  readonly #head: ScannedItem;
  readonly #perFrame: ItemPlaces;
  readonly #shared: ScannedItem | undefined;
  readonly #sharedGroups = new Map<number, ScannedItem | undefined>();
  readonly #frameTable = createElementTable(ROOM);
  readonly #groupTable = createElementTable(ROOM);
  #frame: ScannedItem | undefined;

  /** @throws {HilumError} MALFORMED_FILE when there is not one item for each of the frames. */
  constructor(head: ScannedItem, frames: number) {
    this.#head = head;
    this.#perFrame = findItems(head, FrameTag.PerFrameFunctionalGroupsSequence);
    this.#shared = firstItem(head, FrameTag.SharedFunctionalGroupsSequence, createElementTable(ROOM));
    const row = findElement(head.table, FrameTag.PerFrameFunctionalGroupsSequence);
    const { length } = this.#perFrame.items;
    if (row >= 0 && length !== frames)
      throw malformedFile(
        `has ${length} items where the instance has ${frames} frames`,
        FrameTag.PerFrameFunctionalGroupsSequence,
        head.table.start[row] as number,
      );
  }

  /** Goes to a frame, counted from 0. @throws {HilumError} MALFORMED_FILE. */
  goTo(frame: number): void {
    this.#frame = this.#perFrame.items.length === 0 ? undefined : scanItem(this.#head, this.#perFrame, frame, this.#frameTable);
  }

  /** The first item of a group, lent until the next call; undefined where the frame has none. @throws {HilumError} MALFORMED_FILE. */
  group(tag: number): ScannedItem | undefined {
    const own = this.#frame === undefined ? undefined : firstItem(this.#frame, tag, this.#groupTable);
    if (own !== undefined) return own;
    if (!this.#sharedGroups.has(tag))
      this.#sharedGroups.set(tag, this.#shared === undefined ? undefined : firstItem(this.#shared, tag, createElementTable(ROOM)));
    return this.#sharedGroups.get(tag);
  }
}
