import type { DicomWriteOptions } from "./write-options.ts";

const STORAGE = "1.2.840.10008.5.1.4.1.1.";

export const PET_IMAGE_STORAGE = `${STORAGE}128`;

/** Parametric Map Storage (A.75). */
export const PARAMETRIC_MAP_STORAGE = `${STORAGE}30`;

/** The classes whose images may get a Rescale Slope and Intercept of their own: CT, PET, CR, Secondary Capture (PS3.3 A.2, A.3, A.8, A.21). */
const WITH_RESCALE: ReadonlySet<string> = new Set([`${STORAGE}2`, PET_IMAGE_STORAGE, `${STORAGE}1`, `${STORAGE}7`]);

/** The class that takes a Real World Value Mapping in their place: MR (A.4 has no Modality LUT). */
const MR_IMAGE_STORAGE = `${STORAGE}4`;

/** Enhanced and Legacy Converted Enhanced CT, MR and PET, and Parametric Maps: places and maps lie in functional groups, of a single frame too. */
const ENHANCED: ReadonlySet<string> = new Set(["2.1", "2.2", "4.1", "4.3", "4.4", "30", "128.1", "130"].map((rest) => `${STORAGE}${rest}`));

/** Whether instances of a SOP class have functional groups as enhanced multi-frame images do, whatever their number of frames. */
export function isEnhanced(sopClassUID: string): boolean {
  return ENHANCED.has(sopClassUID);
}

/** Whether instances of a SOP class can be written under a policy. */
export function takesPolicy(sopClassUID: string, policy: DicomWriteOptions["rescale"]): boolean {
  if (policy === "template-range") return true;
  return policy === "full-range" ? WITH_RESCALE.has(sopClassUID) : sopClassUID === MR_IMAGE_STORAGE;
}
