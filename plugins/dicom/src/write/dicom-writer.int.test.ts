import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { slabOver, sliceLengthOf, type ImageSeries, type ProcessingStep, type SeriesSpec, type Slab, type WriteSummary } from "@hilum/core";
import { codecContext, memorySink, memorySource, saveFiles } from "@hilum/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dicomReader } from "../read/dicom-reader.ts";
import { dicomWriter } from "./dicom-writer.ts";

const DATA = fileURLToPath(new URL("../../../../../shared/data/", import.meta.url));
const PYTHON = "/usr/bin/python3";

function absent(): string {
  if (!existsSync(join(DATA, "oracle.json"))) return "the shared data are not here";
  if (spawnSync(PYTHON, ["-c", "import pydicom, numpy"]).status !== 0) return "the system Python has no pydicom";
  const missing = ["dcmdump", "dciodvfy", "dcentvfy"].filter((tool) => spawnSync("which", [tool]).status !== 0);
  return missing.length === 0 ? "" : `${missing.join(", ")} not installed`;
}
const why = absent();

const BLUR: ProcessingStep = {
  processor: "gaussian-blur",
  program: "@hilum/plugin-gaussian-blur 0.1.0",
  config: { sigmaMm: 1 },
  derivation: { description: "3D Gaussian blur, sigma 1 mm", code: { value: "113088", scheme: "DCM", meaning: "Gaussian blur" } },
};

/** What a derived instance may differ in; dicom.md §4. Everything else has to be the template's. */
const MEANT: ReadonlySet<string> = new Set([
  "00080008", // Image Type
  "00080012", // Instance Creation Date
  "00080013", // Instance Creation Time
  "00080018", // SOP Instance UID
  "00080023", // Content Date
  "00080033", // Content Time
  "0008103E", // Series Description
  "00082111", // Derivation Description
  "00082112", // Source Image Sequence
  "00089215", // Derivation Code Sequence
  "0018A001", // Contributing Equipment Sequence
  "0020000E", // Series Instance UID
  "00200011", // Series Number
  "00880200", // Icon Image Sequence: shows the pixels of the source
]);

/** Compares every output with its source (named in Source Image Sequence) by pydicom; prints JSON. */
const COMPARE = `
import hashlib, json, os, sys, pydicom
source_dir, out_dir = sys.argv[1:3]
sources = {}
for name in sorted(os.listdir(source_dir)):
    ds = pydicom.dcmread(os.path.join(source_dir, name), force=True)
    if "PixelData" in ds: sources[ds.SOPInstanceUID] = (name, ds)
differing, pixels, sops, series, meta = set(), {}, set(), set(), []
for name in sorted(os.listdir(out_dir)):
    path = os.path.join(out_dir, name)
    ds = pydicom.dcmread(path)
    source_name, source = sources[ds.SourceImageSequence[0].ReferencedSOPInstanceUID]
    assert source_name not in pixels
    for tag in set(ds.keys()) | set(source.keys()):
        if tag.element == 0: continue
        a, b = source.get_item(tag), ds.get_item(tag)
        if a is None or b is None or a.VR != b.VR or a.value != b.value: differing.add("%04X%04X" % (tag.group, tag.element))
    if ds.PixelData == source.PixelData: differing.discard("7FE00010")
    stored = ds.pixel_array
    bits, signed = ds.BitsStored, ds.PixelRepresentation
    pixels[source_name] = hashlib.sha256(stored.astype(("<i" if signed else "<u") + str(ds.BitsAllocated // 8)).tobytes()).hexdigest()
    sops.add(ds.SOPInstanceUID); series.add(ds.SeriesInstanceUID)
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
    assert ds.file_meta.TransferSyntaxUID == source.file_meta.TransferSyntaxUID
    assert ds.FrameOfReferenceUID == source.FrameOfReferenceUID if "FrameOfReferenceUID" in source else True
    with open(path, "rb") as file: assert file.read(132) == bytes(128) + b"DICM"
print(json.dumps({"differing": sorted(differing), "pixels": pixels, "sops": len(sops), "series": len(series), "sameSeries": len(series & {s.SeriesInstanceUID for _, s in sources.values()})}))
`;

interface Comparison {
  readonly differing: readonly string[];
  /** SHA-256 of the output's stored values by the name of the source file. */
  readonly pixels: Readonly<Record<string, string>>;
  readonly sops: number;
  readonly series: number;
  readonly sameSeries: number;
}

interface OracleFile {
  readonly path: string;
  readonly pixel?: { readonly sha256: string };
}

function openDirectory(directory: string) {
  const names = readdirSync(directory).filter((name) => statSync(join(directory, name)).isFile());
  return memorySource(
    names.map((name) => ({ name, bytes: readFileSync(join(directory, name)) })),
    { kind: "directory" },
  );
}

async function* slabsOf(series: ImageSeries): AsyncGenerator<Slab> {
  const { size } = series.volume.geometry;
  const sliceLength = sliceLengthOf(series.volume);
  const depth = 7;
  const lent = new Float32Array(depth * sliceLength);
  const lentMask = new Uint8Array(depth * size[0] * size[1]);
  for (const [phase] of series.phases.entries())
    for (let start = 0; start < size[2]; start += depth) {
      const count = Math.min(depth, size[2] - start);
      const mask = series.volume.masked ? lentMask.subarray(0, count * size[0] * size[1]) : undefined;
      const slab = slabOver({ phase, start, count, sliceLength }, lent.subarray(0, count * sliceLength), mask);
      await series.read(slab);
      yield slab;
    }
}

/** Lines of dciodvfy on one file; both streams, since findings go to stderr. */
function findings(path: string): string[] {
  const { stdout, stderr } = spawnSync("dciodvfy", [path], { encoding: "latin1" });
  return `${stdout}\n${stderr}`.split("\n").filter((line) => /^(?:Error|Warning)| - (?:Error|Warning) - /.test(line));
}

const SERIES: readonly (readonly [directory: string, what: string])[] = [
  ["breast-mri-nact-pilot", "180 MR, explicit VR, signed 16 bits"],
  ["geometry/hitachi-double-oblique", "MR, implicit VR, signed 12 bits"],
  ["geometry/philips-coronal-oblique", "MR, implicit VR, unsigned 12 bits"],
  ["geometry/pet-per-slice-slope", "PET with a slope for each slice"],
  ["geometry/per-slice-rescale-slope", "MR with a slope for each slice"],
  ["geometry/phase-siemens-slope2", "MR phase, slope 2 and intercept −4096, smallest and largest pixel value"],
  ["geometry/generic-mr-sagittal", "MR, sagittal, unsigned 12 bits"],
  ["geometry/multi-echo-gre-siemens", "MR, several phases"],
  ["geometry/same-position-ct-perfusion", "CT, several phases at one position"],
];

describe.skipIf(why !== "")(`a derived series with unchanged voxels${why === "" ? "" : ` (skipped: ${why})`}`, () => {
  let oracle: ReadonlyMap<string, string>;
  const directories: string[] = [];

  beforeAll(() => {
    const { files } = JSON.parse(readFileSync(join(DATA, "oracle.json"), "utf8")) as { files: OracleFile[] };
    oracle = new Map(files.flatMap(({ path, pixel }) => (pixel === undefined ? [] : [[path, pixel.sha256]])));
  });
  afterAll(() => {
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  });

  describe.each(SERIES)("%s: %s", (directory) => {
    const source = join(DATA, directory);
    let output: string;
    let summary: WriteSummary | undefined;
    let comparison: Comparison;

    beforeAll(async () => {
      const context = codecContext();
      const [series] = (await dicomReader.open(openDirectory(source), { padding: "auto" }, context)) as [ImageSeries];
      const derived: SeriesSpec = { ...series, history: [BLUR] };
      const { sink, files } = memorySink();
      summary = await dicomWriter.write({ series: derived, template: series, options: { seriesNumberOffset: 1000 } }, slabsOf(series), sink, context);
      output = mkdtempSync(join(tmpdir(), "hilum-dicom-writer-"));
      directories.push(output);
      saveFiles(output, [...files].map(([name, file]) => ({ name, bytes: file.bytes() })));
      const python = spawnSync(PYTHON, ["-c", COMPARE, source, output], { encoding: "utf8", maxBuffer: 1 << 26 });
      if (python.status !== 0) throw new Error(python.stderr);
      comparison = JSON.parse(python.stdout) as Comparison;
    });

    it("clips nothing", () => {
      expect(summary?.facts).toMatchObject({ instances: readdirSync(output).length, clippedVoxels: 0 });
    });

    it("stores exactly the values that the oracle has of the source", () => {
      const expected = Object.keys(comparison.pixels).map((name) => [name, oracle.get(`${directory}/${name}`)]);
      expect(Object.entries(comparison.pixels)).toEqual(expected);
      expect(expected.length).toBe(readdirSync(output).length);
    });

    it("differs from its source, by pydicom, in what is meant and nothing else", () => {
      expect(comparison.differing.filter((tag) => !MEANT.has(tag))).toEqual([]);
    });

    it("has new SOP Instance UIDs, each once, and one new Series Instance UID", () => {
      expect(comparison).toMatchObject({ sops: readdirSync(output).length, series: 1, sameSeries: 0 });
    });

    it("is read by dcmdump without a word", () => {
      const { status, stderr } = spawnSync("dcmdump", ["-q", "+sd", output], { encoding: "latin1", maxBuffer: 1 << 28 });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    });

    it("gives dciodvfy no error and no warning that the source did not give", () => {
      const known = new Set(readdirSync(source).flatMap((name, i) => (i % 6 === 0 || i < 12 ? findings(join(source, name)) : [])));
      const news = readdirSync(output).flatMap((name, i) => (i % 6 === 0 || i < 12 ? findings(join(output, name)) : []));
      expect([...new Set(news.filter((line) => !known.has(line)))]).toEqual([]);
    });

    it("shares patient, study and frame of reference with its source, by dcentvfy, and contradicts itself nowhere", () => {
      const linesOn = (...of: string[]): string[] => {
        const paths = of.flatMap((one) => readdirSync(one).map((name) => join(one, name)));
        const { stderr } = spawnSync("dcentvfy", paths, { encoding: "latin1", maxBuffer: 1 << 26 });
        // Which files contradict each other does not matter, only in what.
        return stderr.split("\n").filter((line) => /Error|Warning/.test(line)).map((line) => line.replace(/ for file .*/, ""));
      };
      const known = new Set(linesOn(source));
      expect([...new Set(linesOn(source, output).filter((line) => !known.has(line)))]).toEqual([]);
    });
  });
});
