import type { LinearMap } from "@hilum/core";
import { rawText } from "../scan/values.ts";
import { decimalString } from "./decimal-string.ts";
import { doubleElement, sequenceElement, shortElement, textElement, type EncodedElement } from "./encode-element.ts";
import { put, type ElementEdit } from "./splice.ts";
import type { StoredForm } from "./stored-form.ts";
import type { TemplateFile } from "./template-file.ts";
import { contradictingWindows } from "./windows.ts";

const TAG = Object.freeze({
  codeValue: 0x00080100,
  codingSchemeDesignator: 0x00080102,
  codeMeaning: 0x00080104,
  bitsAllocated: 0x00280100,
  bitsStored: 0x00280101,
  highBit: 0x00280102,
  pixelRepresentation: 0x00280103,
  pixelPaddingValue: 0x00280120,
  pixelPaddingRangeLimit: 0x00280121,
  windowCenter: 0x00281050,
  windowWidth: 0x00281051,
  rescaleIntercept: 0x00281052,
  rescaleSlope: 0x00281053,
  rescaleType: 0x00281054,
  windowExplanation: 0x00281055,
  voiLutFunction: 0x00281056,
  lutExplanation: 0x00283003,
  voiLutSequence: 0x00283010,
  measurementUnitsCodeSequence: 0x004008ea,
  realWorldValueMappingSequence: 0x00409096,
  lutLabel: 0x00409210,
  realWorldValueLastValueMapped: 0x00409211,
  realWorldValueFirstValueMapped: 0x00409216,
  realWorldValueIntercept: 0x00409224,
  realWorldValueSlope: 0x00409225,
});

const WINDOW_TAGS = [TAG.windowCenter, TAG.windowWidth, TAG.windowExplanation];

/** What an instance says of its stored values where they are not the template's. */
export function fittedFormEdits(template: TemplateFile, form: StoredForm, masked: boolean): ElementEdit[] {
  const { bitsAllocated, bitsStored, highBit, signed, modalityLut } = form.format;
  const padding = masked ? form.padding : undefined;
  return [
    put(shortElement(TAG.bitsAllocated, "US", bitsAllocated)),
    put(shortElement(TAG.bitsStored, "US", bitsStored)),
    put(shortElement(TAG.highBit, "US", highBit)),
    put(shortElement(TAG.pixelRepresentation, "US", signed ? 1 : 0)),
    // The template's value would be an image value now.
    padding === undefined ? remove(TAG.pixelPaddingValue) : put(shortElement(TAG.pixelPaddingValue, signed ? "SS" : "US", padding)),
    remove(TAG.pixelPaddingRangeLimit),
    ...(form.declaredBy === "rescale" ? rescaleEdits(modalityLut) : realWorldEdits(template, form)),
  ];
}

/** Windows stay: they are of real values, and these are as they were. Mappings of the template's stored values are stale. */
function rescaleEdits({ scale, offset }: LinearMap): ElementEdit[] {
  return [
    put(textElement(TAG.rescaleIntercept, "DS", decimalString(offset))),
    put(textElement(TAG.rescaleSlope, "DS", decimalString(scale))),
    remove(TAG.realWorldValueMappingSequence),
  ];
}

/** The Real World Value Mapping of the whole range of stored values (PS3.3 C.7.6.16.2.11), unit 1: MR signal has no other. */
function realWorldEdits(template: TemplateFile, { format, padding }: StoredForm): ElementEdit[] {
  const { explicitVr } = template;
  const { bitsStored, modalityLut } = format;
  const item: EncodedElement[] = [
    textElement(TAG.lutExplanation, "LO", "Real value of the stored value"),
    sequenceElement(
      TAG.measurementUnitsCodeSequence,
      [[textElement(TAG.codeValue, "SH", "1"), textElement(TAG.codingSchemeDesignator, "SH", "UCUM"), textElement(TAG.codeMeaning, "LO", "no units")]],
      explicitVr,
    ),
    textElement(TAG.lutLabel, "SH", "HILUM"),
    shortElement(TAG.realWorldValueLastValueMapped, "US", 2 ** bitsStored - 1),
    // Padding has no real value.
    shortElement(TAG.realWorldValueFirstValueMapped, "US", (padding ?? -1) + 1),
    doubleElement(TAG.realWorldValueIntercept, modalityLut.offset),
    doubleElement(TAG.realWorldValueSlope, modalityLut.scale),
  ];
  return [
    remove(TAG.rescaleIntercept),
    remove(TAG.rescaleSlope),
    remove(TAG.rescaleType),
    remove(TAG.voiLutSequence),
    ...storedWindow(template, modalityLut),
    put(sequenceElement(TAG.realWorldValueMappingSequence, [item], explicitVr)),
  ];
}

/**
 * Without a Rescale Slope windows are of stored values: the same shades for the same real values (PS3.3 C.11.2.1.2: LINEAR
 * runs from centre − 0.5 − (width − 1)/2; LINEAR_EXACT and SIGMOID know no such halves). Windows that cannot be read go.
 */
function storedWindow(template: TemplateFile, { scale, offset }: LinearMap): ElementEdit[] {
  const centers = decimalsIn(rawText(template, TAG.windowCenter));
  const widths = decimalsIn(rawText(template, TAG.windowWidth));
  if (contradictingWindows(template).length === WINDOW_TAGS.length) return [];
  if (centers === undefined || widths === undefined) return WINDOW_TAGS.map(remove);
  const half = /^(?:LINEAR_EXACT|SIGMOID)$/.test(rawText(template, TAG.voiLutFunction) ?? "") ? 0 : 0.5;
  return [
    put(textElement(TAG.windowCenter, "DS", ...centers.map((center) => decimalString((center - half - offset) / scale + half)))),
    put(textElement(TAG.windowWidth, "DS", ...widths.map((width) => decimalString((width - 2 * half) / scale + 2 * half)))),
  ];
}

function decimalsIn(text: string | undefined): readonly number[] | undefined {
  const values = text?.split("\\").map((value) => Number(value.trim() === "" ? Number.NaN : value));
  return values?.every(Number.isFinite) === true ? values : undefined;
}

function remove(tag: number): ElementEdit {
  return { kind: "remove", tag };
}
