import { HilumError } from "@hilum/core";
import { createElementTable, findElement } from "../scan/element-table.ts";
import { Tag } from "../scan/tags.ts";
import { rawBytes, rawText } from "../scan/values.ts";
import { FRAME_TYPE_SEQUENCES, FrameTag } from "../series/frames/frame-tags.ts";
import { firstItem, type ScannedItem } from "../series/frames/item-places.ts";
import { codeItem } from "./code-item.ts";
import type { SeriesDerivation } from "./derivation-text.ts";
import { appendItems, editItems } from "./edit-items.ts";
import { encodeItems, paddedText, sequenceElement, textElement, type EncodedElement } from "./encode-element.ts";
import { derivedImageType } from "./image-type.ts";
import { seriesItems, sourceItems, type SourceInstance } from "./source-instances.ts";
import { put, type ElementEdit } from "./splice.ts";
import type { TemplateFile } from "./template-file.ts";
import { PARAMETRIC_MAP_STORAGE } from "./written-classes.ts";

const TAG = Object.freeze({
  referencedSeriesSequence: 0x00081115,
  referencedInstanceSequence: 0x0008114a,
  referencedSOPSequence: 0x00081199,
  derivationDescription: 0x00082111,
  sourceImageSequence: 0x00082112,
  derivationImageSequence: 0x00089124,
  sourceImageEvidenceSequence: 0x00089154,
  concatenationUID: 0x00209161,
  derivationCodeSequence: 0x00089215,
});

/** Derivation Code Sequence is mandatory in functional groups; this code says of steps without a code of their own that there were some. */
const IMAGE_PROCESSING = { value: "110001", scheme: "DCM", meaning: "Image Processing" } as const;

/** What the frames of an enhanced instance were made from, and how. */
export interface FrameDerivation {
  readonly derivation: SeriesDerivation;
  /** For each frame, in order of Frame Number; the first is the template's frame. */
  readonly sourcesOfFrames: readonly (readonly SourceInstance[])[];
  /** Purpose of Reference Code Sequence of the sources. */
  readonly purpose: EncodedElement;
}

/**
 * What an enhanced instance says of its derivation, where PS3.3 has it for these: Frame Type in the frame types of shared and
 * per-frame groups, a Derivation Image Sequence in the groups of each frame (C.7.6.16.2.6), and Source Image Evidence or Referenced Series Sequence.
 * All other groups keep their bytes. A derivation that the template shares goes to each frame, since a group is never in both.
 * @throws {HilumError} UNSUPPORTED_WRITE for a part of a concatenation, which names its source instances in every part.
 */
export function derivedGroupEdits(template: TemplateFile, { derivation, sourcesOfFrames, purpose }: FrameDerivation): ElementEdit[] {
  if (findElement(template.table, TAG.concatenationUID) >= 0)
    throw new HilumError("UNSUPPORTED_WRITE", "The template is a concatenation (0020,9161) of several instances; only whole instances are written.", {
      remedy: "Join the parts of the concatenation into one instance first.",
    });
  const modality = rawText(template, Tag.Modality);
  const shared = firstItem(template, FrameTag.SharedFunctionalGroupsSequence, createElementTable(32));
  const earlier = (shared && rawBytes(shared, TAG.derivationImageSequence)) ?? new Uint8Array(0);
  const items = (frame: number, explicitVr: boolean): Uint8Array => encodeItems([derivationItem(derivation, sourcesOfFrames[frame] ?? [], purpose, explicitVr)], explicitVr);
  const derivationOf = (item: ScannedItem, frame: number): ElementEdit => {
    if (findElement(item.table, TAG.derivationImageSequence) >= 0) return appendItems(item, TAG.derivationImageSequence, (explicitVr) => items(frame, explicitVr));
    return put({ tag: TAG.derivationImageSequence, vr: "SQ", value: Buffer.concat([earlier, items(frame, item.explicitVr)]) });
  };
  const perFrame = editItems(template, FrameTag.PerFrameFunctionalGroupsSequence, (item, frame) => [derivationOf(item, frame), ...frameTypeEdits(item, modality)]);
  return [
    ...editItems(template, FrameTag.SharedFunctionalGroupsSequence, (item) => [
      ...(findElement(item.table, TAG.derivationImageSequence) < 0 ? [] : [{ kind: "remove", tag: TAG.derivationImageSequence } as const]),
      ...frameTypeEdits(item, modality),
    ]),
    ...(perFrame.length > 0 ? perFrame : [put(ownGroups(sourcesOfFrames.length, (frame) => Buffer.concat([earlier, items(frame, template.explicitVr)]), template.explicitVr))]),
    references(template, sourcesOfFrames.flat()),
  ];
}

/** Groups of frames that have none of their own yet. */
function ownGroups(frames: number, derivationOf: (frame: number) => Uint8Array, explicitVr: boolean): EncodedElement {
  const groups = Array.from({ length: frames }, (_, frame) => [{ tag: TAG.derivationImageSequence, vr: "SQ", value: derivationOf(frame) }]);
  return sequenceElement(FrameTag.PerFrameFunctionalGroupsSequence, groups, explicitVr);
}

function frameTypeEdits(groups: ScannedItem, modality: string | undefined): ElementEdit[] {
  return FRAME_TYPE_SEQUENCES.flatMap((tag) =>
    editItems(groups, tag, (item) => {
      const text = rawText(item, FrameTag.FrameType);
      return text === undefined ? [] : [put({ tag: FrameTag.FrameType, vr: "CS", value: paddedText("CS", derivedImageType(text, modality)) })];
    }),
  );
}

/** How a frame was made, and from what (PS3.3 C.7.6.16.2.6). */
export function derivationItem({ description, codes }: SeriesDerivation, sources: readonly SourceInstance[], purpose: EncodedElement, explicitVr: boolean): EncodedElement[] {
  const said = codes.length === 0 ? [IMAGE_PROCESSING] : codes;
  return [
    textElement(TAG.derivationDescription, "ST", description),
    sequenceElement(TAG.sourceImageSequence, sourceItems(sources, purpose), explicitVr),
    sequenceElement(
      TAG.derivationCodeSequence,
      said.map(({ value, scheme, meaning }) => codeItem(value, scheme, meaning)),
      explicitVr,
    ),
  ];
}

/** All sources by series, where the class has them: of Parametric Maps in Common Instance Reference (PS3.3 C.12.2), else as evidence, by study too (table C.17-3b). */
function references(template: TemplateFile, sources: readonly SourceInstance[]): ElementEdit {
  if (template.sopClassUID === PARAMETRIC_MAP_STORAGE)
    return appendItems(template, TAG.referencedSeriesSequence, (explicitVr) => encodeItems(seriesItems(sources, TAG.referencedInstanceSequence, explicitVr), explicitVr));
  const studyInstanceUID = rawText(template, Tag.StudyInstanceUID) ?? "";
  return appendItems(template, TAG.sourceImageEvidenceSequence, (explicitVr) =>
    encodeItems([[sequenceElement(TAG.referencedSeriesSequence, seriesItems(sources, TAG.referencedSOPSequence, explicitVr), explicitVr), uid(Tag.StudyInstanceUID, studyInstanceUID)]], explicitVr),
  );
}

function uid(tag: number, text: string): EncodedElement {
  return { tag, vr: "UI", value: paddedText("UI", text) };
}
