import { dot, HilumError, norm, scaleBy, type Vec3 } from "@hilum/core";
import { findElement } from "../scan/element-table.ts";
import { malformedFile } from "../scan/malformed-file.ts";
import { Tag } from "../scan/tags.ts";
import { decimalsOf, type ScannedHead } from "../scan/values.ts";
import type { ImageHeader } from "./image-header.ts";
import { required } from "./read-pixel-layout.ts";

/** Row and column directions may differ from unit length by this, and their product from 0. */
const COSINE_TOLERANCE = 1e-3;

/** Where an image lies (PS3.3 C.7.6.2). */
export type Plane = Pick<ImageHeader, "placedBy" | "imagePosition" | "rowDirection" | "columnDirection" | "spacing">;

/** @throws {HilumError} MISSING_ATTRIBUTE, MALFORMED_FILE. */
export function readPlane(head: ScannedHead): Plane {
  const position = required(readPosition(head), "Image Position (Patient)", Tag.ImagePositionPatient);
  const directions = required(readDirections(head), "Image Orientation (Patient)", Tag.ImageOrientationPatient);
  const spacing = required(readPixelSpacing(head), "Pixel Spacing", Tag.PixelSpacing);
  return { placedBy: "image position", imagePosition: position, ...directions, spacing };
}

/** Image Position (Patient), mm. @throws {HilumError} MALFORMED_FILE, as all that follow. */
export function readPosition(head: ScannedHead): Vec3 | undefined {
  return decimalsOf(head, Tag.ImagePositionPatient, 3) as Vec3 | undefined;
}

/** Image Orientation (Patient), as exact unit vectors. */
export function readDirections(head: ScannedHead): Pick<Plane, "rowDirection" | "columnDirection"> | undefined {
  const cosines = decimalsOf(head, Tag.ImageOrientationPatient, 6);
  if (cosines === undefined) return undefined;
  const row = cosines.slice(0, 3) as unknown as Vec3;
  const column = cosines.slice(3) as unknown as Vec3;
  if (
    Math.abs(norm(row) - 1) > COSINE_TOLERANCE ||
    Math.abs(norm(column) - 1) > COSINE_TOLERANCE ||
    Math.abs(dot(row, column)) > COSINE_TOLERANCE
  )
    throw faultOf(head, Tag.ImageOrientationPatient, "does not hold two perpendicular unit vectors");
  return { rowDirection: scaleBy(row, 1 / norm(row)), columnDirection: scaleBy(column, 1 / norm(column)) };
}

/** Pixel Spacing in the order of an image's `spacing`: distance of columns, then of rows, mm. */
export function readPixelSpacing(head: ScannedHead): Plane["spacing"] | undefined {
  const values = decimalsOf(head, Tag.PixelSpacing, 2) as readonly [number, number] | undefined;
  if (values === undefined) return undefined;
  const [rowSpacing, columnSpacing] = values;
  if (!(rowSpacing > 0 && columnSpacing > 0)) throw faultOf(head, Tag.PixelSpacing, "is not positive");
  return [columnSpacing, rowSpacing];
}

/** A MALFORMED_FILE error about an element that is there. */
export function faultOf({ table }: ScannedHead, tag: number, what: string): HilumError {
  return malformedFile(what, tag, table.start[findElement(table, tag)] as number);
}
