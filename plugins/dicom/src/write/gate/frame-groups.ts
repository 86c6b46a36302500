import { createElementTable } from "../../scan/element-table.ts";
import { FunctionalGroups } from "../../series/frames/functional-groups.ts";
import type { ScannedItem } from "../../series/frames/item-places.ts";
import { isEnhanced } from "../written-classes.ts";

/** Gives what a file says of a frame in a functional group, or in its stead; lent until the next call. @param frame counted from 0. */
export type FrameGroups = (frame: number, group: number) => ScannedItem;

/** The groups of an enhanced file; of all others, the file itself, which tells the place of its first frame only. */
export function frameGroupsOf(file: ScannedItem, sopClassUID: string, frames: number): FrameGroups {
  return isEnhanced(sopClassUID) ? groupsIn(file, frames) : () => file;
}

/** The groups of a file, each empty where it has none. */
export function groupsIn(file: ScannedItem, frames: number): FrameGroups {
  const groups = new FunctionalGroups(file, frames);
  const none: ScannedItem = { ...file, bytes: file.bytes, table: createElementTable(1) };
  return (frame, group) => {
    groups.goTo(frame);
    return groups.group(group) ?? none;
  };
}
