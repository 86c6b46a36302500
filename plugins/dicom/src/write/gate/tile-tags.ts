import type { ScannedHead } from "../../scan/values.ts";
import { privateBlockOf } from "../../series/frames/private-block.ts";

/** What a tile of a Siemens mosaic says otherwise than the mosaic. */
export const TILE_CHANGES: readonly number[] = [
  0x00200013, // Instance Number
  0x00200032, // Image Position (Patient)
  0x00280010, // Rows
  0x00280011, // Columns
];

/** Private elements that tell of the mosaic: group, creator, and what of the element's low byte. */
const PRIVATE: readonly (readonly [group: number, creator: string, isOfMosaic: (element: number) => boolean])[] = [
  [0x0019, "SIEMENS MR HEADER", (element) => element === 0x0a || element === 0x15 || element === 0x29],
  [0x0029, "SIEMENS CSA HEADER", () => true],
  [0x0051, "SIEMENS MR HEADER", (element) => element === 0x0c || element === 0x16],
];

/** Tags of a mosaic's header that none of its tiles may have: they tell of the whole. */
export function tagsOfMosaic(mosaic: ScannedHead): readonly number[] {
  const blocks = PRIVATE.map(([group, creator]) => privateBlockOf(mosaic, group, creator));
  const isPrivateOfMosaic = (tag: number): boolean =>
    PRIVATE.some(([group, , isOfMosaic], i) => {
      const [block, element] = [(tag >>> 8) & 0xff, tag & 0xff];
      return tag >>> 16 === group && blocks[i] !== undefined && block === blocks[i] && isOfMosaic(element);
    });
  const isCsaCreator = (tag: number): boolean => tag >>> 16 === 0x0029 && (tag & 0xffff) === blocks[1];
  const { tag, count } = mosaic.table;
  return [...tag.subarray(0, count)].filter(
    // Images in Acquisition, Slice Location; overlays have the mosaic's size.
    (each) => each === 0x00201002 || each === 0x00201041 || each >>> 24 === 0x60 || isPrivateOfMosaic(each) || isCsaCreator(each),
  );
}
