import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readImageNode } from "@itk-wasm/image-io";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { breast, findingsOf, missing, missingPython, oracleSeries, outside, python, PYTHON, run, shared } from "./outside.test-support.ts";

const reason = missingPython("pydicom", "h5py", "numpy") || missing("h5dump", "dciodvfy", "dcmdump", "dcentvfy");
const title = (text: string): string => (reason === false ? text : `${text} (skipped: ${reason})`);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(reason !== false)(title("the real breast series to HDF5"), () => {
  const file = (): string => join(folder, "phase.h5");

  beforeAll(() => {
    const { status, stderr } = run("hilum", "convert", breast, file(), "--json", join(folder, "phase.json"), "--normalize", "phase");
    expect(stderr).not.toContain("error");
    expect(status).toBe(0);
  });

  test("h5py finds one float32 volume behind both names, with the oracle's spacing, affine, order, statistics and hashes", () => {
    const oracle = oracleSeries("breast-mri-nact-pilot");
    const script = `
import h5py, hashlib, json, sys, numpy as np
with h5py.File(sys.argv[1]) as f:
    v = f["/entry/data/volume"]
    g = f["/entry/geometry"]
    fr = f["/entry/frames"]
    scale, offset = fr["norm_scale"][:].reshape(v.shape[:2]), fr["norm_offset"][:].reshape(v.shape[:2])
    volumes = []
    for p in range(v.shape[0]):
        real = v[p].astype("f8") * scale[p][:, None, None] + offset[p][:, None, None]
        stored = np.rint(real).astype("<i2")
        volumes.append(dict(low=float(v[p].min()), high=float(v[p].max()), min=float(stored.min()), max=float(stored.max()), mean=float(real.mean()), sha=hashlib.sha256(stored.tobytes()).hexdigest()))
    print(json.dumps(dict(same=v.id.__eq__(f["/volume"].id) and h5py.h5o.get_info(v.id).addr == h5py.h5o.get_info(f["/volume"].id).addr, dtype=str(v.dtype), shape=v.shape,
        spacing=g["spacing"][:].tolist(), affine=g["affine_lps"][:].tolist(), positions=g["slice_positions"][:].tolist(), instance=fr["instance_number"][:].tolist(), volumes=volumes)))`;
    const found = python<{ same: boolean; dtype: string; shape: number[]; spacing: number[]; affine: number[][]; positions: number[]; instance: number[]; volumes: Record<string, number | string>[] }>(script, file());
    expect(found.same).toBe(true);
    expect(found.dtype).toBe("float32");
    expect(found.shape).toEqual([3, 60, 256, 256]);
    expect(found.shape).toEqual(oracle.shape.value);
    expect(found.spacing).toEqual([oracle.spacing.x, oracle.spacing.y, expect.closeTo(oracle.spacing.z, 6)]);
    found.affine.flat().forEach((value, at) => expect(value).toBeCloseTo(oracle.affineLPS.flat()[at] as number, 6));
    expect(found.positions).toEqual(found.positions.toSorted((a, b) => a - b));
    // The oracle's order is IM-0001-0001 … 0060 and so on, which are Instance Numbers 1 … 180.
    expect(found.instance).toEqual(Array.from({ length: 180 }, (_, n) => n + 1));
    found.volumes.forEach((volume, at) => {
      const expected = oracle.perVolume[at];
      expect(volume).toMatchObject({ low: 0, high: 1, min: expected?.min, max: expected?.max, sha: expected?.storedSha256 });
      expect(volume["mean"]).toBeCloseTo(expected?.mean ?? Number.NaN, 5);
    });
  });

  test("each phase equals the tuned peer's within 1e-6", () => {
    outside(PYTHON, [join(shared, "peers/dicom_to_hdf5.py"), "--tuned", breast, join(folder, "peer.h5"), join(folder, "peer.json")]);
    const script = `
import h5py, json, sys, numpy as np
with h5py.File(sys.argv[1]) as a, h5py.File(sys.argv[2]) as b:
    print(json.dumps([float(np.abs(a["volume"][p] - b["volume"][p]).max()) for p in range(3)]))`;
    for (const difference of python<number[]>(script, file(), join(folder, "peer.h5"))) expect(difference).toBeLessThanOrEqual(1e-6);
  });

  test("h5dump reads it all", () => {
    expect(outside("h5dump", ["-H", file()])).toContain('DATASET "volume"');
    expect(outside("h5dump", ["-d", "/entry/data/volume", "-s", "0,0,0,0", "-c", "1,1,1,4", file()])).toContain("( 3, 60, 256, 256 )");
  });

  test("ITK reads size, spacing and voxels", async () => {
    const image = await readImageNode(file());
    expect(image.size).toEqual([256, 256, 60, 3]);
    expect(image.spacing.slice(0, 2)).toEqual([0.703125, 0.703125]);
    expect(image.spacing[2]).toBeCloseTo(2, 6);
    const first = python<number[]>(`import h5py,json,sys\nprint(json.dumps(h5py.File(sys.argv[1])["volume"][1,30,100,:8].tolist()))`, file());
    const data = image.data as Float32Array;
    const at = (1 * 60 + 30) * 65536 + 100 * 256;
    expect(Array.from(data.subarray(at, at + 8))).toEqual(first);
  });

  test("the sidecar holds what the first users asked for", () => {
    const sidecar = JSON.parse(readFileSync(join(folder, "phase.json"), "utf8")) as Record<string, unknown>;
    expect(sidecar).toMatchObject({ series_description: "Sagittal-IR_3DFGRE", modality: "MR", shape: [3, 60, 256, 256] });
    expect(sidecar["spacing"]).toEqual([0.703125, 0.703125, expect.closeTo(2, 6)]);
    expect(sidecar["phases"]).toHaveLength(3);
  });
});

describe.skipIf(reason !== false)(title("DICOM to HDF5 to DICOM by both doors"), () => {
  const doors = {
    "hilum convert": (h5: string, json: string, out: string) => [
      run("hilum", "convert", breast, h5, "--json", json),
      run("hilum", "convert", h5, out, "--template", breast),
    ],
    "the first users' calls": (h5: string, json: string, out: string) => [
      run("dicom2hdf5", "-i", breast, "-h", h5, "-j", json),
      run("hdf52dicom", "-h", h5, "-d", breast, "-o", out),
    ],
    "the first users' long calls": (h5: string, json: string, out: string) => [
      run("dicom2hdf5", "--input-dicom", breast, "--output-hdf5", h5, "--output-json", json),
      run("hdf52dicom", "--input-hdf5", h5, "--input-dicom", breast, "--output-dicom", out),
    ],
  };
  const compare = `
import glob, json, os, sys, pydicom
source = {}
for path in glob.glob(os.path.join(sys.argv[1], "*")):
    ds = pydicom.dcmread(path); source[(tuple(ds.ImagePositionPatient), int(ds.InstanceNumber))] = ds
new = [pydicom.dcmread(p) for p in sorted(glob.glob(os.path.join(sys.argv[2], "*")))]
changed = {}
same = 0
for ds in new:
    was = source[(tuple(ds.ImagePositionPatient), int(ds.InstanceNumber))]
    same += ds.PixelData == was.PixelData
    for tag in set(ds.keys()) | set(was.keys()):
        a, b = was.get_item(tag), ds.get_item(tag)
        if a is None or b is None or a.value != b.value or a.VR != b.VR:
            changed[str(tag)] = changed.get(str(tag), 0) + 1
print(json.dumps(dict(count=len(new), same=same, changed=changed, series=sorted(set(d.SeriesInstanceUID for d in new)), oldSeries=str(next(iter(source.values())).SeriesInstanceUID),
    uids=len(set(d.SOPInstanceUID for d in new)), meta=sum(d.SOPInstanceUID == d.file_meta.MediaStorageSOPInstanceUID for d in new), reused=len(set(d.SOPInstanceUID for d in new) & set(d.SOPInstanceUID for d in source.values())),
    private=sum(e.tag.is_private for e in new[0]), privateBefore=sum(e.tag.is_private for e in next(iter(source.values()))))))`;
  /** Every element that a derived image must change; everything else keeps its bytes. */
  const MEANT: ReadonlySet<string> = new Set([
    "(0008, 0008)", // Image Type
    "(0008, 0012)", "(0008, 0013)", // Instance Creation Date, Time
    "(0008, 0018)", // SOP Instance UID
    "(0008, 0023)", "(0008, 0033)", // Content Date, Time
    "(0008, 103e)", // Series Description
    "(0008, 2111)", // Derivation Description
    "(0008, 2112)", // Source Image Sequence
    "(0008, 9215)", // Derivation Code Sequence
    "(0018, a001)", // Contributing Equipment Sequence
    "(0020, 000e)", // Series Instance UID
    "(0020, 0011)", // Series Number
    "(0028, 0106)", "(0028, 0107)", // Smallest, Largest Image Pixel Value
  ]);

  test.each(Object.entries(doors))("%s: all 180 pixel arrays identical, UIDs new and unique, the rest of the header byte for byte", (name, door) => {
    const base = join(folder, name.replaceAll(/\W/g, "-"));
    for (const { status, stderr } of door(`${base}.h5`, `${base}.json`, base)) expect([status, stderr.includes("error")]).toEqual([0, false]);
    const found = python<{ count: number; same: number; changed: Record<string, number>; series: string[]; oldSeries: string; uids: number; meta: number; reused: number; private: number; privateBefore: number }>(compare, breast, base);
    expect(found).toMatchObject({ count: 180, same: 180, uids: 180, meta: 180, reused: 0 });
    expect(found.series).toHaveLength(1);
    expect(found.series[0]).not.toBe(found.oldSeries);
    expect(Object.keys(found.changed).filter((tag) => !MEANT.has(tag))).toEqual([]);
    expect(found.private).toBe(found.privateBefore);
    expect(found.private).toBeGreaterThan(0);
  });

  test("dciodvfy and dcentvfy say nothing that they did not say of the source", () => {
    const output = join(folder, "hilum-convert");
    const names = readdirSync(output);
    const source = new Set(findingsOf("dciodvfy", [join(breast, "IM-0001-0001.dcm")]));
    for (const index of [0, 61, 122, 179]) {
      const fresh = findingsOf("dciodvfy", [join(output, names[index] as string)]).filter((line) => !source.has(line));
      expect(fresh).toEqual([]);
    }
    const sourceSet = new Set(findingsOf("dcentvfy", readdirSync(breast).map((name) => join(breast, name))));
    expect(findingsOf("dcentvfy", names.map((name) => join(output, name))).filter((line) => !sourceSet.has(line))).toEqual([]);
    expect(existsSync(output)).toBe(true);
  });
});
