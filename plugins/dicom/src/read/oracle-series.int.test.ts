import { createHash } from "node:crypto";
import { basename } from "node:path";
import { affineLps, slabOver, sliceLengthOf, type ImageSeries } from "@hilum/core";
import { codecContext } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import type { DicomInstance, DicomSeries } from "../series/dicom-instance.ts";
import { dicomReader } from "./dicom-reader.ts";
import { oracle, orSkipped, sharedDataPresent, sharedSource } from "../scan/shared-data.test-support.ts";

/** The part of the oracle that is compared. */
interface OracleSeries {
  readonly path: string;
  readonly seriesInstanceUID: string;
  readonly affineLPS: readonly (readonly number[])[];
  readonly spacing: { readonly x: number; readonly y: number; readonly z: number };
  readonly sliceGaps: readonly number[];
  readonly shearDegrees: number;
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

/** Series that the oracle marks as irregular, and how the refusal names it. No other series is refused. */
const IRREGULAR: Readonly<Record<string, { readonly code: string; readonly details: object }>> = {
  "geometry/ct-gantry-tilt-variable-spacing": { code: "IRREGULAR_GEOMETRY", details: { kind: "uneven spacing", unevenGaps: 6, slices: 20 } },
  "geometry/duplicate-slice": { code: "IRREGULAR_GEOMETRY", details: { kind: "duplicate position", wrongPositions: 1, positions: 6, images: 7 } },
  "geometry/missing-slice-ct": { code: "IRREGULAR_GEOMETRY", details: { kind: "missing slice", missingSlices: 1, slices: 4 } },
  "geometry/missing-slice-tilted-ct": { code: "IRREGULAR_GEOMETRY", details: { kind: "missing slice", missingSlices: 1, slices: 4 } },
  "geometry/no-geometry-tags": { code: "MISSING_ATTRIBUTE", details: { tag: "(0020,0032)" } },
  "geometry/enhanced-mr-10-frames": { code: "MISSING_ATTRIBUTE", details: {} },
};

/** Readable, but the oracle gives no volume to compare with: what the reader must make of them is said here. */
const WITHOUT_VOLUMES: Readonly<Record<string, { readonly shapes: readonly (readonly number[])[]; readonly why: string }>> = {
  "geometry/duplicate-file-same-uid": { shapes: [[1, 6, 64, 64]], why: "6 slices after the copy is removed" },
  "geometry/mixed-orientations-one-series": { shapes: [[1, 2, 288, 288], [1, 2, 288, 288]], why: "two orientations are two stacks" },
};

async function open(path: string): Promise<readonly ImageSeries[]> {
  return dicomReader.open(sharedSource(path), {}, codecContext());
}

function shapeOf(series: ImageSeries): readonly number[] {
  const [columns, rows, slices] = series.volume.geometry.size;
  return [series.phases.length, slices, rows, columns];
}

/** An image as the oracle names it: its file, and its frame or tile from 0 where the file holds several. */
function nameOf({ file, frameNumber, pixel, region, size }: DicomInstance): string {
  const name = basename(file.name);
  if (region !== undefined) return `${name}#${(region.top / size[1]) * (pixel.columns / size[0]) + region.left / size[0]}`;
  return pixel.frames > 1 ? `${name}#${frameNumber - 1}` : name;
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
    const known = new Set([...Object.keys(IRREGULAR), ...Object.keys(WITHOUT_VOLUMES)]);
    const compared = series.filter(({ path }) => !known.has(path));
    expect(series).toHaveLength(53);
    expect(compared.every(({ shape }) => shape !== undefined)).toBe(true);
    expect(compared).toHaveLength(53 - known.size);
  });

  test.each(Object.entries(IRREGULAR))("refuses %s and says why", async (path, { code, details }) => {
    await expect(open(path)).rejects.toMatchObject({ code, details });
  });

  test.each(Object.entries(WITHOUT_VOLUMES))("assembles %s", async (path, { shapes }) => {
    expect((await open(path)).map(shapeOf)).toEqual(shapes);
  });

  test.each(series.filter(({ path }) => !(path in IRREGULAR) && !(path in WITHOUT_VOLUMES)).map((entry) => [entry.path, entry] as const))(
    "reads %s as the oracle does",
    async (path, expected) => {
      const found = (await open(path)).find((candidate) => candidate.metadata.seriesInstanceUID === expected.seriesInstanceUID);
      if (found === undefined) throw new Error("the series was not found");
      expect(shapeOf(found)).toEqual(expected.shape.value);
      // The oracle's normals are not of unit length, so that its arc cosines near 0 say up to 0.05; its gaps have five digits.
      const assembly = found.assembly as { readonly slicePositionsMm: readonly number[]; readonly tiltDegrees: number };
      if (expected.shearDegrees < 0.05) expect(assembly.tiltDegrees).toBeLessThan(0.05);
      else expect(Math.abs(assembly.tiltDegrees - expected.shearDegrees)).toBeLessThan(0.01);
      const gaps = assembly.slicePositionsMm.slice(1).map((position, k) => position - (assembly.slicePositionsMm[k] as number));
      expect(gaps.map((gap, k) => Math.abs(gap - (expected.sliceGaps[k] as number)) < 1e-5)).toEqual(expected.sliceGaps.map(() => true));
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
          const names = (found as DicomSeries).instances.slice(phase * slices, (phase + 1) * slices).map(nameOf);
          expect(names).toEqual(volume.sliceOrder);
        }
      }
    },
  );
});
