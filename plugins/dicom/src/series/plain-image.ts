import { findElement } from "../scan/element-table.ts";
import { Tag } from "../scan/tags.ts";
import { rawText, type ScannedHead } from "../scan/values.ts";
import type { PixelLayout } from "./dicom-instance.ts";

const SHARED_FUNCTIONAL_GROUPS_SEQUENCE = 0x52009229;

/** Whether a file is one image with a position and linear real values, as nearly all are; the others need frames/. */
export function isPlainImage(head: ScannedHead, { frames }: PixelLayout): boolean {
  const has = (tag: number): boolean => findElement(head.table, tag) >= 0;
  return frames === 1 && has(Tag.ImagePositionPatient) && !has(Tag.ModalityLUTSequence) && !hasFunctionalGroups(head) && !isMosaic(head);
}

/** Whether an instance is enhanced (PS3.3 C.7.6.16): what its frames are is said in sequences. */
export function hasFunctionalGroups({ table }: ScannedHead): boolean {
  return findElement(table, Tag.PerFrameFunctionalGroupsSequence) >= 0 || findElement(table, SHARED_FUNCTIONAL_GROUPS_SEQUENCE) >= 0;
}

/** Whether Image Type says that the image is a Siemens mosaic. Other values in it may be no code strings: they only inform. */
export function isMosaic(head: ScannedHead): boolean {
  const text = rawText(head, Tag.ImageType);
  return text !== undefined && text.includes("MOSAIC") && text.split("\\").some((value) => value.trim() === "MOSAIC");
}
