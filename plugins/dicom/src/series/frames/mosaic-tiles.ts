import { dot, HilumError, norm, scaleBy } from "@hilum/core";
import { findElement } from "../../scan/element-table.ts";
import { tagText } from "../../scan/malformed-file.ts";
import { Tag } from "../../scan/tags.ts";
import { integer16, rawBytes, type ScannedHead } from "../../scan/values.ts";
import type { ImageHeader } from "../image-header.ts";
import { normalOf } from "../read-image-header.ts";
import { required } from "../read-pixel-layout.ts";
import { readCsaHeader } from "./csa-header.ts";
import { FrameTag } from "./frame-tags.ts";
import { moved } from "./moved.ts";
import { CSA_CREATOR, MR_CREATOR, privateBlockOf } from "./private-block.ts";

/** The slice normal of the CSA header has eight digits, and differs by no more from that of Image Orientation. */
const NORMAL_TOLERANCE = 1e-3;
const NUMBER = /^[+-]?\d{1,20}(?:\.\d{1,20})?$/;

/**
 * The slices of a Siemens mosaic: one image that holds all slices of a volume as tiles, row by row, in a square just large
 * enough for them. Its Image Position is that of an image of the mosaic's size around the first slice's centre, and the
 * Siemens CSA header says in which direction the others follow.
 * @param mosaic the header of the whole, as the file says it.
 * @throws {HilumError} MISSING_ATTRIBUTE when number, distance or direction of the slices are not there; MALFORMED_FILE.
 */
export function readMosaicTiles(head: ScannedHead, mosaic: ImageHeader): readonly ImageHeader[] {
  const csaTag = privateTag(head, FrameTag.CSAImageHeaderInfo, CSA_CREATOR);
  const csa = readCsa(head, csaTag);
  const count = readCount(head, csa);
  const perSide = Math.ceil(Math.sqrt(count));
  const [columns, rows] = mosaic.size;
  const [width, height] = [columns / perSide, rows / perSide];
  if (!Number.isInteger(width) || !Number.isInteger(height))
    throw new HilumError("MALFORMED_FILE", `A mosaic of ${count} images does not divide into ${perSide} × ${perSide} tiles.`, {
      details: { images: count, rows, columns },
    });
  const distance = count === 1 ? 0 : required(positive(mosaic.spacingBetweenSlices), "Spacing Between Slices", Tag.SpacingBetweenSlices);
  const normal = scaleBy(normalOf(mosaic), count === 1 ? 1 : directionOf(csa, csaTag, mosaic));
  const first = moved(
    mosaic.imagePosition,
    [mosaic.rowDirection, ((columns - width) / 2) * mosaic.spacing[0]],
    [mosaic.columnDirection, ((rows - height) / 2) * mosaic.spacing[1]],
  );
  return Array.from({ length: count }, (_, tile) => ({
    ...mosaic,
    size: [width, height] as const,
    region: { left: (tile % perSide) * width, top: Math.floor(tile / perSide) * height },
    imagePosition: moved(first, [normal, tile * distance]),
    // Both count or tell of mosaics, not of their tiles.
    expectedImages: undefined,
    sliceLocation: undefined,
  }));
}

type Csa = ReadonlyMap<string, readonly string[]>;

function readCsa(head: ScannedHead, tag: number): Csa {
  const bytes = rawBytes(head, tag);
  return bytes === undefined ? new Map() : readCsaHeader(bytes, { tag, offset: head.table.value[findElement(head.table, tag)] as number });
}

function readCount(head: ScannedHead, csa: Csa): number {
  const tag = privateTag(head, FrameTag.NumberOfImagesInMosaic, MR_CREATOR);
  const [said] = numbers(csa, "NumberOfImagesInMosaic") ?? [];
  const count = required(integer16(head, tag, false) ?? said, "Number of Images in Mosaic", tag);
  if (!Number.isInteger(count) || count < 1 || count > 0xffff)
    throw new HilumError("MALFORMED_FILE", "The number of images in a mosaic is no positive integer.", { details: { tag: tagText(tag) } });
  return count;
}

/** 1 where the slices follow each other along the normal of Image Orientation, −1 where against it. */
function directionOf(csa: Csa, tag: number, mosaic: ImageHeader): 1 | -1 {
  const said = required(numbers(csa, "SliceNormalVector"), "Slice Normal Vector in the Siemens CSA header", tag);
  const [x, y, z] = said as [number, number, number];
  const along = said.length === 3 ? dot(normalOf(mosaic), [x, y, z]) : Number.NaN;
  if (!(Math.abs(Math.abs(along) - 1) <= NORMAL_TOLERANCE && Math.abs(norm([x, y, z]) - 1) <= NORMAL_TOLERANCE))
    throw new HilumError("MALFORMED_FILE", "The Siemens CSA header has a slice normal that is not that of Image Orientation (0020,0037).", {
      details: { tag: tagText(tag) },
    });
  return along > 0 ? 1 : -1;
}

/** Numbers of the CSA header; undefined where there are none. @throws {HilumError} MALFORMED_FILE. */
function numbers(csa: Csa, name: string): readonly number[] | undefined {
  const texts = csa.get(name);
  if (texts === undefined || texts.length === 0) return undefined;
  if (!texts.every((text) => NUMBER.test(text)))
    throw new HilumError("MALFORMED_FILE", `${name} of the Siemens CSA header is no number.`, { details: { attribute: name } });
  return texts.map(Number);
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

/** The tag of a private element, in the block that its creator reserved; in the first where it reserved none. */
function privateTag(head: ScannedHead, tag: number, creator: string): number {
  return tag + (privateBlockOf(head, tag >>> 16, creator) ?? 0x10) * 0x100;
}
