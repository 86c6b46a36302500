import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WriteSummary } from "@hilum/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeIdentity } from "./identity-job.test-support.ts";
import { absent, DATA, findings, findingsTogether, niftiOf, PYTHON, volumesOf } from "./outside-judges.test-support.ts";

const why = absent();
const title = (text: string): string => (why === "" ? text : `${text} (skipped: ${why})`);

/** What a derived enhanced instance may differ in, by the path of tags: dicom.md §4, and what PS3.3 C.7.6.16 has in its place. */
const MEANT: ReadonlySet<string> = new Set([
  "00080008", // Image Type
  "00080012", // Instance Creation Date
  "00080013", // Instance Creation Time
  "00080018", // SOP Instance UID
  "00080023", // Content Date
  "00080033", // Content Time
  "0008103E", // Series Description
  "00089154", // Source Image Evidence Sequence
  "0018A001", // Contributing Equipment Sequence
  "0020000E", // Series Instance UID
  "00200011", // Series Number
  "52009229/00189226/00089007", // Frame Type of MR, shared
  "52009229/00189329/00089007", // of CT
  "52009230/00189226/00089007", // Frame Type of MR, of a frame
  "52009230/00189329/00089007", // of CT
  "52009230/00089124", // Derivation Image Sequence
]);

/** What a tile of a mosaic may differ in. */
const MEANT_OF_TILES: ReadonlySet<string> = new Set([
  "00080008", "00080012", "00080013", "00080018", "00080023", "00080033", "0008103E", "0018A001", "0020000E", "00200011",
  "00082111", // Derivation Description
  "00082112", // Source Image Sequence
  "00089215", // Derivation Code Sequence
  "0019100A", // Siemens: Number of Images in Mosaic
  "00191015", // Siemens: position of the mosaic
  "00191029", // Siemens: acquisition times of the mosaic's slices
  "00200013", // Instance Number
  "00200032", // Image Position (Patient)
  "00201041", // Slice Location
  "00280010", // Rows
  "00280011", // Columns
  "00280106", "00280107", // Smallest, Largest Image Pixel Value
  "00290010", "00291008", "00291009", "00291010", "00291018", "00291019", "00291020", // Siemens: CSA headers
  "0051100C", // Siemens: field of view of the mosaic
  "00511016", // Siemens: image type
  "7FE00010", // Pixel Data
]);

/** Compares elements of two data sets by pydicom, items of sequences one by one; a difference is a path of tags. */
const DIFFER = `
def differ(a, b, path, found):
    for tag in set(a.keys()) | set(b.keys()):
        if tag.element == 0: continue
        here = path + "%04X%04X" % (tag.group, tag.element)
        x, y = a.get_item(tag), b.get_item(tag)
        if x is None or y is None: found.add(here)
        elif a[tag].VR == b[tag].VR == "SQ" and len(a[tag].value) == len(b[tag].value) and not here.endswith("00089124"):
            for i, j in zip(a[tag].value, b[tag].value): differ(i, j, here + "/", found)
        elif x.VR != y.VR or x.value != y.value: found.add(here)
`;

/** Compares every output with its source by pydicom; prints JSON. */
const COMPARE = `
import hashlib, json, os, sys, pydicom
${DIFFER}
source_dir, out_dir = sys.argv[1:3]
native = [pydicom.uid.ImplicitVRLittleEndian, pydicom.uid.ExplicitVRLittleEndian]
sources = {}
for name in sorted(os.listdir(source_dir)):
    ds = pydicom.dcmread(os.path.join(source_dir, name))
    sources[ds.SOPInstanceUID] = (name, ds)
differing, pixels, frames, sops, series = set(), {}, 0, set(), set()
for name in sorted(os.listdir(out_dir)):
    path = os.path.join(out_dir, name)
    ds = pydicom.dcmread(path)
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID and ds.file_meta.TransferSyntaxUID in native
    groups = ds.PerFrameFunctionalGroupsSequence
    uid = groups[0].DerivationImageSequence[-1].SourceImageSequence[0].ReferencedSOPInstanceUID
    source_name, source = sources[uid]
    assert source_name not in pixels and len(groups) == ds.NumberOfFrames == source.NumberOfFrames
    for number, group in enumerate(groups, 1):
        item = group.DerivationImageSequence[-1]
        own = item.SourceImageSequence[0]
        assert own.ReferencedSOPInstanceUID == uid and own.ReferencedFrameNumber == number and own.SpatialLocationsPreserved == "YES"
        assert own.PurposeOfReferenceCodeSequence[0].CodeValue == "121322" and item.DerivationCodeSequence[0].CodeValue == "113088"
        shared = ds.get("SharedFunctionalGroupsSequence", [{}])[0]
        types = [g[k][0].FrameType for g in (group, shared) for k in ("MRImageFrameTypeSequence", "CTImageFrameTypeSequence") if k in g]
        assert len(types) == 1 and types[0][0] == "DERIVED"
    assert ds.ImageType[0] == "DERIVED"
    evidence = ds.SourceImageEvidenceSequence[-1]
    assert evidence.StudyInstanceUID == source.StudyInstanceUID and evidence.ReferencedSeriesSequence[0].SeriesInstanceUID == source.SeriesInstanceUID
    assert uid in [item.ReferencedSOPInstanceUID for item in evidence.ReferencedSeriesSequence[0].ReferencedSOPSequence]
    stored = ds.pixel_array
    compressed = source.file_meta.TransferSyntaxUID not in native
    here = set()
    differ(*[pydicom.dcmread(p, specific_tags=None) for p in (os.path.join(source_dir, source_name), path)], "", here)
    differing |= {each for each in here if not (compressed and each.startswith("7FE0"))}
    pixels[source_name] = hashlib.sha256(stored.astype("<u" + str(ds.BitsAllocated // 8)).tobytes()).hexdigest()
    frames += ds.NumberOfFrames
    sops.add(ds.SOPInstanceUID); series.add(ds.SeriesInstanceUID)
print(json.dumps({"differing": sorted(differing), "pixels": pixels, "frames": frames, "sops": len(sops), "series": len(series), "new": not series & {s.SeriesInstanceUID for _, s in sources.values()}}))
`;

/** Puts the tiles of each mosaic together again by pydicom, in order of their positions; prints JSON. */
const COMPARE_TILES = `
import hashlib, json, os, sys, numpy, pydicom
${DIFFER}
source_dir, out_dir = sys.argv[1:3]
sources = {ds.SOPInstanceUID: ds for ds in (pydicom.dcmread(os.path.join(source_dir, name)) for name in sorted(os.listdir(source_dir)))}
tiles, differing, sops, series, numbers = {}, set(), set(), set(), []
for name in sorted(os.listdir(out_dir)):
    ds = pydicom.dcmread(os.path.join(out_dir, name))
    uid = ds.SourceImageSequence[0].ReferencedSOPInstanceUID
    assert "SpatialLocationsPreserved" not in ds.SourceImageSequence[0] and ds.ImageType[0] == "DERIVED" and "MOSAIC" not in ds.ImageType
    assert ds.SmallestImagePixelValue == ds.pixel_array.min() and ds.LargestImagePixelValue == ds.pixel_array.max()
    tiles.setdefault(uid, []).append(ds)
    differ(pydicom.dcmread(sources[uid].filename), pydicom.dcmread(os.path.join(out_dir, name)), "", differing)
    sops.add(ds.SOPInstanceUID); series.add(ds.SeriesInstanceUID); numbers.append(int(ds.InstanceNumber))
volumes, positions = [], []
for uid in sorted(tiles, key=lambda uid: int(sources[uid].InstanceNumber)):
    normal = numpy.cross(*numpy.array(sources[uid].ImageOrientationPatient).reshape(2, 3))
    placed = sorted(tiles[uid], key=lambda ds: numpy.dot(ds.ImagePositionPatient, normal))
    positions.append([[float(x) for x in ds.ImagePositionPatient] for ds in placed])
    volumes.append(hashlib.sha256(numpy.stack([ds.pixel_array for ds in placed]).astype("<u2").tobytes()).hexdigest())
print(json.dumps({"differing": sorted(differing), "volumes": volumes, "positions": positions, "numbers": numbers, "sops": len(sops), "series": len(series), "new": not series & {s.SeriesInstanceUID for s in sources.values()}}))
`;

interface Comparison {
  readonly differing: readonly string[];
  /** SHA-256 of the output's stored values by the name of the source file. */
  readonly pixels: Readonly<Record<string, string>>;
  readonly frames: number;
  readonly sops: number;
  readonly series: number;
  readonly new: boolean;
}

interface TileComparison extends Omit<Comparison, "pixels" | "frames"> {
  readonly volumes: readonly string[];
  readonly positions: readonly (readonly (readonly [number, number, number])[])[];
  readonly numbers: readonly number[];
}

interface Oracle {
  readonly files: readonly { readonly path: string; readonly pixel?: { readonly sha256: string } }[];
  readonly series: readonly { readonly path: string; readonly affineLPS: readonly (readonly number[])[]; readonly perVolume: readonly { readonly storedSha256: string }[] }[];
}

/** Series of `geometry` whose images are enhanced, and how many frames they have; those without a geometry and in colour are refused. */
const ENHANCED: readonly (readonly [name: string, frames: number, what: string])[] = [
  ["enhanced-ct-2-frames", 2, "CT, groups shared, frames against their order"],
  ["enhanced-philips-t1", 8, "MR, lengths defined"],
  ["enhanced-philips-dwi", 32, "MR, four phases in one instance"],
  ["enhanced-philips-fmri", 32, "MR, four phases in one instance"],
  ["enhanced-siemens", 8, "MR without shared groups"],
  ["enhanced-siemens-xa30-5_anat-T1w_acq-tfl", 96, "MR"],
  ["enhanced-siemens-xa30-8_gre_field_mapping", 66, "MR, a phase in each of two instances"],
  ["enhanced-siemens-xa30-dwi", 156, "MR, a phase in each of four instances"],
  ["multiframe-hyperfine", 8, "MR, Frame Type shared"],
  ["agfa-renamed-private-xa", 50, "MR perfusion, two instances"],
];
const MOSAICS = ["mosaic-ep2d_Asc_2", "mosaic-ep2d_Asc_HF_10"] as const;

/**
 * Dciodvfy of 2022 forbids in a DERIVED image what PS3.3 C.8.13.4 lets be: "Required if Image Type Value 1 is ORIGINAL or MIXED.
 * May be present otherwise."
 */
const WRONG_FINDING = /^Error - Attribute present when condition unsatisfied .* Module=<MRPulseSequence>$/;

/** Findings of some files of a directory, the first ones always. A UID that is none is so wherever it stands. */
function findingsIn(directory: string): string[] {
  return readdirSync(directory).flatMap((name, i) => (i % 12 === 0 || i < 4 ? findings(join(directory, name)) : [])).map((line) => line.replace(/(Illegal root for UID - "[^"]*") in .*/, "$1"));
}

function newFindings(source: string, output: string): string[] {
  const known = new Set(findingsIn(source));
  return [...new Set(findingsIn(output))].filter((line) => !known.has(line) && !WRONG_FINDING.test(line));
}

function newFindingsTogether(source: string, output: string): string[] {
  const known = new Set(findingsTogether(source));
  return [...new Set(findingsTogether(source, output))].filter((line) => !known.has(line));
}

function judged<T>(script: string, source: string, output: string): T {
  const python = spawnSync(PYTHON, ["-c", script, source, output], { encoding: "utf8", maxBuffer: 1 << 26 });
  if (python.status !== 0) throw new Error(python.stderr);
  return JSON.parse(python.stdout) as T;
}

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

async function written(source: string): Promise<{ output: string; summary: WriteSummary | undefined }> {
  const result = await writeIdentity(source, "template-range");
  directories.push(result.output);
  return result;
}

/** A directory with what a program of dcmtk makes of the files of another. */
function made(source: string, program: string, ...options: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), "hilum-dicom-writer-made-"));
  directories.push(directory);
  for (const name of readdirSync(source)) {
    const { status, stderr } = spawnSync(program, [...options, join(source, name), join(directory, name)], { encoding: "latin1" });
    if (status !== 0) throw new Error(stderr);
  }
  return directory;
}

describe.skipIf(why !== "")(title("a derived enhanced series with unchanged voxels"), () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = JSON.parse(readFileSync(join(DATA, "oracle.json"), "utf8")) as Oracle;
  });

  describe.each(ENHANCED)("%s: %i frames, %s", (name, frames) => {
    const source = join(DATA, "geometry", name);
    let output: string;
    let summary: WriteSummary | undefined;
    let comparison: Comparison;

    beforeAll(async () => {
      ({ output, summary } = await written(source));
      comparison = judged(COMPARE, source, output);
    });

    it("has one instance of as many frames for each of the source, and clips nothing", () => {
      const instances = readdirSync(source).length;
      expect(summary?.facts).toMatchObject({ instances, clippedVoxels: 0 });
      expect(comparison).toMatchObject({ frames, sops: instances, series: 1, new: true });
    });

    it("stores exactly the values that the oracle has of the source, frame by frame", () => {
      const expected = oracle.files.filter(({ path }) => path.startsWith(`geometry/${name}/`)).map(({ path, pixel }) => [path.slice(path.lastIndexOf("/") + 1), pixel?.sha256]);
      expect(comparison.pixels).toEqual(Object.fromEntries(expected));
    });

    it("differs from its source, by pydicom, in what is meant and nothing else", () => {
      expect(comparison.differing.filter((path) => !MEANT.has(path))).toEqual([]);
    });

    it("is read by dcmdump and gdcmdump without a word", () => {
      const { status, stderr } = spawnSync("dcmdump", ["-q", "+sd", output], { encoding: "latin1", maxBuffer: 1 << 28 });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(readdirSync(output).map((file) => spawnSync("gdcmdump", [join(output, file)]).status)).toEqual(readdirSync(output).map(() => 0));
    });

    it("becomes the same voxels at the same places as its source, by dcm2niix", () => {
      expect(volumesOf(output)).toEqual(volumesOf(source));
      expect(volumesOf(output)).not.toEqual([]);
    });

    it("gives dciodvfy and dcentvfy no error and no warning that the source did not give", () => {
      expect(newFindings(source, output)).toEqual([]);
      expect(newFindingsTogether(source, output)).toEqual([]);
    });
  });

  it.each([
    ["RLE", "dcmcrle", []],
    ["big endian", "dcmconv", ["+tb"]],
    ["implicit VR", "dcmconv", ["+ti"]],
    ["explicit VR with defined lengths", "dcmconv", ["+e"]],
  ] as const)("is the same of a template in %s", async (what, program, options) => {
    const source = join(DATA, "geometry/enhanced-siemens");
    const template = made(source, program, ...options);
    const { output } = await written(template);
    // Values of big endian data have other bytes.
    const { pixels, differing } = judged<Comparison>(COMPARE, what === "big endian" ? source : template, output);
    const path = `geometry/enhanced-siemens/${readdirSync(source)[0]}`;
    expect(Object.values(pixels)).toEqual([oracle.files.find((file) => file.path === path)?.pixel?.sha256]);
    expect(differing.filter((tags) => !MEANT.has(tags))).toEqual([]);
  });

  it("is written of Legacy Converted Enhanced MR too", async () => {
    const source = made(join(DATA, "geometry/enhanced-philips-t1"), "dcmconv");
    for (const name of readdirSync(source)) expect(spawnSync("dcmodify", ["-nb", "-m", "SOPClassUID=1.2.840.10008.5.1.4.1.1.4.4", join(source, name)]).status).toBe(0);
    const { output } = await written(source);
    expect(judged<Comparison>(COMPARE, source, output).differing.filter((path) => !MEANT.has(path))).toEqual([]);
    expect(newFindings(source, output)).toEqual([]);
  });
});

describe.skipIf(why !== "").each(MOSAICS)(title("the single frames of %s with unchanged voxels"), (name) => {
  const source = join(DATA, "geometry", name);
  let output: string;
  let comparison: TileComparison;
  let oracle: Oracle["series"][number];

  beforeAll(async () => {
    ({ output } = await written(source));
    comparison = judged(COMPARE_TILES, source, output);
    oracle = (JSON.parse(readFileSync(join(DATA, "oracle.json"), "utf8")) as Oracle).series.find(({ path }) => path === `geometry/${name}`) as Oracle["series"][number];
  });

  it("are as many as the mosaics have tiles, each with a UID and a number of its own", () => {
    expect(comparison).toMatchObject({ sops: 144, series: 1, new: true });
    expect(comparison.numbers).toEqual(Array.from({ length: 144 }, (_, i) => i + 1));
  });

  it("store exactly the values that the oracle has of the source", () => {
    expect(comparison.volumes).toEqual(oracle.perVolume.map(({ storedSha256 }) => storedSha256));
  });

  it("lie where the oracle has the slices", () => {
    for (const volume of comparison.positions)
      for (const [k, position] of volume.entries())
        for (const [axis, value] of position.entries()) {
          const [, , step, origin] = oracle.affineLPS[axis] as readonly [number, number, number, number];
          expect(value).toBeCloseTo(origin + k * step, 3);
        }
  });

  it("differ from their mosaic, by pydicom, in what is meant and nothing else", () => {
    expect(comparison.differing.filter((path) => !MEANT_OF_TILES.has(path))).toEqual([]);
  });

  it("become the same volumes at the same place as the mosaics, by dcm2niix", () => {
    const [[ofTiles], [ofMosaics]] = [niftiOf(output), niftiOf(source)] as [[Buffer], [Buffer]];
    expect(ofTiles.subarray(40, 56)).toEqual(ofMosaics.subarray(40, 56));
    expect(ofTiles.subarray(352).equals(ofMosaics.subarray(352))).toBe(true);
    // NIfTI-1: pixdim at 76, srow at 280, float32; dcm2niix places mosaics by the CSA header, whose numbers have eight digits.
    for (const at of [...Array.from({ length: 8 }, (_, i) => 76 + 4 * i), ...Array.from({ length: 12 }, (_, i) => 280 + 4 * i)])
      expect(Math.abs(ofTiles.readFloatLE(at) - ofMosaics.readFloatLE(at))).toBeLessThan(1e-4);
  });

  it("give dciodvfy and dcentvfy no error and no warning that the source did not give", () => {
    expect(newFindings(source, output)).toEqual([]);
    expect(newFindingsTogether(source, output)).toEqual([]);
  });
});
