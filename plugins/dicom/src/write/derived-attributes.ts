import { UNDEFINED_LENGTH } from "../scan/element-header.ts";
import { findElement } from "../scan/element-table.ts";
import { Tag } from "../scan/tags.ts";
import { rawText } from "../scan/values.ts";
import { codeItem } from "./code-item.ts";
import type { SeriesDerivation } from "./derivation-text.ts";
import { derivedGroupEdits } from "./derived-groups.ts";
import { appendItems } from "./edit-items.ts";
import { encodeItems, paddedText, sequenceElement, shortElement, textElement, type EncodedElement } from "./encode-element.ts";
import { derivedImageType } from "./image-type.ts";
import type { StoredRange } from "./quantise.ts";
import { sourceItems, type SourceInstance } from "./source-instances.ts";
import { put, type ElementEdit } from "./splice.ts";
import { pixelDataTag, type StoredForm } from "./stored-form.ts";
import type { TemplateFile } from "./template-file.ts";
import { tileEdits, type Tile } from "./tile-edits.ts";
import { contradictingWindows } from "./windows.ts";
import type { DicomWriteOptions } from "./write-options.ts";
import { isEnhanced } from "./written-classes.ts";
import { WRITER } from "./writer-identity.ts";

/** What is new in one instance. */
export interface DerivedInstance {
  readonly sopInstanceUID: string;
  readonly seriesInstanceUID: string;
  /** What each frame was made from, in order of Frame Number; the first is the template's frame. */
  readonly sourcesOfFrames: readonly (readonly SourceInstance[])[];
  /** Of all frames. */
  readonly storedRange: StoredRange;
  /** That of the first frame: others differ in the Modality LUT alone. */
  readonly form: StoredForm;
  /** What a form that is not the template's changes besides. */
  readonly formEdits: readonly ElementEdit[];
  /** Whether the template's pixels have lost something for certain, by the transfer syntax that they were in. */
  readonly lossy: boolean;
  /** Of a mosaic's tile that becomes an image of its own. */
  readonly tile?: Tile | undefined;
  /** Bytes of the value of Pixel Data, which is written by itself; UNDEFINED_LENGTH where it lies in fragments. */
  readonly pixelBytes: number;
  /** Date and time of everything that the job writes. */
  readonly jobTime: Date;
}

const TAG = Object.freeze({
  imageType: 0x00080008,
  instanceCreationDate: 0x00080012,
  instanceCreationTime: 0x00080013,
  sopInstanceUID: 0x00080018,
  contentDate: 0x00080023,
  contentTime: 0x00080033,
  modality: 0x00080060,
  manufacturer: 0x00080070,
  timezoneOffsetFromUTC: 0x00080201,
  seriesDescription: 0x0008103e,
  manufacturerModelName: 0x00081090,
  derivationDescription: 0x00082111,
  sourceImageSequence: 0x00082112,
  derivationCodeSequence: 0x00089215,
  softwareVersions: 0x00181020,
  contributingEquipmentSequence: 0x0018a001,
  contributionDateTime: 0x0018a002,
  contributionDescription: 0x0018a003,
  seriesInstanceUID: 0x0020000e,
  seriesNumber: 0x00200011,
  instanceNumber: 0x00200013,
  smallestImagePixelValue: 0x00280106,
  largestImagePixelValue: 0x00280107,
  purposeOfReferenceCodeSequence: 0x0040a170,
  lossyImageCompression: 0x00282110,
});

/** What all instances of a series have in common, encoded once. */
export class EncodedOnce {
  readonly #values = new Map<string, Uint8Array>();

  once(key: string, encode: () => Uint8Array): Uint8Array {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = encode();
    this.#values.set(key, value);
    return value;
  }
}

/** What would be stale once the pixels are others. */
const STALE = [
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

const OVERLAY_GROUPS = { first: 0x6000, last: 0x601e } as const;
const OVERLAY_DATA = 0x3000;

/** Longest LO in characters; what is added is ASCII, and so are the texts that something is added to. */
const MAX_LO = 64;
const MAX_ST = 1024;
const MAX_IS = 2 ** 31 - 1;

/**
 * Everything that differs between a derived instance and its template (PS3.3 C.7.6.1, C.12.1; A.4 MR, A.3 CT, A.21 PET; C.7.6.16
 * for enhanced ones), in ascending order of tags. All other elements stay as they are, so Series and Acquisition times too: the SUV of a PET
 * depends on them.
 */
export function derivedEdits(template: TemplateFile, instance: DerivedInstance, derivation: SeriesDerivation, options: DicomWriteOptions, encoded: EncodedOnce): ElementEdit[] {
  const time = timesAt(instance.jobTime, rawText(template, TAG.timezoneOffsetFromUTC));
  const edits: ElementEdit[] = [
    put(imageType(template)),
    put(textElement(TAG.instanceCreationDate, "DA", time.date)),
    put(textElement(TAG.instanceCreationTime, "TM", time.time)),
    put(textElement(TAG.contentDate, "DA", time.date)),
    put(textElement(TAG.contentTime, "TM", time.time)),
    put(textElement(TAG.sopInstanceUID, "UI", instance.sopInstanceUID)),
    put(textElement(TAG.seriesInstanceUID, "UI", instance.seriesInstanceUID)),
    ...derivationEdits(template, instance, derivation, encoded),
    appendItems(template, TAG.contributingEquipmentSequence, (explicitItems) =>
      encoded.once(`equipment ${time.dateTime} ${explicitItems}`, () => encodeItems([equipmentItem(derivation, time, explicitItems)], explicitItems)),
    ),
    { kind: "room", tag: pixelDataTag(instance.form.format), vr: pixelDataVr(template, instance), length: instance.pixelBytes },
    ...[...STALE, ...contradictingWindows(template)].map((tag): ElementEdit => ({ kind: "remove", tag })),
    ...(instance.tile === undefined ? embeddedOverlays(template) : tileEdits(template, instance.tile)),
    ...instance.formEdits,
  ];
  if (instance.lossy) edits.push(put(textElement(TAG.lossyImageCompression, "CS", "01")));
  const description = seriesDescription(template, derivation, options);
  if (description !== undefined) edits.push(put(description));
  const number = seriesNumber(template, options);
  if (number !== undefined) edits.push(put(number));
  const vr = instance.form.format.signed ? "SS" : "US";
  const { smallest, largest } = instance.storedRange;
  for (const [tag, value] of [[TAG.smallestImagePixelValue, smallest], [TAG.largestImagePixelValue, largest]] as const)
    // Both have 16 bits, and say nothing of wider values.
    if (has(template, tag)) edits.push(instance.form.format.bitsAllocated > 16 ? { kind: "remove", tag } : put(shortElement(tag, vr, value)));
  return edits.sort((a, b) => a.tag - b.tag);
}

/** The identity and times of an instance that is new from the first element on. */
export interface NewIdentity {
  readonly sopInstanceUID: string;
  readonly seriesInstanceUID: string;
  readonly instanceNumber: number;
  readonly jobTime: Date;
}

/** What tells a new instance from its template: UIDs, times, and the name and number of its series. In no order. */
export function identityElements(template: TemplateFile, instance: NewIdentity, derivation: SeriesDerivation, options: DicomWriteOptions): EncodedElement[] {
  const time = timesAt(instance.jobTime, rawText(template, TAG.timezoneOffsetFromUTC));
  return [
    textElement(TAG.instanceCreationDate, "DA", time.date),
    textElement(TAG.instanceCreationTime, "TM", time.time),
    textElement(TAG.contentDate, "DA", time.date),
    textElement(TAG.contentTime, "TM", time.time),
    textElement(TAG.sopInstanceUID, "UI", instance.sopInstanceUID),
    textElement(TAG.seriesInstanceUID, "UI", instance.seriesInstanceUID),
    seriesDescription(template, derivation, options) ?? textElement(TAG.seriesDescription, "LO", derivation.label.slice(0, MAX_LO)),
    seriesNumber(template, options) ?? textElement(TAG.seriesNumber, "IS", `${options.seriesNumberOffset}`),
    textElement(TAG.instanceNumber, "IS", `${instance.instanceNumber}`),
  ];
}

/** How it was derived and from what: in functional groups where the instance has these, else at the top level. */
function derivationEdits(template: TemplateFile, { sourcesOfFrames }: DerivedInstance, derivation: SeriesDerivation, encoded: EncodedOnce): ElementEdit[] {
  const { explicitVr, sopClassUID } = template;
  const purpose = sourcePurpose(explicitVr, encoded);
  if (isEnhanced(sopClassUID)) return derivedGroupEdits(template, { derivation, sourcesOfFrames, purpose });
  const edits: ElementEdit[] = [put(derivationDescription(template, derivation)), put(sequenceElement(TAG.sourceImageSequence, sourceItems(sourcesOfFrames[0] ?? [], purpose), explicitVr))];
  if (derivation.codes.length > 0)
    edits.push(
      appendItems(template, TAG.derivationCodeSequence, (explicitItems) =>
        encoded.once(`derivation ${explicitItems}`, () =>
          encodeItems(
            derivation.codes.map((code) => codeItem(code.value, code.scheme, code.meaning)),
            explicitItems,
          ),
        ),
      ),
    );
  return edits;
}

/** Not checked as our own text would be: the values that stay are the template's. */
function imageType(template: TemplateFile): EncodedElement {
  return { tag: TAG.imageType, vr: "CS", value: paddedText("CS", derivedImageType(rawText(template, TAG.imageType), rawText(template, TAG.modality))) };
}

function derivationDescription(template: TemplateFile, derivation: SeriesDerivation): EncodedElement {
  const earlier = rawText(template, TAG.derivationDescription) ?? "";
  const both = `${earlier}; ${derivation.description}`;
  const fits = earlier !== "" && isAscii(earlier) && both.length <= MAX_ST;
  return textElement(TAG.derivationDescription, "ST", fits ? both : derivation.description);
}

/** Undefined where the template's own text stays: it is not ASCII, or there is no room. */
function seriesDescription(template: TemplateFile, derivation: SeriesDerivation, options: DicomWriteOptions): EncodedElement | undefined {
  if (options.seriesDescription !== undefined) return textElement(TAG.seriesDescription, "LO", options.seriesDescription);
  const kept = rawText(template, TAG.seriesDescription) ?? "";
  if (!isAscii(kept)) return undefined;
  const text = [derivation.label, "derived"].map((label) => (kept === "" ? label : `${kept} (${label})`)).find((candidate) => candidate.length <= MAX_LO);
  return text === undefined ? undefined : textElement(TAG.seriesDescription, "LO", text);
}

/** Undefined where the template has no number, or none that can grow. */
function seriesNumber(template: TemplateFile, options: DicomWriteOptions): EncodedElement | undefined {
  const text = rawText(template, TAG.seriesNumber) ?? "";
  const number = Number(text) + options.seriesNumberOffset;
  return /^[-+]?\d+$/.test(text) && Math.abs(number) <= MAX_IS ? textElement(TAG.seriesNumber, "IS", `${number}`) : undefined;
}

function sourcePurpose(explicitVr: boolean, encoded: EncodedOnce): EncodedElement {
  const items = (): Uint8Array => encodeItems([codeItem("121322", "DCM", "Source image for image processing operation")], explicitVr);
  return { tag: TAG.purposeOfReferenceCodeSequence, vr: "SQ", value: encoded.once(`purpose ${explicitVr}`, items) };
}

function equipmentItem(derivation: SeriesDerivation, time: JobTimes, explicitVr: boolean): EncodedElement[] {
  return [
    textElement(TAG.manufacturer, "LO", WRITER.manufacturer),
    textElement(TAG.manufacturerModelName, "LO", WRITER.model),
    textElement(TAG.softwareVersions, "LO", ...derivation.programs),
    textElement(TAG.contributionDateTime, "DT", time.dateTime),
    textElement(TAG.contributionDescription, "ST", derivation.description),
    sequenceElement(TAG.purposeOfReferenceCodeSequence, [codeItem("109102", "DCM", "Processing Equipment")], explicitVr),
  ];
}

/** Overlays that lay in the unused bits of Pixel Data (retired) have gone with these bits: their descriptions go too. */
function embeddedOverlays(template: TemplateFile): ElementEdit[] {
  const edits: ElementEdit[] = [];
  const { table } = template;
  for (let row = 0; row < table.count; row++) {
    const tag = table.tag[row] as number;
    const group = tag >>> 16;
    if (group > OVERLAY_GROUPS.last) break;
    if (group >= OVERLAY_GROUPS.first && !has(template, ((group << 16) | OVERLAY_DATA) >>> 0)) edits.push({ kind: "remove", tag });
  }
  return edits;
}

/** That of the template, unless a value of 16 bits takes the place of one of bytes (PS3.5 8.2); fragments are OB (A.4). */
function pixelDataVr(template: TemplateFile, { form: { format, declaredBy }, pixelBytes }: DerivedInstance): string {
  if (pixelBytes === UNDEFINED_LENGTH) return "OB";
  if (format.float === true) return format.bitsAllocated === 32 ? "OF" : "OD";
  if (template.wasEncapsulated || declaredBy !== "template") return format.bitsAllocated > 8 ? "OW" : "OB";
  const vr = template.table.vr[findElement(template.table, Tag.PixelData)] as number;
  return String.fromCharCode(vr >> 8, vr & 0xff);
}

interface JobTimes {
  /** DA. */
  readonly date: string;
  /** TM. */
  readonly time: string;
  /** DT with its offset from UTC. */
  readonly dateTime: string;
}

/** In the offset from UTC that the template states for all its times (0008,0201), else in the local time of this machine. */
function timesAt(jobTime: Date, statedOffset: string | undefined): JobTimes {
  const stated = /^([-+])(\d\d)(\d\d)$/.exec(statedOffset ?? "");
  const minutes = stated === null ? -jobTime.getTimezoneOffset() : Number(`${stated[1]}1`) * (Number(stated[2]) * 60 + Number(stated[3]));
  const text = new Date(jobTime.getTime() + minutes * 60_000).toISOString();
  const date = text.slice(0, 10).replaceAll("-", "");
  const time = `${text.slice(11, 19).replaceAll(":", "")}.${text.slice(20, 23)}`;
  const offset = `${minutes < 0 ? "-" : "+"}${twoDigits(Math.abs(minutes) / 60)}${twoDigits(Math.abs(minutes) % 60)}`;
  return { date, time, dateTime: `${date}${time}${offset}` };
}

function twoDigits(number: number): string {
  return `${Math.floor(number)}`.padStart(2, "0");
}

function has(template: TemplateFile, tag: number): boolean {
  return findElement(template.table, tag) >= 0;
}

function isAscii(text: string): boolean {
  return /^[\x20-\x5b\x5d-\x7e]*$/.test(text);
}
