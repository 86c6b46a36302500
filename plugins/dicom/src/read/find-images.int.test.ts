import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { dot } from "@hilum/core";
import { codecContext } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import type { ImageHeader } from "../series/image-header.ts";
import { normalOf } from "../series/read-image-header.ts";
import { oracle, orSkipped, sharedDataPresent, sharedPath, sharedSource } from "../scan/shared-data.test-support.ts";
import { findImages } from "./find-images.ts";

const PYTHON = "/usr/bin/python3";
const reason = sharedDataPresent ? (existsSync(PYTHON) ? "" : " (skipped: no Debian Python with pydicom)") : " (skipped: ../shared/data is not there)";

async function imagesOf(path: string): Promise<readonly ImageHeader[]> {
  return (await findImages(sharedSource(path), "auto", codecContext())).images;
}

/** What pydicom finds in the functional groups of one frame. */
interface PydicomFrame {
  readonly position: readonly number[];
  readonly orientation: readonly number[];
  readonly spacing: readonly number[];
  readonly slope: number;
  readonly intercept: number;
  readonly echoTime?: number;
  readonly bValue?: number;
  readonly gradient?: readonly number[];
  readonly stack?: string;
  readonly dimensions?: readonly number[];
  readonly temporal?: number;
  readonly acquisition?: number;
  readonly seconds?: number;
  readonly type?: string;
  readonly center?: number;
  readonly thickness?: number;
}

const SCRIPT = String.raw`
import json, sys, warnings, pydicom
from pydicom.valuerep import DT
warnings.simplefilter("ignore")
def frame(ds, k):
    own = ds.PerFrameFunctionalGroupsSequence[k]
    shared = ds.SharedFunctionalGroupsSequence[0] if len(ds.get("SharedFunctionalGroupsSequence", [])) else pydicom.Dataset()
    def get(group, keyword, top=True):
        for holder in (own, shared):
            if group in holder and len(holder[group].value):
                return holder[group].value[0].get(keyword)
        return ds.get(keyword) if top else None
    nums = lambda v: None if v is None else [float(x) for x in v]
    num = lambda v: None if v is None else float(v[0] if isinstance(v, pydicom.multival.MultiValue) else v)
    directions = get("MRDiffusionSequence", "DiffusionGradientDirectionSequence", False)
    when = get("FrameContentSequence", "FrameAcquisitionDateTime", False)
    dims = get("FrameContentSequence", "DimensionIndexValues", False)
    dims = None if dims is None else [int(x) for x in ([dims] if isinstance(dims, int) else dims)]
    pointers = [int(i.DimensionIndexPointer) for i in ds.get("DimensionIndexSequence", [])]
    types = [(get(s, "FrameType", False), get(s, "ComplexImageComponent", False)) for s in
             ("MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence", "ParametricMapFrameTypeSequence")]
    types = [(t, c) for t, c in types if t is not None]
    when = None if when is None else str(when)
    return dict(
        position=nums(get("PlanePositionSequence", "ImagePositionPatient")),
        orientation=nums(get("PlaneOrientationSequence", "ImageOrientationPatient")),
        spacing=nums(get("PixelMeasuresSequence", "PixelSpacing")),
        thickness=num(get("PixelMeasuresSequence", "SliceThickness")),
        slope=num(get("PixelValueTransformationSequence", "RescaleSlope")),
        intercept=num(get("PixelValueTransformationSequence", "RescaleIntercept")),
        center=num(get("FrameVOILUTSequence", "WindowCenter")),
        echoTime=num(get("MREchoSequence", "EffectiveEchoTime", False)),
        bValue=num(get("MRDiffusionSequence", "DiffusionBValue", False)),
        gradient=nums(directions[0].DiffusionGradientOrientation) if directions else None,
        stack=get("FrameContentSequence", "StackID", False),
        temporal=num(get("FrameContentSequence", "TemporalPositionIndex", False)),
        acquisition=num(get("FrameContentSequence", "FrameAcquisitionNumber", False)),
        seconds=None if when is None else int(when[8:10]) * 3600 + int(when[10:12]) * 60 + float(when[12:].split("+")[0]),
        dimensions=None if dims is None or len(dims) != len(pointers) else [v for v, p in zip(dims, pointers) if p not in (0x00209057, 0x00200032)],
        type="\\".join(list(types[0][0]) + ([types[0][1]] if types[0][1] else [])) if types else None)
for path in sys.stdin.read().splitlines():
    ds = pydicom.dcmread(path, stop_before_pixels=True)
    print(json.dumps([{k: v for k, v in frame(ds, n).items() if v is not None} for n in range(int(ds.get("NumberOfFrames", 1)))]))
`;

/** Every instance of the shared data with functional groups that is an image. */
const ENHANCED = [
  "geometry/enhanced-ct-2-frames",
  "geometry/enhanced-philips-dwi",
  "geometry/enhanced-philips-fmri",
  "geometry/enhanced-philips-t1",
  "geometry/enhanced-siemens",
  "geometry/enhanced-siemens-xa30-14_DWI_dir80_PA",
  "geometry/enhanced-siemens-xa30-5_anat-T1w_acq-tfl",
  "geometry/enhanced-siemens-xa30-8_gre_field_mapping",
  "geometry/enhanced-siemens-xa30-dwi",
  "geometry/agfa-renamed-private-xa",
  "geometry/multiframe-hyperfine",
  "transfer-syntaxes/pydicom/parametric_map_float.dcm",
  "transfer-syntaxes/pydicom/parametric_map_double_float.dcm",
];

describe.skipIf(reason !== "")(`pydicom finds the same in the functional groups${reason}`, () => {
  test.each(ENHANCED)("of every frame of %s", async (path) => {
    const source = sharedSource(path);
    const found = await imagesOf(path);
    const paths = source.files.map(({ name }) => (source.files.length === 1 && path.endsWith(".dcm") ? sharedPath(path) : sharedPath(`${path}/${name}`)));
    const answers = execFileSync(PYTHON, ["-c", SCRIPT], { input: paths.join("\n"), maxBuffer: 2 ** 28, encoding: "utf8" }).trim().split("\n");
    const expected = answers.flatMap((answer) => JSON.parse(answer) as PydicomFrame[]);
    expect(found).toHaveLength(expected.length);
    for (const [index, frame] of expected.entries()) {
      const image = found[index] as ImageHeader;
      const where = `frame ${index}`;
      expect(image.imagePosition, where).toEqual(frame.position);
      [...image.rowDirection, ...image.columnDirection].forEach((cosine, c) => expect(cosine, where).toBeCloseTo(frame.orientation[c] as number, 4));
      expect([image.spacing[1], image.spacing[0]], where).toEqual(frame.spacing);
      expect(image.sliceThickness, where).toBe(frame.thickness);
      expect(image.modalityLut, where).toEqual({ scale: frame.slope ?? 1, offset: frame.intercept ?? 0 });
      expect(image.windowCenter, where).toBe(frame.center);
      if (frame.echoTime !== undefined) expect(image.echoTimeMs, where).toBe(frame.echoTime);
      expect(image.bValue, where).toBe(frame.bValue);
      if (frame.gradient !== undefined) expect(image.diffusionDirection?.split(" ").map(Number), where).toEqual(frame.gradient.map((cosine) => cosine + 0));
      expect(image.stackId, where).toBe(frame.stack);
      expect(image.dimensionIndexValues, where).toEqual(frame.dimensions);
      expect(image.temporalPosition, where).toBe(frame.temporal);
      expect(image.acquisitionNumber, where).toBe(frame.acquisition);
      if (frame.seconds !== undefined) expect(image.acquired.seconds, where).toBeCloseTo(frame.seconds, 6);
      if (frame.type !== undefined) expect(image.imageType, where).toBe(frame.type);
      expect(image.unreadable, where).toEqual([]);
    }
    expect(found.map(({ frameNumber }) => frameNumber)).toEqual(answers.flatMap((answer) => (JSON.parse(answer) as unknown[]).map((_, frame) => frame + 1)));
  }, 60_000);
});

interface OracleSeries {
  readonly path: string;
  readonly affineLPS: readonly (readonly number[])[];
  readonly perVolume: readonly { readonly sliceOrder?: readonly string[] }[];
}

/** The tile of a mosaic, counted row by row, or else the frame; both from 0. */
function indexOf({ region, size, pixel, frameNumber }: ImageHeader): number {
  return region === undefined ? frameNumber - 1 : (region.top / size[1]) * (pixel.columns / size[0]) + region.left / size[0];
}

describe.skipIf(!sharedDataPresent)(`frames lie where the oracle says${orSkipped}`, () => {
  const series = oracle<OracleSeries>("series").filter(({ path }) => /mosaic|multiframe|enhanced|agfa/.test(path) && !path.endsWith("enhanced-mr-10-frames"));

  test("in 13 series", () => {
    expect(series).toHaveLength(13);
  });

  test.each(series.map((entry) => [entry.path, entry] as const))("in %s", async (path, { affineLPS, perVolume }) => {
    const found = await imagesOf(path);
    const [volume] = perVolume;
    const order = volume?.sliceOrder ?? [];
    expect(order.length).toBeGreaterThan(1);
    const byName = new Map(found.map((image) => [`${basename(image.file.name)}#${indexOf(image)}`, image]));
    const slices = order.map((name) => byName.get(name) as ImageHeader);
    slices.forEach((image, k) => {
      expect(image, `slice ${k}`).toBeDefined();
      for (let axis = 0; axis < 3; axis++) {
        const [i, j, step, origin] = affineLPS[axis] as [number, number, number, number];
        // The oracle's step is the mean of all, and slices may lie a little off it.
        expect(Math.abs((image.imagePosition[axis] as number) - (origin + step * k)), `slice ${k}, axis ${axis}`).toBeLessThan(0.01);
        expect((image.rowDirection[axis] as number) * image.spacing[0]).toBeCloseTo(i, 4);
        expect((image.columnDirection[axis] as number) * image.spacing[1]).toBeCloseTo(j, 4);
      }
    });
    const normal = normalOf(slices[0] as ImageHeader);
    const positions = slices.map((image) => dot(image.imagePosition, normal));
    expect(positions.every((position, k) => k === 0 || position > (positions[k - 1] as number))).toBe(true);
  });

  test("and mosaics are cut into tiles of 64 × 64, 36 of each", async () => {
    const found = await imagesOf("geometry/mosaic-ep2d_Asc_2");
    expect(found).toHaveLength(4 * 36);
    expect(new Set(found.map(({ size }) => size.join()))).toEqual(new Set(["64,64"]));
    expect(found.slice(0, 36).map(({ region }) => [region?.left, region?.top])).toEqual(Array.from({ length: 36 }, (_, t) => [(t % 6) * 64, Math.floor(t / 6) * 64]));
  });
});

describe.skipIf(!sharedDataPresent)(`images without a position${orSkipped}`, () => {
  test.each(["geometry/no-geometry-tags", "geometry/enhanced-mr-10-frames", "transfer-syntaxes/barre/MR_Explicit_Little_MultiFrame.dcm"])(
    "are refused where their class must have one: %s",
    async (path) => {
      await expect(imagesOf(path)).rejects.toMatchObject({ code: "MISSING_ATTRIBUTE", details: { tag: "(0020,0032)" } });
    },
  );

  test.each([
    ["transfer-syntaxes/pydicom/SC_rgb_2frame.dcm", 2],
    ["transfer-syntaxes/pydicom/OBXXXX1A.dcm", 1],
    ["transfer-syntaxes/pydicom/JPEG2000.dcm", 1],
  ])("have none where their class needs none: %s", async (path, frames) => {
    const found = await imagesOf(path);
    expect(found.map(({ placedBy, frameNumber }) => [placedBy, frameNumber])).toEqual(Array.from({ length: frames }, (_, k) => ["none", k + 1]));
  });

  test("but frames of a dose lie at the offsets that it tells", async () => {
    const found = await imagesOf("transfer-syntaxes/pydicom/rtdose.dcm");
    // Grid Frame Offset Vector of the file: 0, 5 … 70, as dcmdump prints it.
    expect(found.map(({ imagePosition }) => imagePosition[2] - (found[0]?.imagePosition[2] as number))).toEqual(Array.from({ length: 15 }, (_, k) => k * 5));
  });
});
