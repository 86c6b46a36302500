import { readModalityTable } from "../../pixels/modality-table.ts";
import { Tag } from "../../scan/tags.ts";
import { uid } from "../../scan/values.ts";
import type { ImageHeader } from "../image-header.ts";
import { hasFunctionalGroups, isMosaic } from "../plain-image.ts";
import { readImageHeader, type ScannedInstance } from "../read-image-header.ts";
import { faultOf, readPlane } from "../read-plane.ts";
import { NOWHERE, readClassicFrames, readPlaneIfAny } from "./classic-frames.ts";
import { readEnhancedFrames } from "./enhanced-frames.ts";
import { MAX_FRAMES } from "./item-places.ts";
import { readMosaicTiles } from "./mosaic-tiles.ts";

/**
 * The images of an instance that is no plain one: frames of an enhanced or a classic multi-frame instance, tiles of a Siemens
 * mosaic, an image without a position, or one whose real values are in a table.
 * @throws {HilumError} MISSING_ATTRIBUTE, MALFORMED_FILE.
 */
export function readInstanceFrames(instance: ScannedInstance): readonly ImageHeader[] {
  const { head, pixel } = instance;
  if (pixel.frames > MAX_FRAMES) throw faultOf(head, Tag.NumberOfFrames, `counts more than ${MAX_FRAMES} frames`);
  const frames = readFrames(instance);
  const [{ explicitVr }] = frames as readonly [ImageHeader];
  const modalityTable = readModalityTable({ bytes: head.bytes, table: head.table, explicitVr }, pixel.signed);
  return modalityTable === undefined ? frames : frames.map((frame) => ({ ...frame, modalityTable }));
}

function readFrames(instance: ScannedInstance): readonly ImageHeader[] {
  const { head, pixel } = instance;
  if (hasFunctionalGroups(head)) {
    const base = readImageHeader(instance, NOWHERE);
    return readEnhancedFrames({ bytes: head.bytes, table: head.table, explicitVr: base.explicitVr }, base);
  }
  if (isMosaic(head)) return readMosaicTiles(head, readImageHeader(instance, readPlane(head)));
  const base = readImageHeader(instance, readPlaneIfAny(head, uid(head, Tag.SOPClassUID) ?? ""));
  return pixel.frames === 1 ? [base] : readClassicFrames(head, base);
}
