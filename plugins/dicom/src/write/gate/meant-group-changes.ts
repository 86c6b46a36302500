import { PARAMETRIC_MAP_STORAGE } from "../written-classes.ts";

/** What derived images say anew in functional groups, and beside them. A list of its own, as all of the gate's. */
export const DERIVED_GROUPS = Object.freeze({
  frameType: 0x00089007,
  derivationImageSequence: 0x00089124,
  referencedSeriesSequence: 0x00081115,
  sourceImageEvidenceSequence: 0x00089154,
  sharedFunctionalGroupsSequence: 0x52009229,
  perFrameFunctionalGroupsSequence: 0x52009230,
});

/** Frame types of MR, CT, PET and Parametric Maps, which hold Frame Type. */
export const FRAME_TYPES: readonly number[] = [0x00189226, 0x00189329, 0x00189751, 0x00409092];

/** What a derived image without functional groups says at the top level. */
export const DERIVATION_AT_THE_TOP: ReadonlySet<number> = new Set([
  0x00082111, // Derivation Description
  0x00082112, // Source Image Sequence
  0x00089215, // Derivation Code Sequence
]);

/** Where instances of a class with functional groups name their sources by series. */
export function referencesTag(sopClassUID: string): number {
  return sopClassUID === PARAMETRIC_MAP_STORAGE ? DERIVED_GROUPS.referencedSeriesSequence : DERIVED_GROUPS.sourceImageEvidenceSequence;
}
