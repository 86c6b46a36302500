import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingPython, oracleSeries, python, run, shared } from "./outside.test-support.ts";

const reason = missingPython("pydicom", "numpy");
const title = (text: string): string => (reason === false ? text : `${text} (skipped: ${reason})`);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** To HDF5 and back to DICOM, with nothing between. */
function thereAndBack(name: string): { source: string; output: string } {
  const source = join(shared, "data/geometry", name);
  const [h5, output] = [join(folder, `${name}.h5`), join(folder, name)];
  for (const { status, stderr } of [run("hilum", "convert", source, h5, "--normalize", "none"), run("hilum", "convert", h5, output, "--template", source)])
    expect({ status, errors: /^error.*/m.exec(stderr)?.[0] }).toEqual({ status: 0, errors: undefined });
  return { source, output };
}

describe.skipIf(reason !== false)(title("DICOM to HDF5 to DICOM"), () => {
  test.each([
    ["enhanced-ct-2-frames", 1],
    ["enhanced-philips-dwi", 1],
    ["enhanced-philips-fmri", 1],
    ["enhanced-philips-t1", 1],
    ["enhanced-siemens", 1],
    ["enhanced-siemens-xa30-5_anat-T1w_acq-tfl", 1],
    ["enhanced-siemens-xa30-8_gre_field_mapping", 2],
    ["enhanced-siemens-xa30-dwi", 4],
    // In colour.
    ["enhanced-siemens-xa30-14_DWI_dir80_PA", 1],
    ["multiframe-hyperfine", 1],
    ["agfa-renamed-private-xa", 2],
  ])("gives the enhanced instances of %s back, Pixel Data byte for byte", (name, instances) => {
    const { source, output } = thereAndBack(name);
    const script = `
import json, os, sys, pydicom
read = lambda folder: [pydicom.dcmread(os.path.join(folder, name)) for name in sorted(os.listdir(folder))]
sources = {ds.SOPInstanceUID: ds for ds in read(sys.argv[1])}
same = []
for ds in read(sys.argv[2]):
    was = sources.pop(ds.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[-1].SourceImageSequence[0].ReferencedSOPInstanceUID)
    same.append(ds.PixelData == was.PixelData and ds.NumberOfFrames == was.NumberOfFrames and ds.SOPClassUID == was.SOPClassUID and ds.SeriesInstanceUID != was.SeriesInstanceUID)
print(json.dumps(same))`;
    expect(python<boolean[]>(script, source, output)).toEqual(Array.from({ length: instances }, () => true));
  });

  test.each(["mosaic-ep2d_Asc_2", "mosaic-ep2d_Asc_HF_10"])("gives the tiles of %s back as single frames with the oracle's values", (name) => {
    const { source, output } = thereAndBack(name);
    expect(readdirSync(output)).toHaveLength(144);
    const script = `
import hashlib, json, os, sys, numpy, pydicom
read = lambda folder: [pydicom.dcmread(os.path.join(folder, name)) for name in sorted(os.listdir(folder))]
tiles = {}
for ds in read(sys.argv[2]): tiles.setdefault(ds.SourceImageSequence[0].ReferencedSOPInstanceUID, []).append(ds)
volumes = []
for was in sorted(read(sys.argv[1]), key=lambda ds: int(ds.InstanceNumber)):
    normal = numpy.cross(*numpy.array(was.ImageOrientationPatient).reshape(2, 3))
    placed = sorted(tiles[was.SOPInstanceUID], key=lambda ds: numpy.dot(ds.ImagePositionPatient, normal))
    volumes.append(hashlib.sha256(numpy.stack([ds.pixel_array for ds in placed]).astype("<u2").tobytes()).hexdigest())
print(json.dumps(volumes))`;
    expect(python<string[]>(script, source, output)).toEqual(oracleSeries(`geometry/${name}`).perVolume.map(({ storedSha256 }) => storedSha256));
  });

  test("refuses enhanced frames without a position with the reason, and writes nothing", () => {
    const { status, stderr } = run("hilum", "run", "gaussian-blur", join(shared, "data/geometry/enhanced-mr-10-frames"), join(folder, "refused"));
    expect(status).toBeGreaterThan(0);
    expect(stderr).toContain("Image Position");
    expect(readdirSync(folder)).not.toContain("refused");
  });
});
