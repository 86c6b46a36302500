import { isHilumError, type Frame, type ImageSeries, type SeriesSpec } from "@hilum/core";
import { describe, expect, it } from "vitest";
import { asDicomSeries, type DicomInstance, type DicomSeries } from "../series/dicom-instance.ts";
import { frameRef, handBuiltSeries, SERIES_UID, withFrames } from "./hand-built-series.test-support.ts";
import { matchTemplate } from "./match-template.ts";

const { series: template } = handBuiltSeries({ phases: 2, slices: 2 });

/** The code of the error, or "none"; an error that names a UID is no answer. */
function codeOf(series: SeriesSpec, given: ImageSeries = template): string {
  try {
    matchTemplate(series, given, { rescale: "template-range" });
    return "none";
  } catch (error) {
    if (!isHilumError(error) || error.message.includes(SERIES_UID)) throw error;
    return error.code;
  }
}

function matched(series: SeriesSpec): string[] {
  return matchTemplate(series, template, { rescale: "template-range" }).outputs.map(({ frames: [frame] }) => frame.template.sopInstanceUID);
}

const ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1";

const withoutHashes = withFrames(template, (frame) => ({ ...frame, derivedFrom: [{ sopInstanceUIDHash: "", frameNumber: 1 }] }));

describe("matchTemplate", () => {
  it("finds instances by the hash of their SOP Instance UID, whatever their order", () => {
    const swapped = { ...template, frames: [2, 3, 0, 1].map((row) => template.frames[row] as (typeof template.frames)[number]) };
    expect(matched(swapped)).toEqual([3, 4, 1, 2].map((n) => `${SERIES_UID}.${n}`));
  });

  it("finds instances by place where the source kept no hashes", () => {
    expect(matched(withoutHashes)).toEqual([1, 2, 3, 4].map((n) => `${SERIES_UID}.${n}`));
  });

  it("refuses phases in another order where only their place tells the frames", () => {
    const phases = template.phases.toReversed();
    expect(codeOf({ ...withoutHashes, phases })).toBe("TEMPLATE_MISMATCH");
    expect(codeOf({ ...template, phases })).toBe("none");
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
    expect(() => matchTemplate(template, undefined, { rescale: "template-range" })).toThrow(expect.objectContaining({ code: "INVALID_JOB" }));
    // Entries have no symbols, and so not the mark of the DICOM reader.
    const foreign = Object.fromEntries(Object.entries(template)) as unknown as ImageSeries;
    expect(() => matchTemplate(template, foreign, { rescale: "template-range" })).toThrow(expect.objectContaining({ code: "INVALID_JOB" }));
  });

  const [{ pixel }] = template.instances as [DicomInstance];
  it.each<[string, string, Partial<DicomInstance>]>([
    ["UNSUPPORTED_WRITE", "a slope of zero", { modalityLut: { scale: 0, offset: 0 } }],
    ["UNSUPPORTED_WRITE", "colours that decoding changes", { pixel: { ...pixel, encapsulated: true, samplesPerPixel: 3, photometricInterpretation: "YBR_RCT" } }],
    ["UNSUPPORTED_WRITE", "colours that no native image has", { pixel: { ...pixel, samplesPerPixel: 3, photometricInterpretation: "YBR_RCT" } }],
    ["UNSUPPORTED_WRITE", "colours that decoding makes more of", { pixel: { ...pixel, encapsulated: true, samplesPerPixel: 3, photometricInterpretation: "YBR_FULL_422" } }],
    ["UNSUPPORTED_WRITE", "more frames than the series", { pixel: { ...pixel, frames: 2 } }],
    ["UNSUPPORTED_WRITE", "an enhanced instance that has more frames than the series", { sopClassUID: ENHANCED_MR, pixel: { ...pixel, frames: 2 } }],
    ["UNSUPPORTED_WRITE", "a Modality LUT Sequence that maps some values only", { modalityTable: { firstMapped: 0, values: Float64Array.of(1, 2) } }],
    ["UNSUPPORTED_VOXEL_FORMAT", "integers of 64 bits", { pixel: { ...pixel, bitsAllocated: 64, bitsStored: 64, highBit: 63 } }],
    ["UNSUPPORTED_VOXEL_FORMAT", "a High Bit below its Bits Stored", { pixel: { ...pixel, highBit: 3 } }],
  ])("refuses with %s a template with %s", (code, _what, change) => {
    const instances = template.instances.map((instance, i) => (i === 3 ? { ...instance, ...change } : instance));
    expect(codeOf(template, asDicomSeries({ ...template, instances }))).toBe(code);
  });

  it("takes each policy for the classes that PS3.3 has it for", () => {
    const storage = "1.2.840.10008.5.1.4.1.1.";
    const taken = (rest: string): string[] =>
      (["template-range", "full-range", "mr-rwvm"] as const).filter((policy) => {
        const instances = template.instances.map((instance) => ({ ...instance, sopClassUID: `${storage}${rest}` }));
        try {
          matchTemplate(template, asDicomSeries({ ...template, instances }), { rescale: policy });
          return true;
        } catch {
          return false;
        }
      });
    expect(taken("2")).toEqual(["template-range", "full-range"]);
    expect(taken("128")).toEqual(["template-range", "full-range"]);
    expect(taken("4")).toEqual(["template-range", "mr-rwvm"]);
    expect(taken("6.1")).toEqual(["template-range"]);
  });

  it.each<[string, Partial<DicomInstance["pixel"]>]>([
    ["colours", { samplesPerPixel: 3, photometricInterpretation: "RGB" }],
    ["indices of a palette", { photometricInterpretation: "PALETTE COLOR" }],
    ["frames without functional groups", { frames: 2 }],
  ])("gives no new stored form to %s", (_what, change) => {
    const instances = template.instances.map((instance) => ({ ...instance, sopClassUID: "1.2.840.10008.5.1.4.1.1.7", pixel: { ...pixel, ...change } }));
    expect(() => matchTemplate(template, asDicomSeries({ ...template, instances }), { rescale: "full-range" })).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED_WRITE", remedy: "choose template-range" }),
    );
  });

  it.each<[string, Partial<DicomInstance["pixel"]>]>([
    ["colours", { samplesPerPixel: 3, photometricInterpretation: "RGB" }],
    ["indices of a palette", { photometricInterpretation: "PALETTE COLOR" }],
    ["32 bits", { bitsAllocated: 32, bitsStored: 32, highBit: 31 }],
  ])("does not compress %s", (_what, change) => {
    const instances = template.instances.map((instance) => ({ ...instance, pixel: { ...pixel, ...change } }));
    expect(() => matchTemplate(template, asDicomSeries({ ...template, instances }), { rescale: "template-range", compress: "rle" })).toThrow(
      expect.objectContaining({ code: "UNSUPPORTED_WRITE", remedy: "write them uncompressed" }),
    );
  });

  it("leaves out frames that are derived from nothing: they stand for missing slices", () => {
    const [a, b, c, d] = template.frames;
    const missing = { ...a, derivedFrom: [] } as Frame;
    const padded = { ...template, frames: [a, missing, b, c, missing, d] as Frame[] };
    const { outputs } = matchTemplate(padded, asDicomSeries(padded as unknown as DicomSeries), { rescale: "template-range" });
    expect(outputs.map(({ frames: [{ row, template: instance }] }) => [row, instance.sopInstanceUID])).toEqual([[0, 1], [2, 2], [3, 3], [5, 4]].map(([row, n]) => [row, `${SERIES_UID}.${n}`]));
  });

  it("leaves a frame that is derived from nothing out only where the template lacks it", () => {
    expect(codeOf(withFrames(template, (frame, index) => (index === 1 ? { ...frame, derivedFrom: [] } : frame)))).toBe("TEMPLATE_MISMATCH");
  });
});
