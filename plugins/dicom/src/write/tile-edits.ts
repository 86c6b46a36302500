import type { Vec3 } from "@hilum/core";
import { Tag } from "../scan/tags.ts";
import { CSA_CREATOR, MR_CREATOR, privateBlockOf } from "../series/frames/private-block.ts";
import { decimalString } from "./decimal-string.ts";
import { shortElement, textElement } from "./encode-element.ts";
import { put, type ElementEdit } from "./splice.ts";
import type { TemplateFile } from "./template-file.ts";

/** A tile of a Siemens mosaic that becomes an image of its own. */
export interface Tile {
  /** Columns, then rows. */
  readonly size: readonly [number, number];
  /** Image Position (Patient), mm. */
  readonly imagePosition: Vec3;
  /** Its Instance Number: those of the template count mosaics. */
  readonly instanceNumber: number;
}

/** Elements that count or tell of the whole mosaic. */
const OF_MOSAIC: ReadonlySet<number> = new Set([Tag.ImagesInAcquisition, Tag.SliceLocation]);

/**
 * The same in Siemens' own elements, by group: number of images, position and acquisition times of the mosaic's slices; field of
 * view, and the image type once more.
 */
const SIEMENS_MR: readonly (readonly [group: number, elements: readonly number[]])[] = [
  [0x0019, [0x0a, 0x15, 0x29]],
  [0x0051, [0x0c, 0x16]],
];

const CSA_GROUP = 0x0029;

/** What a mosaic's header says otherwise of one of its tiles (dicom.md §1): its size and place, and nothing more of the mosaic. */
export function tileEdits(template: TemplateFile, { size: [columns, rows], imagePosition, instanceNumber }: Tile): ElementEdit[] {
  return [
    put(shortElement(Tag.Rows, "US", rows)),
    put(shortElement(Tag.Columns, "US", columns)),
    put(textElement(Tag.ImagePositionPatient, "DS", ...imagePosition.map(decimalString))),
    put(textElement(Tag.InstanceNumber, "IS", `${instanceNumber}`)),
    ...tagsOfMosaic(template).map((tag): ElementEdit => ({ kind: "remove", tag })),
  ];
}

/** Overlays have the mosaic's size; of the CSA headers, which tell of it in many places, nothing stays. */
function tagsOfMosaic(template: TemplateFile): number[] {
  const { table } = template;
  const csa = privateBlockOf(template, CSA_GROUP, CSA_CREATOR);
  const ofSiemens = new Set(
    SIEMENS_MR.flatMap(([group, elements]) => {
      const block = privateBlockOf(template, group, MR_CREATOR);
      return block === undefined ? [] : elements.map((element) => privateTag(group, block, element));
    }),
  );
  return Array.from(table.tag.subarray(0, table.count)).filter((tag) => {
    const ofCsa = csa !== undefined && (tag === privateTag(CSA_GROUP, 0, csa) || tag >>> 8 === privateTag(CSA_GROUP, csa, 0) >>> 8);
    return tag >>> 24 === 0x60 || ofCsa || ofSiemens.has(tag) || OF_MOSAIC.has(tag);
  });
}

/** @param block of the element; 0 for the creator itself, whose element is the block. */
function privateTag(group: number, block: number, element: number): number {
  return ((group << 16) | (block << 8) | element) >>> 0;
}
