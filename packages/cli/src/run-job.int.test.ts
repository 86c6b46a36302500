import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { breast, findingsOf, missing, missingPython, outside, python, PYTHON, run, shared } from "./outside.test-support.ts";

const reason = missingPython("pydicom", "scipy") || missing("dciodvfy", "dcm2niix");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const uidsOf = (directory: string): readonly string[] =>
  python(
    `import glob, json, pydicom, sys\nprint(json.dumps(sorted(str(d.SOPInstanceUID) + " " + str(d.SeriesInstanceUID) for d in (pydicom.dcmread(p, stop_before_pixels=True) for p in glob.glob(sys.argv[1] + "/*")))))`,
    directory,
  );

describe.skipIf(reason !== false)(`hilum run gaussian-blur on the breast series${reason === false ? "" : ` (skipped: ${reason})`}`, () => {
  const blurred = (): string => join(folder, "blurred");

  beforeAll(() => {
    const { status, stderr } = run("hilum", "run", "gaussian-blur", breast, blurred(), "--set", "sigma=2", "--report", join(folder, "report.json"));
    expect([status, stderr.includes("error")]).toEqual([0, false]);
  });

  test("is within one stored unit of the peer's whole job, every source it names exists, and the derivation is coded", () => {
    outside(PYTHON, [join(shared, "peers/blur_job.py"), breast, join(folder, "peer"), "2"]);
    const script = `
import glob, json, os, sys, numpy as np, pydicom
read = lambda d: {(tuple(x.ImagePositionPatient), int(x.InstanceNumber)): x for x in (pydicom.dcmread(p) for p in glob.glob(os.path.join(d, "*")))}
source, ours, peer = map(read, sys.argv[1:4])
uids = set(x.SOPInstanceUID for x in source.values())
first = next(iter(ours.values()))
print(json.dumps(dict(
    count=len(ours),
    worst=max(int(np.abs(ours[k].pixel_array.astype(int) - peer[k].pixel_array.astype(int)).max()) for k in peer),
    sources=sum(r.ReferencedSOPInstanceUID in uids for x in ours.values() for r in x.SourceImageSequence),
    own=sum(x.SourceImageSequence[0].ReferencedSOPInstanceUID == source[k].SOPInstanceUID for k, x in ours.items()),
    imageType=list(first.ImageType)[0], description=first.DerivationDescription,
    code=[[c.CodeValue, c.CodingSchemeDesignator] for c in first.DerivationCodeSequence],
    equipment=[[e.Manufacturer, e.PurposeOfReferenceCodeSequence[0].CodeValue] for e in first.ContributingEquipmentSequence])))`;
    const found = python<Record<string, unknown>>(script, breast, blurred(), join(folder, "peer"));
    expect(found).toMatchObject({ count: 180, own: 180, imageType: "DERIVED", code: expect.arrayContaining([["113088", "DCM"]]) });
    expect(found["worst"]).toBeLessThanOrEqual(1);
    expect(found["sources"]).toBeGreaterThanOrEqual(180);
    expect(found["description"]).toContain("3D Gaussian blur, sigma 2 mm");
    expect(found["equipment"]).toContainEqual(["Hilum", "109102"]);
  });

  test("dciodvfy says nothing new, and dcm2niix reads three volumes of 256 × 256 × 60", () => {
    const source = new Set(findingsOf("dciodvfy", [join(breast, "IM-0001-0001.dcm")]));
    const names = readdirSync(blurred());
    for (const at of [0, 90, 179]) expect(findingsOf("dciodvfy", [join(blurred(), names[at] as string)]).filter((line) => !source.has(line))).toEqual([]);
    const said = outside("dcm2niix", ["-b", "n", "-o", folder, blurred()]);
    expect(said).toMatch(/256x256x60x3/);
  });

  test("twice gives the same UIDs, another sigma gives others", () => {
    expect(run("hilum", "run", "3dblur", breast, join(folder, "again"), "--set", "sigma=2", "--quiet").status).toBe(0);
    expect(run("hilum", "run", "gaussian-blur", breast, join(folder, "other"), "--set", "sigma=1", "--quiet").status).toBe(0);
    const [first, again, other] = [blurred(), join(folder, "again"), join(folder, "other")].map(uidsOf);
    expect(again).toEqual(first);
    expect(other?.filter((uid) => first?.includes(uid))).toEqual([]);
  });

  test("HDF5 in and HDF5 out give the same real values as DICOM in", () => {
    const [h5, fromH5, fromDicom] = ["in.h5", "from-h5.h5", "from-dicom.h5"].map((name) => join(folder, name)) as [string, string, string];
    expect(run("hilum", "convert", breast, h5, "--quiet").status).toBe(0);
    expect(run("hilum", "run", "gaussian-blur", h5, fromH5, "--quiet").status).toBe(0);
    expect(run("hilum", "run", "gaussian-blur", breast, fromDicom, "--quiet").status).toBe(0);
    const worst = python<number>(
      `import h5py, json, sys, numpy as np\na, b = (h5py.File(p)["volume"] for p in sys.argv[1:3])\nprint(json.dumps(max(float(np.abs(a[p] - b[p]).max()) for p in range(3))))`,
      fromH5,
      fromDicom,
    );
    // Real values reach 184; HDF5 holds them as float32 in [0,1], so half a float32 step of 184 is 7.6e-6.
    expect(worst).toBeLessThanOrEqual(2e-5);
  });

  test("normalising and undoing it gives every stored value of the series back", () => {
    const plugin = join(folder, "there-and-back.mjs");
    python(
      `import json, sys\nopen(sys.argv[1], "w").write(sys.argv[2]); print(json.dumps(0))`,
      plugin,
      `import { definePlugin } from "@hilum/core"; export default { ...definePlugin({ name: "pair", version: "1.0.0", module: import.meta.url, jobs: ["series", "phase", "slice"].map((scope) => ({ name: "pair-" + scope, title: scope, preprocess: [{ processor: "normalise", config: { scope } }], process: [{ invert: "normalise" }], postprocess: [] })) }) };`.replace(
        "@hilum/core",
        new URL("../../core/src/index.ts", import.meta.url).href,
      ),
    );
    for (const scope of ["series", "phase", "slice"]) {
      const out = join(folder, `pair-${scope}`);
      const { status, stderr } = run("hilum", "run", `pair-${scope}`, breast, out, "--plugin", plugin, "--quiet");
      expect([status, stderr]).toEqual([0, ""]);
      const same = python<number>(
        `import glob, json, sys, pydicom\nread = lambda d: {int(x.InstanceNumber): x.PixelData for x in (pydicom.dcmread(p) for p in glob.glob(d + "/*"))}\na, b = read(sys.argv[1]), read(sys.argv[2])\nprint(json.dumps(sum(a[k] == b[k] for k in a)))`,
        breast,
        out,
      );
      expect(same).toBe(180);
    }
  });

  test("a slice-scoped pair around the blur is refused with the reason, before anything is written", () => {
    const { status, stderr } = run("hilum", "run", "gaussian-blur", breast, join(folder, "refused"), "--set", "preprocess.0.scope=slice");
    expect(status).toBe(2);
    expect(stderr).toContain("error INVALID_JOB");
    expect(stderr).toContain("looks across slices");
  });
});
