import { createHash } from "node:crypto";
import { basename } from "node:path";
import { affineLps, isHilumError, slabOver, sliceLengthOf, type ImageSeries } from "@hilum/core";
import { codecContext } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import type { DicomSeries } from "../series/dicom-instance.ts";
import { dicomReader } from "./dicom-reader.ts";
import { oracle, orSkipped, sharedDataPresent, sharedSource } from "../scan/shared-data.test-support.ts";

/** The part of the oracle that is compared. */
interface OracleSeries {
  readonly path: string;
  readonly seriesInstanceUID: string;
  readonly affineLPS: readonly (readonly number[])[];
  readonly spacing: { readonly x: number; readonly y: number; readonly z: number };
  readonly shape: { readonly value: readonly number[] };
  readonly perVolume: readonly {
    readonly min: number;
    readonly max: number;
    readonly mean: number;
    readonly storedSha256: string;
    readonly storedDtype: string;
    readonly sliceOrder?: readonly string[];
  }[];
}

/** Series that the reader refuses, with the code it gives and the reason. */
const REFUSED: Readonly<Record<string, readonly [code: string, why: string]>> = {
  "geometry/agfa-renamed-private-xa": ["UNSUPPORTED_VOXEL_FORMAT", "enhanced multi-frame"],
  "geometry/compressed-series-j2k": ["UNSUPPORTED_TRANSFER_SYNTAX", "JPEG 2000"],
  "geometry/compressed-series-jpeg-lossless": ["UNSUPPORTED_TRANSFER_SYNTAX", "JPEG lossless"],
  "geometry/compressed-series-jpegls": ["UNSUPPORTED_TRANSFER_SYNTAX", "JPEG-LS"],
  "geometry/compressed-series-rle": ["UNSUPPORTED_TRANSFER_SYNTAX", "RLE"],
  "geometry/ct-gantry-tilt-philips": ["IRREGULAR_GEOMETRY", "gantry tilt"],
  "geometry/ct-gantry-tilt-variable-spacing": ["IRREGULAR_GEOMETRY", "gantry tilt and uneven spacing"],
  "geometry/duplicate-slice": ["IRREGULAR_GEOMETRY", "one position holds two instances"],
  "geometry/enhanced-ct-2-frames": ["UNSUPPORTED_VOXEL_FORMAT", "enhanced multi-frame"],
  "geometry/enhanced-mr-10-frames": ["UNSUPPORTED_VOXEL_FORMAT", "enhanced multi-frame"],
  "geometry/enhanced-philips-dwi": ["UNSUPPORTED_VOXEL_FORMAT", "enhanced multi-frame"],
  "geometry/enhanced-philips-fmri": ["UNSUPPORTED_VOXEL_FORMAT", "enhanced multi-frame"],
  "geometry/enhanced-philips-t1": ["UNSUPPORTED_VOXEL_FORMAT", "enhanced multi-frame"],
  "geometry/enhanced-siemens": ["UNSUPPORTED_VOXEL_FORMAT", "enhanced multi-frame"],
  "geometry/enhanced-siemens-xa30-14_DWI_dir80_PA": ["UNSUPPORTED_VOXEL_FORMAT", "enhanced multi-frame, colour"],
  "geometry/enhanced-siemens-xa30-5_anat-T1w_acq-tfl": ["UNSUPPORTED_VOXEL_FORMAT", "enhanced multi-frame"],
  "geometry/enhanced-siemens-xa30-8_gre_field_mapping": ["UNSUPPORTED_VOXEL_FORMAT", "enhanced multi-frame"],
  "geometry/enhanced-siemens-xa30-dwi": ["UNSUPPORTED_VOXEL_FORMAT", "enhanced multi-frame"],
  "geometry/missing-slice-ct": ["IRREGULAR_GEOMETRY", "a slice is missing"],
  "geometry/missing-slice-tilted-ct": ["IRREGULAR_GEOMETRY", "a slice is missing, tilt"],
  "geometry/mosaic-ep2d_Asc_2": ["UNSUPPORTED_VOXEL_FORMAT", "Siemens mosaic"],
  "geometry/mosaic-ep2d_Asc_HF_10": ["UNSUPPORTED_VOXEL_FORMAT", "Siemens mosaic"],
  "geometry/multiframe-hyperfine": ["UNSUPPORTED_VOXEL_FORMAT", "multi-frame"],
  "geometry/no-geometry-tags": ["MISSING_ATTRIBUTE", "no position, orientation or spacing"],
  "geometry/rgb-j2k-series": ["UNSUPPORTED_TRANSFER_SYNTAX", "JPEG 2000"],
};

/** Readable, but the oracle gives no volume to compare with: what the reader must make of them is said here. */
const WITHOUT_VOLUMES: Readonly<Record<string, { readonly shapes: readonly (readonly number[])[]; readonly why: string }>> = {
  "geometry/duplicate-file-same-uid": { shapes: [[1, 6, 64, 64]], why: "6 slices after the copy is removed" },
  "geometry/mixed-orientations-one-series": { shapes: [[1, 2, 288, 288], [1, 2, 288, 288]], why: "two orientations are two stacks" },
};

async function open(path: string): Promise<readonly ImageSeries[]> {
  return dicomReader.open(sharedSource(path), { padding: "auto" }, codecContext());
}

function shapeOf(series: ImageSeries): readonly number[] {
  const [columns, rows, slices] = series.volume.geometry.size;
  return [series.phases.length, slices, rows, columns];
}

/** The real values of one phase, and the stored values that they came from. */
async function readPhase(series: ImageSeries, phase: number): Promise<{ readonly voxels: Float32Array; readonly stored: Uint8Array }> {
  const slices = series.volume.geometry.size[2];
  const sliceLength = sliceLengthOf(series.volume);
  const voxels = new Float32Array(slices * sliceLength);
  const mask = series.volume.masked ? new Uint8Array(voxels.length) : undefined;
  await series.read(slabOver({ phase, start: 0, count: slices, sliceLength }, voxels, mask));
  const narrow = series.volume.voxel.componentType.endsWith("int8") ? new Uint8Array(voxels.length) : new Int16Array(voxels.length);
  for (let k = 0; k < slices; k++) {
    const { scale, offset } = series.frames[phase * slices + k]?.modalityLut ?? { scale: 1, offset: 0 };
    for (let i = k * sliceLength; i < (k + 1) * sliceLength; i++) narrow[i] = Math.round(((voxels[i] as number) - offset) / scale);
  }
  return { voxels, stored: new Uint8Array(narrow.buffer) };
}

describe.skipIf(!sharedDataPresent)(`the series of the shared oracle${orSkipped}`, () => {
  const series = oracle<OracleSeries>("series");

  test("accounts for every series of the oracle", () => {
    const known = new Set([...Object.keys(REFUSED), ...Object.keys(WITHOUT_VOLUMES)]);
    const compared = series.filter(({ path }) => !known.has(path));
    expect(series).toHaveLength(53);
    expect(compared.every(({ shape }) => shape !== undefined)).toBe(true);
    expect(compared).toHaveLength(53 - known.size);
  });

  test.each(Object.entries(REFUSED))("refuses %s by name", async (path, [code]) => {
    const error: unknown = await open(path).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(isHilumError(error) ? error.code : error).toBe(code);
  });

  test.each(Object.entries(WITHOUT_VOLUMES))("assembles %s", async (path, { shapes }) => {
    expect((await open(path)).map(shapeOf)).toEqual(shapes);
  });

  test.each(series.filter(({ path }) => !(path in REFUSED) && !(path in WITHOUT_VOLUMES)).map((entry) => [entry.path, entry] as const))(
    "reads %s as the oracle does",
    async (path, expected) => {
      const found = (await open(path)).find((candidate) => candidate.metadata.seriesInstanceUID === expected.seriesInstanceUID);
      if (found === undefined) throw new Error("the series was not found");
      expect(shapeOf(found)).toEqual(expected.shape.value);
      const { spacing } = found.volume.geometry;
      expect(spacing[0]).toBeCloseTo(expected.spacing.x, 5);
      expect(spacing[1]).toBeCloseTo(expected.spacing.y, 5);
      // The mean distance of the planes; the oracle rounds it to six digits.
      expect(spacing[2]).toBeCloseTo(expected.spacing.z, 5);
      affineLps(found.volume.geometry).forEach((row, r) =>
        row.forEach((value, c) => expect(value, `affine[${r}][${c}]`).toBeCloseTo(expected.affineLPS[r]?.[c] as number, 4)),
      );
      for (const [phase, volume] of expected.perVolume.entries()) {
        const { voxels, stored } = await readPhase(found, phase);
        expect(createHash("sha256").update(stored).digest("hex"), `stored values of volume ${phase}`).toBe(volume.storedSha256);
        let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
        for (const voxel of voxels) {
          min = Math.min(min, voxel);
          max = Math.max(max, voxel);
          sum += voxel;
        }
        const relative = (value: number): number => Math.max(Math.abs(value) * 1e-6, 1e-9);
        expect(Math.abs(min - volume.min)).toBeLessThanOrEqual(relative(volume.min));
        expect(Math.abs(max - volume.max)).toBeLessThanOrEqual(relative(volume.max));
        expect(Math.abs(sum / voxels.length - volume.mean)).toBeLessThanOrEqual(relative(volume.mean) * 2);
        if (volume.sliceOrder !== undefined) {
          const slices = found.volume.geometry.size[2];
          const names = (found as DicomSeries).instances.slice(phase * slices, (phase + 1) * slices).map(({ file }) => basename(file.name));
          expect(names).toEqual(volume.sliceOrder);
        }
      }
    },
  );
});
