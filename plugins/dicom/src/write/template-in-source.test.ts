import { codecContext, memorySource } from "@hilum/testing";
import { describe, expect, it } from "vitest";
import type { DicomSeries } from "../series/dicom-instance.ts";
import { handBuiltSeries, SERIES_UID, withFrames, type HandBuiltSeries } from "./hand-built-series.test-support.ts";
import { matchTemplate } from "./match-template.ts";
import { templateInSource } from "./template-in-source.ts";

const NEEDED = [
  { tag: 0x0020000d, vr: "UI", text: "1.2.3.4.0.1" },
  { tag: 0x00280030, vr: "DS", text: "0.5\\0.5" },
] as const;

const built = handBuiltSeries({ slices: 4, elements: NEEDED });
const other = handBuiltSeries({ elements: [...NEEDED, { tag: 0x0020000e, vr: "UI", text: "9.9" }], slices: 1 });

function sourceOf(...files: readonly Uint8Array[]) {
  return memorySource(files.map((bytes, index) => ({ name: `${index}`, bytes })), { kind: "directory" });
}

/** The series of the files, but for one that was missing when it was made: a slice of it was padded in. */
const padded = withFrames(built.series, (frame, index) => (index === 1 ? { ...frame, derivedFrom: [] } : frame));

function without(index: number, { files }: HandBuiltSeries = built): readonly Uint8Array[] {
  return files.filter((_, at) => at !== index);
}

describe("a template in a source", () => {
  it("is found by the instances that frames name, though a slice is missing", async () => {
    const template = (await templateInSource(padded, sourceOf(...without(1)), codecContext())) as DicomSeries;
    expect(matchTemplate(padded, template, { rescale: "template-range" }).outputs.map(({ frames: [{ row, template: { sopInstanceUID } }] }) => [row, sopInstanceUID])).toEqual([
      [0, `${SERIES_UID}.1`],
      [2, `${SERIES_UID}.3`],
      [3, `${SERIES_UID}.4`],
    ]);
  });

  it("is found among other series", async () => {
    const foreign = Buffer.from(other.files[0] as Uint8Array);
    // Its own SOP Instance UID; the file meta information need not agree with it to be read.
    foreign.write("9", foreign.lastIndexOf(`${SERIES_UID}.1`) + SERIES_UID.length + 1, "latin1");
    const template = (await templateInSource(built.series, sourceOf(foreign, ...built.files), codecContext())) as DicomSeries;
    expect(template.instances.map(({ sopInstanceUID }) => sopInstanceUID)).toEqual([1, 2, 3, 4].map((n) => `${SERIES_UID}.${n}`));
  });

  it("lacks no instance that a frame names", async () => {
    const template = await templateInSource(built.series, sourceOf(...without(1)), codecContext());
    expect(() => matchTemplate(built.series, template, { rescale: "template-range" })).toThrow(expect.objectContaining({ code: "TEMPLATE_MISMATCH", details: { frames: 4, found: 3 } }));
  });

  it("says where its instances lie now", async () => {
    const moved = handBuiltSeries({ slices: 4, elements: [...NEEDED, { tag: 0x00200032, vr: "DS", text: "1.5\\-2.5\\7" }] });
    const template = await templateInSource(built.series, sourceOf(...moved.files), codecContext());
    expect(() => matchTemplate(built.series, template, { rescale: "template-range" })).toThrow(expect.objectContaining({ code: "TEMPLATE_MISMATCH", details: { frames: 4, atOtherPositions: 4 } }));
  });

  it("of several patients is refused", async () => {
    const mixed = handBuiltSeries({ slices: 4, elements: [...NEEDED, { tag: 0x00100020, vr: "LO", text: "another" }] });
    await expect(templateInSource(built.series, sourceOf(mixed.files[0] as Uint8Array, ...without(0)), codecContext())).rejects.toMatchObject({ code: "MIXED_SERIES" });
  });

  it("is the one series of a source where frames name nothing", async () => {
    const nameless = withFrames(built.series, (frame) => ({ ...frame, derivedFrom: [] }));
    const template = (await templateInSource(nameless, sourceOf(...built.files), codecContext())) as DicomSeries;
    expect(template.instances).toHaveLength(4);
    await expect(templateInSource(nameless, sourceOf(...without(1)), codecContext())).rejects.toMatchObject({ code: "IRREGULAR_GEOMETRY", remedy: expect.stringContaining("--metadata safe") as string });
    const foreign = Buffer.from(other.files[0] as Uint8Array);
    foreign.write("9", foreign.lastIndexOf(`${SERIES_UID}.1`) + SERIES_UID.length + 1, "latin1");
    await expect(templateInSource(nameless, sourceOf(foreign, ...built.files), codecContext())).rejects.toMatchObject({ code: "AMBIGUOUS_INPUT" });
  });
});
