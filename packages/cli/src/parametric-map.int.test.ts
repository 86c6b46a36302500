import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findingsOf, missing, missingPython, outside, python, run, shared } from "./outside.test-support.ts";

const reason = missingPython("pydicom", "h5py", "numpy", "nibabel") || missing("dciodvfy", "dcm2niix", "dcmdump");

/** QUANTITY is a defined term of value 4 (PS3.3 C.8.32.2) that Debian's dciodvfy does not know. */
const JUSTIFIED: readonly string[] = ["Image Type", "Frame Type"].map((name) => `Warning - Unrecognized defined term <QUANTITY> for value 4 of attribute <${name}>`);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

// argv: source, maps. Real values of the source in double by pydicom's stored values, rounded once; each frame by the source that it names.
const BESIDE_PYDICOM = `
import glob, json, os, sys, numpy as np, pydicom
sources = {}
for path in [sys.argv[1]] + glob.glob(sys.argv[1] + "/**/*", recursive=True):
    if os.path.isfile(path):
        ds = pydicom.dcmread(path)
        sources[ds.SOPInstanceUID] = ds
equal, frames, places, identity, indexed, used = 0, 0, 0, 0, 0, set()
for name in sorted(os.listdir(sys.argv[2])):
    ds = pydicom.dcmread(os.path.join(sys.argv[2], name))
    assert ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.30" and "PixelData" not in ds and ds["FloatPixelData"].VR == "OF"
    pixels = ds.pixel_array.reshape(int(ds.NumberOfFrames), ds.Rows, ds.Columns)
    assert pixels.dtype == np.float32
    shared = ds.SharedFunctionalGroupsSequence[0]
    for i, groups in enumerate(ds.PerFrameFunctionalGroupsSequence):
        source = sources[groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID]
        used.add(source.SOPInstanceUID)
        real = (source.pixel_array.astype("f8") * float(source.get("RescaleSlope", 1)) + float(source.get("RescaleIntercept", 0))).astype("f4")
        frames += 1
        equal += pixels[i].tobytes() == real.tobytes()
        raw = lambda d, keyword: None if keyword not in d else d.get_item(keyword).value
        places += raw(groups.PlanePositionSequence[0], "ImagePositionPatient") == raw(source, "ImagePositionPatient") and raw(shared.PlaneOrientationSequence[0], "ImageOrientationPatient") == raw(source, "ImageOrientationPatient") and raw(shared.PixelMeasuresSequence[0], "PixelSpacing") == raw(source, "PixelSpacing")
        identity += all((raw(ds, k) or b"") == (raw(source, k) or b"") for k in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "FrameOfReferenceUID", "Modality"))
        indexed += groups.FrameContentSequence[0].DimensionIndexValues == i + 1
    item = shared.RealWorldValueMappingSequence[0]
    assert (item.RealWorldValueSlope, item.RealWorldValueIntercept) == (1, 0)
    units = item.MeasurementUnitsCodeSequence[0].CodeValue
print(json.dumps(dict(sources=len(sources), used=len(used), frames=frames, equal=equal, places=places, identity=identity, indexed=indexed, units=units)))
`;

interface Beside {
  readonly sources: number;
  readonly used: number;
  readonly frames: number;
  /** Frames with the bytes of the real values, with the template's places, with the template's patient and study, and in order. */
  readonly equal: number;
  readonly places: number;
  readonly identity: number;
  readonly indexed: number;
  readonly units: string;
}

const SAME_VOLUME = `
import json, sys, h5py
a, b = (h5py.File(path)["volume"][...] for path in sys.argv[1:3])
print(json.dumps(dict(shape=a.shape, same=a.shape == b.shape and a.tobytes() == b.tobytes())))
`;

const SAME_NIFTI = `
import json, sys, nibabel, numpy as np
a, b = (nibabel.load(path) for path in sys.argv[1:3])
print(json.dumps(dict(type=str(b.get_data_dtype()), same=a.shape == b.shape and np.array_equal(a.get_fdata(), b.get_fdata()) and np.allclose(a.affine, b.affine, atol=1e-4))))
`;

function hilum(...args: readonly string[]): void {
  const { status, stderr } = run("hilum", ...args, "--quiet");
  expect([status, stderr.replaceAll(/^warning .*\n/gm, "")]).toEqual([0, ""]);
}

describe.skipIf(reason !== false)(`a Parametric Map of real values${reason === false ? "" : ` (skipped: ${reason})`}`, () => {
  describe.each([
    ["breast-mri-nact-pilot", 180, 3, "1"],
    ["geometry/ct-gantry-tilt-philips", 6, 1, "[hnsf'U]"],
    ["geometry/pet-per-slice-slope", 8, 1, "Bq/ml"],
    ["geometry/phase-siemens-slope2", 12, 1, "1"],
    ["transfer-syntaxes/wg04-mr4/MR4_RLE.dcm", 1, 1, "1"],
  ] as const)("%s", (path, frames, phases, units) => {
    const source = join(shared, "data", path);
    let maps: string;
    beforeAll(() => {
      maps = join(mkdtempSync(join(folder, "maps-")), "out");
      hilum("convert", source, maps, "--rescale", "float");
    });

    test("has the real values of its sources to the last bit, at their places and of their patient, by pydicom", () => {
      expect(readdirSync(maps)).toHaveLength(phases);
      expect(python<Beside>(BESIDE_PYDICOM, source, maps)).toEqual({ sources: frames, used: frames, frames, equal: frames, places: frames, identity: frames, indexed: frames, units });
    });

    test("gives dciodvfy no error and no warning that its source did not give, but for a term that it does not know", () => {
      const known = new Set([...JUSTIFIED, ...findingsOf("dciodvfy", [path.endsWith(".dcm") ? source : join(source, readdirSync(source)[0] as string)])]);
      expect(readdirSync(maps).flatMap((name) => findingsOf("dciodvfy", [join(maps, name)])).filter((line) => !known.has(line))).toEqual([]);
    });

    test("is read by dcmdump, and back by our own reader to the volume of its source", () => {
      for (const name of readdirSync(maps)) outside("dcmdump", ["-q", join(maps, name)]);
      const [own, theirs] = ["maps.h5", "source.h5"].map((name) => join(maps, "..", name)) as [string, string];
      hilum("convert", maps, own, "--normalize", "none");
      hilum("convert", source, theirs, "--normalize", "none");
      expect(python(SAME_VOLUME, own, theirs)).toMatchObject({ same: true });
    });
  });

  test("holds what the same job gives as HDF5, to the last bit", () => {
    const source = join(shared, "data/geometry/pet-per-slice-slope");
    const [maps, own, h5] = ["blurred", "blurred.h5", "job.h5"].map((name) => join(folder, name)) as [string, string, string];
    hilum("run", "gaussian-blur", source, maps, "--set", "sigma=2", "--rescale", "float");
    hilum("convert", maps, own, "--normalize", "none");
    hilum("run", "gaussian-blur", source, h5, "--set", "sigma=2");
    expect(python(SAME_VOLUME, own, h5)).toMatchObject({ same: true });
  });

  test("becomes the voxels and the affine of its source, by dcm2niix", () => {
    const source = join(shared, "data/geometry/phase-siemens-slope2");
    const maps = join(folder, "for-dcm2niix");
    hilum("convert", source, maps, "--rescale", "float");
    // Its names end with what it takes an image to be.
    const niftiOf = (directory: string): string => {
      const made = mkdtempSync(join(folder, "nifti-"));
      outside("dcm2niix", ["-b", "n", "-z", "n", "-o", made, directory]);
      return join(made, readdirSync(made)[0] as string);
    };
    expect(python(SAME_NIFTI, niftiOf(source), niftiOf(maps))).toEqual({ type: "float32", same: true });
  });
});
