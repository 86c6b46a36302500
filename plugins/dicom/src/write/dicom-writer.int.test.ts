import { spawn, spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { WriteSummary } from "@hilum/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DicomReadOptions } from "../read/dicom-reader.ts";
import { writeIdentity } from "./identity-job.test-support.ts";
import { absent, DATA, findings, findingsTogether, inflated, PYTHON, volumesOf } from "./outside-judges.test-support.ts";

const why = absent();

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
  "00280108", // Smallest Pixel Value in Series
  "00280109", // Largest Pixel Value in Series
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
differing, pixels, sops, series = set(), {}, set(), set()
UNCOMPRESSED = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"}
LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81"}
for name in sorted(os.listdir(out_dir)):
    path = os.path.join(out_dir, name)
    ds = pydicom.dcmread(path)
    source_name, source = sources[ds.SourceImageSequence[0].ReferencedSOPInstanceUID]
    assert source_name not in pixels
    syntax = source.file_meta.TransferSyntaxUID
    compressed = syntax not in UNCOMPRESSED
    little = syntax != "1.2.840.10008.1.2.2"
    here = set()
    for tag in set(ds.keys()) | set(source.keys()):
        if tag.element == 0 or (tag.group == 0x7FE0 and compressed): continue
        # Values of big endian data have other bytes.
        a, b = (source.get_item(tag), ds.get_item(tag)) if little else (source.get(tag), ds.get(tag))
        if a is None or b is None or a.VR != b.VR or a.value != b.value: here.add("%04X%04X" % (tag.group, tag.element))
    if ds.PixelData == source.PixelData or not little: here.discard("7FE00010")
    # From here on pydicom changes what it holds: elements are decoded.
    stored, signed = ds.pixel_array, ds.PixelRepresentation
    # Sources that told their extremes wrong are put right.
    for keyword, true in (("SmallestImagePixelValue", stored.min()), ("LargestImagePixelValue", stored.max())):
        if keyword in ds and ds[keyword].value == true and ds[keyword].VR == ("SS" if signed else "US"): here.discard("%08X" % ds[keyword].tag)
    differing |= here
    if syntax in LOSSY: assert ds.LossyImageCompression == "01"
    pixels[source_name] = hashlib.sha256(stored.astype(("<i" if signed else "<u") + str(ds.BitsAllocated // 8)).tobytes()).hexdigest()
    sops.add(ds.SOPInstanceUID); series.add(ds.SeriesInstanceUID)
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
    assert ds.file_meta.TransferSyntaxUID == ("1.2.840.10008.1.2" if syntax == "1.2.840.10008.1.2" else "1.2.840.10008.1.2.1")
    assert ds.FrameOfReferenceUID == source.FrameOfReferenceUID if "FrameOfReferenceUID" in source else True
    with open(path, "rb") as file: assert file.read(132) == bytes(128) + b"DICM"
print(json.dumps({"differing": sorted(differing), "pixels": pixels, "sops": len(sops), "series": len(series), "sameSeries": len(series & {s.SeriesInstanceUID for _, s in sources.values()})}))
`;

/** Real values of source and output by pydicom alone, and what the output says of itself; prints JSON. */
const DECODE = `
import json, os, sys, numpy, pydicom
from pydicom.pixel_data_handlers.util import apply_modality_lut
source_dir, out_dir = sys.argv[1:3]
sources = {}
for name in sorted(os.listdir(source_dir)):
    ds = pydicom.dcmread(os.path.join(source_dir, name))
    sources[ds.SOPInstanceUID] = ds
worst, rows = 0.0, []
for name in sorted(os.listdir(out_dir)):
    ds = pydicom.dcmread(os.path.join(out_dir, name))
    source = sources[ds.SourceImageSequence[0].ReferencedSOPInstanceUID]
    asked = apply_modality_lut(source.pixel_array, source).astype("f8")
    if "RealWorldValueMappingSequence" in ds:
        item = ds.RealWorldValueMappingSequence[0]
        slope, intercept = item.RealWorldValueSlope, item.RealWorldValueIntercept
        assert "RescaleSlope" not in ds and ds.PixelRepresentation == 0
    else:
        slope, intercept = float(ds.RescaleSlope), float(ds.RescaleIntercept)
        assert ds.PixelRepresentation == 1 and (ds.Modality != "PT" or intercept == 0)
        assert len(ds.RescaleSlope.original_string) <= 16
    stored = ds.pixel_array.astype("f8")
    keep = stored != (ds.PixelPaddingValue if "PixelPaddingValue" in ds else -99999)
    was_padding = source.pixel_array == source.PixelPaddingValue if "PixelPaddingValue" in source and ds.Modality in ("CT", "PT") else numpy.zeros(keep.shape, bool)
    assert (keep == ~was_padding).all()
    # Voxels go through float32 on their way.
    rounded = numpy.spacing(numpy.abs(asked).astype("f4")) / 2
    worst = max(worst, float(((numpy.abs(stored * slope + intercept - asked) - rounded) / slope)[keep].max()))
    rows.append([float(slope), int(was_padding.sum()), [ds.BitsAllocated, ds.BitsStored, ds.HighBit]])
print(json.dumps({"worst": worst, "rows": rows}))
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
  readonly lossy?: boolean;
  readonly pixel?: { readonly sha256: string };
}

/** In transfer syntaxes that dcm2niix does not read; what is written of them it does. */
const UNREAD_BY_DCM2NIIX: ReadonlySet<string> = new Set([
  "geometry/compressed-series-jpegls",
  "transfer-syntaxes/pydicom/image_dfl.dcm",
  "transfer-syntaxes/wg04-ct2-signed/CT2_HTJ2K_RPCL.dcm",
  "transfer-syntaxes/pydicom/JPGExtended.dcm",
  "transfer-syntaxes/wg04-mr4/MR4_JPLY.dcm",
]);

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Resolves when somebody listens. */
async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("storescp did not begin to listen");
}

/** Of some files of a directory, the first ones always. */
function findingsIn(directory: string): string[] {
  return readdirSync(directory).flatMap((name, i) => (i % 12 === 0 || i < 4 ? findings(inflated(join(directory, name))) : []));
}

/** Directories of `geometry`, of which the first series is taken, and single files. */
const SERIES: readonly { readonly path: string; readonly what: string; readonly reading?: Partial<DicomReadOptions> }[] = [
  { path: "breast-mri-nact-pilot", what: "180 MR, explicit VR, signed 16 bits" },
  { path: "geometry/hitachi-double-oblique", what: "MR, implicit VR, signed 12 bits" },
  { path: "geometry/philips-coronal-oblique", what: "MR, implicit VR, unsigned 12 bits" },
  { path: "geometry/pet-per-slice-slope", what: "PET with a slope for each slice" },
  { path: "geometry/pet-single", what: "one PET image" },
  { path: "geometry/per-slice-rescale-slope", what: "MR with a slope for each slice" },
  { path: "geometry/phase-siemens-slope2", what: "MR phase, slope 2 and intercept −4096, smallest and largest pixel value" },
  { path: "geometry/generic-mr-sagittal", what: "MR, sagittal, unsigned 12 bits" },
  { path: "geometry/ge-sagittal-oblique", what: "MR" },
  { path: "geometry/multi-echo-gre-siemens", what: "MR, several phases" },
  { path: "geometry/two-volumes-no-temporal-tags", what: "two phases" },
  { path: "geometry/dwi-ge", what: "MR diffusion" },
  { path: "geometry/dwi-philips-b0-b1000", what: "MR diffusion" },
  { path: "geometry/dwi-siemens-classic", what: "MR diffusion" },
  { path: "geometry/dwi-toshiba-double-oblique", what: "MR diffusion" },
  { path: "geometry/fmri-ge", what: "MR time series" },
  { path: "geometry/fmri-philips", what: "MR time series" },
  { path: "geometry/same-position-ct-perfusion", what: "CT, several phases at one position" },
  { path: "geometry/ct-gantry-tilt-philips", what: "CT, tilted gantry" },
  { path: "geometry/duplicate-file-same-uid", what: "CT, one file twice" },
  { path: "geometry/shuffled-reversed-instance-numbers", what: "CT, numbered against its order" },
  { path: "geometry/two-slices-only", what: "two slices" },
  { path: "geometry/fmri-ge-24", what: "MR time series of 24 volumes" },
  { path: "geometry/mixed-orientations-one-series", what: "MR, the first of two orientations" },
  { path: "geometry/two-series-one-folder", what: "MR, the first of two series" },
  { path: "geometry/position-jitter", what: "positions that are rounded" },
  { path: "geometry/missing-slice-ct", what: "CT, a slice is missing and filled in", reading: { onMissing: "pad" } },
  { path: "geometry/missing-slice-tilted-ct", what: "CT, tilted gantry, a slice is missing and filled in", reading: { onMissing: "pad" } },
  { path: "geometry/duplicate-slice", what: "one slice twice, of which the first is taken", reading: { onDuplicate: "first" } },
  { path: "geometry/rgb-j2k-series", what: "MR in colour, JPEG 2000" },
  { path: "geometry/compressed-series-j2k", what: "JPEG 2000" },
  { path: "geometry/compressed-series-jpeg-lossless", what: "JPEG lossless" },
  { path: "geometry/compressed-series-jpegls", what: "JPEG-LS" },
  { path: "geometry/compressed-series-rle", what: "RLE" },
  { path: "transfer-syntaxes/pydicom/MR_small_bigendian.dcm", what: "big endian" },
  { path: "transfer-syntaxes/pydicom/image_dfl.dcm", what: "deflated" },
  { path: "transfer-syntaxes/wg04-ct2-signed/CT2_HTJ2K_RPCL.dcm", what: "HTJ2K, signed CT" },
  { path: "transfer-syntaxes/barre/CT_JPEG70.dcm", what: "JPEG lossless, CT with a padding value" },
  { path: "transfer-syntaxes/pydicom/JPGExtended.dcm", what: "JPEG Extended, lossy" },
  { path: "transfer-syntaxes/wg04-mr4/MR4_JPLY.dcm", what: "JPEG Extended, lossy" },
];

describe.skipIf(why !== "")(`a derived series with slopes of its own${why === "" ? "" : ` (skipped: ${why})`}`, () => {
  it.each([
    ["geometry/ct-gantry-tilt-philips", "full-range"],
    ["geometry/same-position-ct-perfusion", "full-range"],
    ["geometry/pet-per-slice-slope", "full-range"],
    ["geometry/generic-mr-sagittal", "mr-rwvm"],
    ["geometry/per-slice-rescale-slope", "mr-rwvm"],
    ["geometry/phase-siemens-slope2", "mr-rwvm"],
    ["geometry/hitachi-double-oblique", "mr-rwvm"],
  ] as const)("%s by %s is within half a slope of its source, by pydicom, and dciodvfy finds nothing new", async (path, rescale) => {
    const source = join(DATA, path);
    const { output, summary } = await writeIdentity(source, rescale);
    try {
      expect(summary?.facts).toMatchObject({ clippedVoxels: 0, rescale });
      const python = spawnSync(PYTHON, ["-c", DECODE, source, output], { encoding: "utf8" });
      expect(python.stderr).toBe("");
      const { worst, rows } = JSON.parse(python.stdout) as { worst: number; rows: readonly (readonly [number, number, readonly number[]])[] };
      expect(worst).toBeLessThanOrEqual(0.501);
      for (const [, , bits] of rows) expect(bits).toEqual([16, 16, 15]);
      const known = new Set(findingsIn(source));
      expect([...new Set(findingsIn(output).filter((line) => !known.has(line)))]).toEqual([]);
    } finally {
      rmSync(output, { recursive: true, force: true });
    }
  });
});

describe.skipIf(why !== "")(`a derived series on its way to a PACS${why === "" ? "" : ` (skipped: ${why})`}`, () => {
  it("is taken by storescp from storescu, every instance of it, with the pixels that it had", async () => {
    const { output } = await writeIdentity(join(DATA, "geometry/pet-per-slice-slope"), "full-range");
    const received = mkdtempSync(join(tmpdir(), "hilum-dicom-writer-scp-"));
    const port = await freePort();
    const scp = spawn("storescp", ["+xe", "-od", received, `${port}`], { stdio: "ignore" });
    try {
      await listening(port);
      const { status, stderr } = spawnSync("storescu", ["-xe", "+sd", "127.0.0.1", `${port}`, output], { encoding: "latin1" });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const pixelsIn = (directory: string): string[] => readdirSync(directory).map((name) => hash("sha256", readFileSync(join(directory, name)).subarray(-168 * 168 * 2), "hex")).sort();
      expect(readdirSync(received)).toHaveLength(readdirSync(output).length);
      expect(pixelsIn(received)).toEqual(pixelsIn(output));
    } finally {
      scp.kill();
      for (const directory of [output, received]) rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe.skipIf(why !== "")(`a derived series with unchanged voxels${why === "" ? "" : ` (skipped: ${why})`}`, () => {
  let oracle: ReadonlyMap<string, string>;
  let lossy: ReadonlySet<string>;
  const directories: string[] = [];

  beforeAll(() => {
    const { files } = JSON.parse(readFileSync(join(DATA, "oracle.json"), "utf8")) as { files: OracleFile[] };
    lossy = new Set(files.filter((file) => file.lossy === true).map(({ path }) => path));
    oracle = new Map(files.flatMap(({ path, pixel }) => (pixel === undefined ? [] : [[path, pixel.sha256]])));
  });
  afterAll(() => {
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  });

  describe.each(SERIES)("$path: $what", ({ path, reading }) => {
    const isFile = path.endsWith(".dcm");
    let source: string;
    let output: string;
    let summary: WriteSummary | undefined;
    let comparison: Comparison;

    beforeAll(async () => {
      source = join(DATA, path);
      if (isFile) {
        const alone = mkdtempSync(join(tmpdir(), "hilum-dicom-writer-source-"));
        directories.push(alone);
        copyFileSync(source, join(alone, basename(path)));
        source = alone;
      }
      ({ output, summary } = await writeIdentity(source, "template-range", reading));
      directories.push(output);
      const python = spawnSync(PYTHON, ["-c", COMPARE, source, output], { encoding: "utf8", maxBuffer: 1 << 26 });
      if (python.status !== 0) throw new Error(python.stderr);
      comparison = JSON.parse(python.stdout) as Comparison;
    });

    it("clips nothing", () => {
      expect(summary?.facts).toMatchObject({ instances: readdirSync(output).length, clippedVoxels: 0 });
    });

    it("stores exactly the values that the oracle has of the source", () => {
      const names = Object.keys(comparison.pixels);
      const keyOf = (name: string): string => (isFile ? path : `${path}/${name}`);
      // Another decoder of lossy compression is right by other values.
      const exact = names.filter((name) => !lossy.has(keyOf(name)));
      expect(exact.map((name) => [name, comparison.pixels[name]])).toEqual(exact.map((name) => [name, oracle.get(keyOf(name))]));
      expect(names.length).toBe(readdirSync(output).length);
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

    it("is read by gdcmdump", () => {
      const statuses = readdirSync(output).slice(0, 8).map((name) => spawnSync("gdcmdump", [join(output, name)]).status);
      expect(new Set(statuses)).toEqual(new Set([0]));
    });

    it("becomes the same voxels at the same places as its source, by dcm2niix", () => {
      const names = Object.keys(comparison.pixels);
      const alone = mkdtempSync(join(tmpdir(), "hilum-dicom-writer-niix-"));
      directories.push(alone);
      // The first series of the source alone, as that is what was written.
      for (const name of names) copyFileSync(join(source, name), join(alone, name));
      const volumes = volumesOf(output);
      expect(volumes).toHaveLength(UNREAD_BY_DCM2NIIX.has(path) ? 1 : volumes.length);
      expect(UNREAD_BY_DCM2NIIX.has(path) ? [] : volumes).toEqual(volumesOf(alone));
    });

    it("gives dciodvfy no error and no warning that the source did not give", () => {
      const known = new Set(findingsIn(source));
      const news = findingsIn(output);
      expect([...new Set(news.filter((line) => !known.has(line)))]).toEqual([]);
    });

    it("shares patient, study and frame of reference with its source, by dcentvfy, and contradicts itself nowhere", () => {
      const known = new Set(findingsTogether(source));
      expect([...new Set(findingsTogether(source, output).filter((line) => !known.has(line)))]).toEqual([]);
    });
  });
});
