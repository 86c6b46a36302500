import type { StoredForm } from "../stored-form.ts";
import { DERIVED_GROUPS, FRAME_TYPES } from "./meant-group-changes.ts";

/** What every derived instance may say anew (dicom.md §4, first table). A list of its own: the writer's edits are what is checked. */
const DERIVED: readonly number[] = [
  0x00080008, // Image Type
  0x00080012, // Instance Creation Date
  0x00080013, // Instance Creation Time
  0x00080018, // SOP Instance UID
  0x00080023, // Content Date
  0x00080033, // Content Time
  0x0008103e, // Series Description
  0x00082111, // Derivation Description
  0x00082112, // Source Image Sequence
  0x00089215, // Derivation Code Sequence
  0x0018a001, // Contributing Equipment Sequence
  0x0020000e, // Series Instance UID
  0x00200011, // Series Number
  0x00280106, // Smallest Image Pixel Value
  0x00280107, // Largest Image Pixel Value
  0x7fe00008, // Float Pixel Data
  0x7fe00009, // Double Float Pixel Data
  0x7fe00010, // Pixel Data
];

/** May appear, and says by a rule of its own that it never goes. */
const LOSSY_IMAGE_COMPRESSION = 0x00282110;

/** What only a new stored form may change. */
const FITTED: readonly number[] = [
  0x00280100, // Bits Allocated
  0x00280101, // Bits Stored
  0x00280102, // High Bit
  0x00280103, // Pixel Representation
  0x00280120, // Pixel Padding Value
  0x00281050, // Window Center
  0x00281051, // Window Width
  0x00281052, // Rescale Intercept
  0x00281053, // Rescale Slope
  0x00409096, // Real World Value Mapping Sequence
];

/** What has to go: it tells of other pixels, or of another encoding. */
const STALE: readonly number[] = [
  0x00280108, // Smallest Pixel Value in Series
  0x00280109, // Largest Pixel Value in Series
  0x00280110, // Smallest Image Pixel Value in Plane
  0x00280111, // Largest Image Pixel Value in Plane
  0x00880200, // Icon Image Sequence
  0x4ffe0001, // MAC Parameters Sequence
  0x7fe00001, // Extended Offset Table
  0x7fe00002, // Extended Offset Table Lengths
  0x7fe00003, // Encapsulated Pixel Data Value Total Length
  0xfffafffa, // Digital Signatures Sequence
];

/** What has to go with a new stored form, by where that is said. */
const STALE_WHEN: Readonly<Record<StoredForm["declaredBy"], readonly number[]>> = {
  template: [],
  rescale: [0x00280121, 0x00409096],
  "real world value mapping": [0x00280121, 0x00281052, 0x00281053, 0x00281054, 0x00283010],
};

/** What has to go where stored values are wider than its 16 bits. */
const STALE_WHEN_WIDE: readonly number[] = [0x00280106, 0x00280107];

/** Tags of which something has to be there where the template had something: the writer says them anew, and never less. */
export const LASTING: ReadonlySet<number> = new Set([...DERIVED, ...FRAME_TYPES, DERIVED_GROUPS.frameType, DERIVED_GROUPS.referencedSeriesSequence, DERIVED_GROUPS.sourceImageEvidenceSequence, DERIVED_GROUPS.sharedFunctionalGroupsSequence, DERIVED_GROUPS.perFrameFunctionalGroupsSequence]);

/** Tags that may differ from the template's. */
export function changeableTags(form: StoredForm): ReadonlySet<number> {
  return new Set([...DERIVED, LOSSY_IMAGE_COMPRESSION, ...(form.declaredBy === "template" ? [] : FITTED)]);
}

/** Tags that must not be there. */
export function staleTags(form: StoredForm): ReadonlySet<number> {
  return new Set([...STALE, ...STALE_WHEN[form.declaredBy], ...(form.format.bitsAllocated > 16 ? STALE_WHEN_WIDE : [])]);
}

/** The rule that a kept element breaks where it is not the template's. */
export function keepingRule(tag: number): string {
  const group = tag >>> 16;
  if ((group & 1) === 1) return "private elements are the template's";
  if (group === 0x0010) return "the patient is the template's";
  return NAMED.get(tag) ?? "every other element has the template's bytes";
}

const NAMED: ReadonlyMap<number, string> = new Map([
  [0x00080016, "SOP Class UID is the template's"],
  [0x0020000d, "Study Instance UID is the template's"],
  [0x00200052, "Frame of Reference UID is the template's"],
  ...[0x00180050, 0x00185100, 0x00200032, 0x00200037, 0x00201041, 0x00209113, 0x00209116, 0x00280010, 0x00280011, 0x00280030, 0x00289110].map(
    (tag) => [tag, "place, orientation and spacing are the template's"] as const,
  ),
  // What an SUV depends on, and what PS3.3 C.8.9 asks of a PET image.
  ...[0x00080021, 0x00080022, 0x00080031, 0x00080032, 0x00181242, 0x00540016, 0x00541001, 0x00541102, 0x00541300, 0x00541321, 0x00541330].map(
    (tag) => [tag, "times and units of the acquisition are the template's"] as const,
  ),
  ...[0x00281052, 0x00281053, 0x00281054, 0x00289145].map((tag) => [tag, "Rescale Slope and Intercept are those of the stored values"] as const),
  ...[0x00280100, 0x00280101, 0x00280102, 0x00280103].map((tag) => [tag, "Bits Allocated, Bits Stored, High Bit and Pixel Representation are those of the stored values"] as const),
  [0x00280120, "Pixel Padding Value is that of the stored values"],
  [0x00280121, "Pixel Padding Value is that of the stored values"],
  ...[0x00281050, 0x00281051, 0x00281055, 0x00281056, 0x00289132].map((tag) => [tag, "windows are the template's"] as const),
  [0x00282112, "lossy compression is told for ever"],
  [0x00282114, "lossy compression is told for ever"],
]);
