import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blurInSlabs, type TestVolume } from "./blur-in-slabs.test-support.ts";
import { BOUNDARY_MODES } from "./boundary.ts";

const PYTHON = "/usr/bin/python3";
const DATA = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
const hasPython = spawnSync(PYTHON, ["-c", "import scipy.ndimage, pydicom"]).status === 0;
const noPython = hasPython ? "" : " (skipped: no system Python with SciPy and pydicom)";
const noData = existsSync(join(DATA, "gaussian-oracle.json")) ? noPython : " (skipped: no shared data)";

// argv: directory with cases.json and <n>.in, <n>.mask; writes <n>.out, float64.
const SCIPY = `
import json, sys, numpy as np
from scipy.ndimage import gaussian_filter
folder = sys.argv[1]
for n, case in enumerate(json.load(open(f"{folder}/cases.json"))):
    x = np.fromfile(f"{folder}/{n}.in", "<f4").astype("f8").reshape(case["shape"])
    options = dict(sigma=case["sigma"] + [0], mode=case["mode"], truncate=case["truncate"])
    if case["radius"] is not None: options["radius"] = case["radius"] + [0]
    if case["masked"]:
        pad = np.fromfile(f"{folder}/{n}.mask", "u1").reshape(case["shape"][:3] + [1]) != 0
        sums = gaussian_filter(np.where(pad, 0, x), cval=case["cval"], **options)
        weights = gaussian_filter(np.broadcast_to(np.where(pad, 0.0, 1.0), x.shape), cval=1.0, **options)
        y = np.where(pad, x, sums / np.maximum(weights, 1e-300))
    else:
        y = gaussian_filter(x, cval=case["cval"], **options)
    y.astype("<f8").tofile(f"{folder}/{n}.out")
`;

// argv: directory of the series, file to write: phase 0 (lowest Instance Number at each position), ascending position, float32.
const FIRST_PHASE = `
import glob, sys, numpy as np, pydicom
planes = {}
for name in glob.glob(f"{sys.argv[1]}/*.dcm"):
    d = pydicom.dcmread(name)
    o = [float(v) for v in d.ImageOrientationPatient]
    at = round(float(np.dot(np.cross(o[:3], o[3:]), [float(v) for v in d.ImagePositionPatient])), 3)
    if at not in planes or d.InstanceNumber < planes[at].InstanceNumber: planes[at] = d
np.stack([planes[at].pixel_array for at in sorted(planes)]).astype("<f4").tofile(sys.argv[2])
`;

const folder = mkdtempSync(join(tmpdir(), "hilum-blur-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Case {
  readonly title: string;
  readonly volume: TestVolume;
  readonly config: {
    readonly sigma: readonly [number, number, number];
    readonly mode: string;
    readonly truncate?: number;
    readonly radius?: readonly [number, number, number];
    readonly constantValue?: number;
  };
}

const small = volumeOf([13, 9, 7], "unsigned");
const signed = volumeOf([13, 9, 7], "signed");
const colour = volumeOf([11, 6, 5], "signed", 3);
const thin = volumeOf([1, 4, 2], "unsigned");

const cases: readonly Case[] = [
  ...BOUNDARY_MODES.flatMap((mode): Case[] => [
    { title: `${mode}, another sigma on each axis`, volume: small, config: { sigma: [1.3, 0.6, 0.9], mode, constantValue: 0.75 } },
    { title: `${mode}, signed, axes of 1, 4 and 2 voxels far below the radius`, volume: thin, config: { sigma: [2, 3, 4], mode } },
    { title: `${mode}, three samples`, volume: colour, config: { sigma: [1, 2, 0.7], mode, constantValue: -0.5 } },
    { title: `${mode}, masked`, volume: masked(signed), config: { sigma: [1.5, 0.8, 1.1], mode, constantValue: 0.25 } },
    { title: `${mode}, masked, three samples`, volume: masked(colour), config: { sigma: [0.5, 1.5, 1], mode } },
  ]),
  { title: "truncate 2.5", volume: signed, config: { sigma: [1.3, 2.2, 0.9], mode: "reflect", truncate: 2.5 } },
  { title: "a radius for each axis", volume: signed, config: { sigma: [1.3, 2.2, 0.9], mode: "mirror", radius: [1, 5, 2] } },
  { title: "sigma 0 along y", volume: signed, config: { sigma: [1.3, 0, 0.9], mode: "nearest" } },
];

describe.skipIf(!hasPython)(`gaussianBlur beside SciPy in float64${noPython}`, () => {
  beforeAll(() => {
    const forScipy = cases.map(({ volume: { size, samples = 1, voxels, mask }, config }, n) => {
      writeFileSync(join(folder, `${n}.in`), voxels);
      if (mask !== undefined) writeFileSync(join(folder, `${n}.mask`), mask);
      return {
        shape: [...size.toReversed(), samples],
        sigma: config.sigma.toReversed(),
        mode: config.mode,
        truncate: config.truncate ?? 4,
        radius: config.radius?.toReversed() ?? null,
        cval: config.constantValue ?? 0,
        masked: mask !== undefined,
      };
    });
    writeFileSync(join(folder, "cases.json"), JSON.stringify(forScipy));
    execFileSync(PYTHON, ["-c", SCIPY, folder]);
  });

  it.each(cases.map(({ title, volume, config }, n) => [title, volume, config, n] as const))("%s", (_, volume, config, n) => {
    const expected = new Float64Array(new Uint8Array(readFileSync(join(folder, `${n}.out`))).buffer);
    const blurred = blurInSlabs(volume, { ...config, unit: "voxel" }, 2).voxels;
    expect(blurred.length).toBe(expected.length);
    // Half a unit of the last place of a float32 below 1, and what double loses.
    expect(largestDifference(blurred, expected)).toBeLessThan(6.1e-8);
  });
});

interface OracleCase {
  readonly sigmaMm: number;
  readonly mode: string;
  readonly result: { readonly min: number; readonly max: number; readonly mean: number };
  readonly samples: readonly (readonly [number, number, number, number])[];
}

describe.skipIf(noData !== "")(`gaussianBlur on the first phase of the breast series${noData}`, () => {
  const oracle =
    noData === "" ? (JSON.parse(readFileSync(join(DATA, "gaussian-oracle.json"), "utf8")) as { cases: readonly OracleCase[] }).cases : [];
  let voxels = new Float32Array(0);

  beforeAll(() => {
    const file = join(folder, "breast.bin");
    execFileSync(PYTHON, ["-c", FIRST_PHASE, join(DATA, "breast-mri-nact-pilot"), file]);
    const stored = new Float32Array(new Uint8Array(readFileSync(file)).buffer);
    const hi = stored.reduce((largest, x) => Math.max(largest, x));
    const lo = stored.reduce((smallest, x) => Math.min(smallest, x));
    voxels = stored.map((x) => (x - lo) / (hi - lo));
  });

  it.each(oracle.map((each) => [each.sigmaMm, each.mode, each] as const))("sigma %d mm, %s", (sigma, mode, { samples, result }) => {
    const blurred = blurInSlabs({ size: [256, 256, 60], spacing: [0.703125, 0.703125, 2], voxels }, { sigma, mode }, 16).voxels;
    const found = samples.map(([z, y, x]) => blurred[(z * 256 + y) * 256 + x] as number);
    expect(found.length).toBeGreaterThan(100);
    expect(largestDifference(found, samples.map((sample) => sample[3]))).toBeLessThan(2e-7);
    const mean = blurred.reduce((sum, x) => sum + x, 0) / blurred.length;
    expect(Math.abs(mean - result.mean)).toBeLessThan(1e-9);
    expect(Math.abs(blurred.reduce((a, b) => Math.max(a, b)) - result.max)).toBeLessThan(2e-7);
    expect(Math.abs(blurred.reduce((a, b) => Math.min(a, b)) - result.min)).toBeLessThan(2e-7);
  });
});

/** Values that look random, in [0, 1) or [−1, 1). */
function volumeOf(size: readonly [number, number, number], kind: "unsigned" | "signed", samples = 1): TestVolume {
  const voxels = Float32Array.from({ length: size[0] * size[1] * size[2] * samples }, (_, n) => ((n * 2654435761) % 65521) / 65521);
  return { size, samples, voxels: kind === "signed" ? voxels.map((x) => 2 * x - 1) : voxels };
}

function masked(volume: TestVolume): TestVolume {
  const [columns, rows, slices] = volume.size;
  return { ...volume, mask: Uint8Array.from({ length: columns * rows * slices }, (_, n) => ((n * 40503) % 7 < 3 ? 1 : 0)) };
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((largest, x, n) => Math.max(largest, Math.abs(x - (b[n] as number))), 0);
}
