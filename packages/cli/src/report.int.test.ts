import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { saveFiles, scanSeries } from "@hilum/testing";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingPython, python, run, shared } from "./outside.test-support.ts";

const validate = new Ajv2020().compile(JSON.parse(readFileSync(fileURLToPath(new URL("../schemas/report.schema.json", import.meta.url)), "utf8")) as object);
const reason = missingPython("pydicom", "scipy");

interface Ledger {
  readonly outputs: readonly { readonly name: string; readonly sha256: string }[];
  readonly instances?: readonly object[];
  readonly facts: object;
}

let folder: string;
let input: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
  input = join(folder, "in");
  mkdirSync(input);
  saveFiles(input, scanSeries({ size: [16, 16, 4] }).files);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A report, checked against the published schema. */
function ledger<T = Ledger>(file: string): T {
  const found: unknown = JSON.parse(readFileSync(file, "utf8"));
  expect([validate(found), validate.errors]).toEqual([true, null]);
  return found as T;
}

const byName = <T extends { readonly name: string }>(list: readonly T[]): readonly T[] => list.toSorted((a, b) => (a.name < b.name ? -1 : 1));

describe.skipIf(reason !== false)(`the report of a PET series${reason === false ? "" : ` (skipped: ${reason})`}`, () => {
  test("tells of each file what it was made from and its SHA-256, as pydicom and Python find them, the policy, and what was clipped", () => {
    const source = join(shared, "data/geometry/pet-per-slice-slope");
    const [output, report] = [join(folder, "pet"), join(folder, "pet.json")];
    expect(run("hilum", "run", "gaussian-blur", source, output, "--set", "sigma=2", "--report", report).status).toBe(0);
    const found = ledger(report);
    // The source by place, not by what the output names as its source.
    const expected = python<{ readonly files: readonly [string, string, string, string][]; readonly clipped: number; readonly slopes: readonly [number, number] }>(
      `
import glob, hashlib, json, os, sys, numpy as np, pydicom
from scipy.ndimage import gaussian_filter
place = lambda d: float(d.ImagePositionPatient[2])
a = sorted((pydicom.dcmread(p) for p in glob.glob(sys.argv[1] + "/*")), key=place)
source = {place(d): d.SOPInstanceUID for d in a}
rows = []
for p in sorted(glob.glob(sys.argv[2] + "/*")):
    d = pydicom.dcmread(p); rows.append([os.path.basename(p), source[place(d)], d.SOPInstanceUID, hashlib.sha256(open(p, "rb").read()).hexdigest()])
slope = np.array([float(d.RescaleSlope) for d in a])[:, None, None]
z = (place(a[-1]) - place(a[0])) / (len(a) - 1)
stored = gaussian_filter(np.stack([d.pixel_array for d in a]) * slope, [2 / z, 2 / float(a[0].PixelSpacing[0]), 2 / float(a[0].PixelSpacing[1])]) / slope
print(json.dumps(dict(files=rows, clipped=int(((stored > 32767.5) | (stored < -32768.5)).sum()), slopes=[float(slope.min()), float(slope.max())])))`,
      source,
      output,
    );
    expect(found.instances).toEqual(expected.files.map(([name, sourceSOPInstanceUID, sopInstanceUID]) => ({ name, sourceSOPInstanceUID, sopInstanceUID })));
    expect(byName(found.outputs).map(({ name, sha256 }) => [name, sha256])).toEqual(expected.files.map(([name, , , sha256]) => [name, sha256]));
    expect(expected.clipped).toBeGreaterThan(0);
    expect(found.facts).toMatchObject({ instances: 8, rescale: "template-range", clippedVoxels: expected.clipped, smallestSlope: expected.slopes[0], largestSlope: expected.slopes[1] });
    // Half a step of the coarsest slice at most, and a little that float32 loses.
    const { maxQuantisationError } = found.facts as { readonly maxQuantisationError: number };
    expect(maxQuantisationError).toBeGreaterThan(expected.slopes[1] * 0.49);
    expect(maxQuantisationError).toBeLessThanOrEqual(expected.slopes[1] * 0.5001);
  });
});

describe("the report", () => {
  test("of HDF5 output and of --all keep to the schema; without --report no UID is told", () => {
    const [one, all] = [join(folder, "one.json"), join(folder, "all.json")];
    expect(run("hilum", "convert", input, join(folder, "one.h5"), "--report", one, "--quiet").status).toBe(0);
    expect(ledger(one).instances).toBeUndefined();
    expect(run("hilum", "convert", input, join(folder, "all"), "--all", "--report", all, "--quiet").status).toBe(0);
    const outcomes = ledger<readonly { readonly number: number; readonly report: Ledger }[]>(all);
    expect(outcomes.map(({ number, report }) => [number, report.instances?.length])).toEqual([[1, 4]]);
    const { stdout } = run("hilum", "convert", input, join(folder, "said"), "--events", "json");
    expect(stdout).toContain('"succeeded"');
    expect(stdout).not.toContain("sopInstanceUID");
  });

  test("is refused inside the input, over a file and where no folder is, before anything is written", () => {
    const taken = join(folder, "taken.json");
    expect(run("hilum", "convert", input, join(folder, "first.h5"), "--report", taken, "--quiet").status).toBe(0);
    const before = [readdirSync(folder), readdirSync(input)];
    for (const [report, code] of [
      [join(input, "report.json"), "INVALID_JOB"],
      [taken, "OUTPUT_EXISTS"],
      [join(folder, "none", "report.json"), "OUTPUT_NOT_WRITABLE"],
    ] as const) {
      const { stderr } = run("hilum", "convert", input, join(folder, "refused.h5"), "--report", report);
      expect([report, stderr.match(/^error (\w+)/m)?.[1]]).toEqual([report, code]);
    }
    expect([readdirSync(folder), readdirSync(input)]).toEqual(before);
  });
});
