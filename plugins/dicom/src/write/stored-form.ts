import { Tag } from "../scan/tags.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import type { StoredFormat } from "./quantise.ts";

/** How an instance stores its voxels, and how its header says what they mean. */
export interface StoredForm {
  /** Its Modality LUT is what the header says, to the last digit. */
  readonly format: StoredFormat;
  /** Where the header has the map: unchanged, in Rescale Slope and Intercept, or in a Real World Value Mapping Sequence. */
  readonly declaredBy: "template" | "rescale" | "real world value mapping";
  /** What voxels that are masked become; where it is absent, what the template stores there. */
  readonly padding?: number;
}

/** The form of the template: its slope and intercept (dicom.md §4, `template-range`). */
export function templateForm({ pixel, modalityLut, modalityTable }: DicomInstance): StoredForm {
  const { bitsAllocated, bitsStored, highBit, signed, float } = pixel;
  return { format: { bitsAllocated, bitsStored, highBit, signed, float, modalityLut, modalityTable }, declaredBy: "template" };
}

/** The element that holds stored values: Pixel Data, Float Pixel Data or Double Float Pixel Data (PS3.3 C.7.6.24, C.7.6.25). */
export function pixelDataTag({ float, bitsAllocated }: StoredFormat): number {
  if (float !== true) return Tag.PixelData;
  return bitsAllocated === 32 ? Tag.FloatPixelData : Tag.DoubleFloatPixelData;
}
