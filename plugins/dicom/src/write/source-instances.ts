import type { Frame } from "@hilum/core";
import { Tag } from "../scan/tags.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { paddedText, sequenceElement, textElement, type EncodedElement } from "./encode-element.ts";
import { isEnhanced } from "./written-classes.ts";

/** An instance that a frame was made from. */
export interface SourceInstance {
  readonly sopClassUID: string;
  readonly sopInstanceUID: string;
  /** Absent where it is not in the template, and nobody knows. */
  readonly seriesInstanceUID?: string;
  /** Which frames of it, 1-based; absent of a single-frame instance. */
  readonly frameNumbers?: readonly number[];
  /** Whether its voxels lie in the same places as those that were made of it. */
  readonly isSamePlace: boolean;
}

const TAG = Object.freeze({
  referencedSOPClassUID: 0x00081150,
  referencedSOPInstanceUID: 0x00081155,
  referencedFrameNumber: 0x00081160,
  spatialLocationsPreserved: 0x0028135a,
});

/**
 * What a frame was made from: first the frame of the template that it takes the place of, then the other known ones.
 * @param bySopInstanceUIDHash the instances of the template.
 */
export function sourcesOf(frame: Frame, own: DicomInstance, bySopInstanceUIDHash: ReadonlyMap<string, DicomInstance>): readonly SourceInstance[] {
  const others = new Map<string, Omit<SourceInstance, "frameNumbers" | "isSamePlace"> & { readonly frames: Set<number> }>();
  for (const { sopInstanceUIDHash, frameNumber, ...ref } of frame.derivedFrom) {
    const known = bySopInstanceUIDHash.get(sopInstanceUIDHash);
    const { sopInstanceUID, sopClassUID } = known ?? ref;
    if (sopInstanceUID === undefined || sopClassUID === undefined) continue;
    if (sopInstanceUID === own.sopInstanceUID && (frameNumber === own.frameNumber || !isEnhanced(sopClassUID))) continue;
    const source = others.get(sopInstanceUID) ?? { sopInstanceUID, sopClassUID, ...(known === undefined ? {} : { seriesInstanceUID: known.seriesInstanceUID }), frames: new Set() };
    others.set(sopInstanceUID, source);
    source.frames.add(frameNumber);
  }
  const { sopClassUID, sopInstanceUID, seriesInstanceUID, frameNumber, region } = own;
  return [
    // The pixels of a mosaic lie in one plane, and those of its tiles do not.
    { sopClassUID, sopInstanceUID, seriesInstanceUID, ...numbered(sopClassUID, [frameNumber]), isSamePlace: region === undefined },
    ...[...others.values()].map(({ frames, ...source }) => ({ ...source, ...numbered(source.sopClassUID, [...frames].sort((a, b) => a - b)), isSamePlace: false })),
  ];
}

function numbered(sopClassUID: string, frameNumbers: readonly number[]): Pick<SourceInstance, "frameNumbers"> {
  return isEnhanced(sopClassUID) ? { frameNumbers } : {};
}

/** The items of a Source Image Sequence (PS3.3 C.7.6.1, C.7.6.16.2.6). */
export function sourceItems(sources: readonly SourceInstance[], purpose: EncodedElement): EncodedElement[][] {
  return sources.map(({ sopClassUID, sopInstanceUID, frameNumbers, isSamePlace }) => [
    ...referenceTo(sopClassUID, sopInstanceUID),
    ...(frameNumbers === undefined ? [] : [textElement(TAG.referencedFrameNumber, "IS", ...frameNumbers.map(String))]),
    ...(isSamePlace ? [textElement(TAG.spatialLocationsPreserved, "CS", "YES")] : []),
    purpose,
  ]);
}

/** What refers to an instance. UIDs of templates are not checked as our own are. */
export function referenceTo(sopClassUID: string, sopInstanceUID: string): EncodedElement[] {
  return [
    { tag: TAG.referencedSOPClassUID, vr: "UI", value: paddedText("UI", sopClassUID) },
    { tag: TAG.referencedSOPInstanceUID, vr: "UI", value: paddedText("UI", sopInstanceUID) },
  ];
}

/**
 * Instances by their series, one item each; those of series that nobody knows cannot be in it.
 * @param tag of the sequence that names the instances: Referenced SOP Sequence or Referenced Instance Sequence.
 */
export function seriesItems(sources: readonly SourceInstance[], tag: number, explicitVr: boolean): EncodedElement[][] {
  const bySeries = new Map<string, Map<string, SourceInstance>>();
  for (const source of sources) {
    if (source.seriesInstanceUID === undefined) continue;
    const ofSeries = bySeries.get(source.seriesInstanceUID) ?? new Map<string, SourceInstance>();
    bySeries.set(source.seriesInstanceUID, ofSeries.set(source.sopInstanceUID, source));
  }
  return [...bySeries].map(([seriesInstanceUID, instances]) =>
    [
      sequenceElement(
        tag,
        [...instances.values()].map(({ sopClassUID, sopInstanceUID }) => referenceTo(sopClassUID, sopInstanceUID)),
        explicitVr,
      ),
      { tag: Tag.SeriesInstanceUID, vr: "UI", value: paddedText("UI", seriesInstanceUID) },
    ],
  );
}
