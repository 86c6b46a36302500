import { isHilumError, type ImageSeries, type SeriesSpec } from "@hilum/core";
import { describe, expect, it } from "vitest";
import { asDicomSeries, type DicomInstance } from "../series/dicom-instance.ts";
import { frameRef, handBuiltSeries, SERIES_UID, withFrames } from "./hand-built-series.test-support.ts";
import { matchTemplate } from "./match-template.ts";

const { series: template } = handBuiltSeries({ phases: 2, slices: 2 });

/** The code of the error, or "none"; an error that names a UID is no answer. */
function codeOf(series: SeriesSpec, given: ImageSeries = template): string {
  try {
    matchTemplate(series, given);
    return "none";
  } catch (error) {
    if (!isHilumError(error) || error.message.includes(SERIES_UID)) throw error;
    return error.code;
  }
}

function matched(series: SeriesSpec): string[] {
  return matchTemplate(series, template).instances.map(({ sopInstanceUID }) => sopInstanceUID);
}

const withoutHashes = withFrames(template, (frame) => ({ ...frame, derivedFrom: [{ sopInstanceUIDHash: "", frameNumber: 1 }] }));

describe("matchTemplate", () => {
  it("finds instances by the hash of their SOP Instance UID, whatever their order", () => {
    const swapped = { ...template, frames: [2, 3, 0, 1].map((row) => template.frames[row] as (typeof template.frames)[number]) };
    expect(matched(swapped)).toEqual([3, 4, 1, 2].map((n) => `${SERIES_UID}.${n}`));
  });

  it("finds instances by place where the source kept no hashes", () => {
    expect(matched(withoutHashes)).toEqual([1, 2, 3, 4].map((n) => `${SERIES_UID}.${n}`));
  });

  it("takes a part of the template's instances by hash, and never by place", () => {
    expect(matched({ ...template, frames: template.frames.slice(2) })).toEqual([3, 4].map((n) => `${SERIES_UID}.${n}`));
    expect(codeOf({ ...withoutHashes, frames: withoutHashes.frames.slice(2) })).toBe("TEMPLATE_MISMATCH");
  });

  it("refuses instances that the template lacks", () => {
    expect(codeOf(withFrames(template, (frame, i) => (i === 1 ? { ...frame, derivedFrom: [frameRef("9.9")] } : frame)))).toBe("TEMPLATE_MISMATCH");
  });

  it("refuses two frames made from one instance", () => {
    expect(codeOf(withFrames(template, (frame) => ({ ...frame, derivedFrom: [frameRef(`${SERIES_UID}.1`)] })))).toBe("TEMPLATE_MISMATCH");
  });

  it.each([template, withoutHashes])("refuses frames that lie more than 0.01 mm from their instance", (series) => {
    const moved = (mm: number): SeriesSpec =>
      withFrames(series, (frame) => ({ ...frame, imagePosition: [frame.imagePosition[0], frame.imagePosition[1] + mm, frame.imagePosition[2]] }));
    expect(codeOf(moved(0.009))).toBe("none");
    expect(codeOf(moved(0.011))).toBe("TEMPLATE_MISMATCH");
    expect(codeOf(moved(Number.NaN))).toBe("TEMPLATE_MISMATCH");
  });

  it("refuses other rows or columns, orientation or pixel spacing", () => {
    const { geometry } = template.volume;
    const other = (change: Partial<typeof geometry>): SeriesSpec => ({ ...template, volume: { ...template.volume, geometry: { ...geometry, ...change } } });
    expect(codeOf(other({ size: [4, 3, 2] }))).toBe("TEMPLATE_MISMATCH");
    expect(codeOf(other({ size: [3, 4, 2] }))).toBe("TEMPLATE_MISMATCH");
    expect(codeOf(other({ spacing: [0.51, 0.5, 4] }))).toBe("TEMPLATE_MISMATCH");
    expect(codeOf(other({ direction: [[0, 1, 0], [1, 0, 0], [0, 0, 1]] }))).toBe("TEMPLATE_MISMATCH");
  });

  it("asks for a DICOM template where there is none", () => {
    expect(() => matchTemplate(template, undefined)).toThrow(expect.objectContaining({ code: "INVALID_JOB" }));
    // Entries have no symbols, and so not the mark of the DICOM reader.
    const foreign = Object.fromEntries(Object.entries(template)) as unknown as ImageSeries;
    expect(() => matchTemplate(template, foreign)).toThrow(expect.objectContaining({ code: "INVALID_JOB" }));
  });

  it.each<[string, Partial<DicomInstance>]>([
    ["UNSUPPORTED_TRANSFER_SYNTAX", { transferSyntaxUID: "1.2.840.10008.1.2.4.90" }],
    ["UNSUPPORTED_TRANSFER_SYNTAX", { transferSyntaxUID: "1.2.840.10008.1.2.2" }],
    ["UNSUPPORTED_WRITE", { modalityLut: { scale: 0, offset: 0 } }],
  ])("refuses with %s what it cannot write into", (code, change) => {
    const instances = template.instances.map((instance, i) => (i === 3 ? { ...instance, ...change } : instance));
    expect(codeOf(template, asDicomSeries({ ...template, instances }))).toBe(code);
  });

  it("refuses colour templates", () => {
    const instances = template.instances.map((instance) => ({ ...instance, pixel: { ...instance.pixel, samplesPerPixel: 3, photometricInterpretation: "RGB" } }));
    expect(codeOf(template, asDicomSeries({ ...template, instances }))).toBe("UNSUPPORTED_VOXEL_FORMAT");
  });
});
