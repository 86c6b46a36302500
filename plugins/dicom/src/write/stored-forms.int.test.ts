import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { isHilumError } from "@hilum/core";
import { afterAll, describe, expect, it } from "vitest";
import { writeIdentity } from "./identity-job.test-support.ts";
import { absent, DATA, findings, inflated, PYTHON } from "./outside-judges.test-support.ts";

const why = absent();
const title = (text: string): string => (why === "" ? text : `${text} (skipped: ${why})`);

/**
 * Reads a source and what became of it by pydicom. Prints SHA-256 of the latter's stored values by the rules of the oracle (samples side by
 * side, bits beside Bits Stored dropped and the sign extended), and what of its header says how they lie, where that is not the source's.
 */
const READ = `
import hashlib, sys, warnings, numpy, pydicom
warnings.simplefilter("ignore")
FORM = ("Rows", "Columns", "SamplesPerPixel", "PlanarConfiguration", "PhotometricInterpretation", "NumberOfFrames", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation")
source, ds = map(pydicom.dcmread, sys.argv[1:3])
values = ds.pixel_array
if 1 < ds.BitsAllocated != ds.BitsStored:
    above = ds.BitsAllocated - 1 - ds.HighBit
    values = (values << above) >> (ds.BitsAllocated - ds.BitsStored)
print(hashlib.sha256(values.astype(values.dtype.newbyteorder("<")).tobytes()).hexdigest(), *[k for k in FORM if source.get(k) != ds.get(k)])
`;

/** Makes a Multi-frame Single Bit Secondary Capture image (PS3.3 A.8.2) of a segmentation, with the very same Pixel Data. */
const AS_SECONDARY_CAPTURE = `
import sys, pydicom
ds = pydicom.dcmread(sys.argv[1])
ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7.1"
ds.Modality = "OT"
for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "DimensionIndexSequence", "DimensionOrganizationSequence", "SegmentSequence"): del ds[keyword]
ds.save_as(sys.argv[1])
`;

const ORACLE: { readonly files: readonly { readonly path: string; readonly transferSyntax?: string; readonly pixel?: { readonly sha256: string } }[] } =
  why === "" ? JSON.parse(readFileSync(join(DATA, "oracle.json"), "utf8")) : { files: [] };
const NATIVE: ReadonlySet<string | undefined> = new Set(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"]);
const FOLDER = "transfer-syntaxes/";

/** Mosaics become single frames: multi-frame-writer.int.test.ts shows these to the same judges. */
const MOSAICS = /^(?:same-image-mr384|bits)\//;

/** What is not written, with the code of the error. */
const REFUSED: Readonly<Record<string, string>> = {
  // Enhanced and multi-frame MR without an image position, which the reader asks for.
  "pydicom/emri_small.dcm": "MISSING_ATTRIBUTE",
  "pydicom/emri_small_big_endian.dcm": "MISSING_ATTRIBUTE",
  "barre/MR_Explicit_Little_MultiFrame.dcm": "MISSING_ATTRIBUTE",
  // Segmentations are not read as images.
  "pydicom/liver.dcm": "UNRECOGNIZED_FORMAT",
  "pydicom/liver_1frame.dcm": "UNRECOGNIZED_FORMAT",
  "pydicom/liver_expb.dcm": "UNRECOGNIZED_FORMAT",
  "pydicom/liver_expb_1frame.dcm": "UNRECOGNIZED_FORMAT",
  "pydicom/liver_nonbyte_aligned.dcm": "UNRECOGNIZED_FORMAT",
  // Stored values up to 2³² - 1, which float32 does not tell apart.
  "pydicom/SC_rgb_32bit.dcm": "UNSUPPORTED_VOXEL_FORMAT",
  "pydicom/SC_rgb_expb_32bit_2frame.dcm": "UNSUPPORTED_VOXEL_FORMAT",
  "pydicom/parametric_map_double_float.dcm": "UNSUPPORTED_WRITE",
  "pydicom/parametric_map_float.dcm": "UNSUPPORTED_WRITE",
};

/** Every uncompressed file of transfer-syntaxes/ that is no mosaic, and the SHA-256 of its stored values. */
const FILES = ORACLE.files
  .filter(({ path, transferSyntax }) => path.startsWith(FOLDER) && NATIVE.has(transferSyntax))
  .map(({ path, pixel }) => ({ file: path.slice(FOLDER.length), sha256: pixel?.sha256 }))
  .filter(({ file }) => !MOSAICS.test(file));

const directories: string[] = [];
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true, force: true })));

/** Copies a file into a directory of its own. */
function copied(file: string): string {
  const directory = mkdtempSync(join(tmpdir(), "hilum-stored-forms-"));
  directories.push(directory);
  const source = join(directory, basename(file));
  copyFileSync(join(DATA, FOLDER, file), source);
  return source;
}

/** Writes the one series of a file into its own header. @returns the file that was written, or the code of the error. */
async function written(source: string): Promise<{ path: string } | { code: string }> {
  try {
    const { output } = await writeIdentity(dirname(source), "template-range");
    directories.push(output);
    const [name = "", ...more] = readdirSync(output);
    expect(more).toEqual([]);
    return { path: join(output, name) };
  } catch (error) {
    if (isHilumError(error)) return { code: `${error.code}` };
    throw error;
  }
}

/** What dciodvfy says of a file; a bad UID of the source is said again where it is referred to. */
function findingsOf(path: string): readonly string[] {
  return findings(inflated(path)).map((line) => line.replace(/(Illegal root for UID - "[^"]*").*/, "$1"));
}

async function expectSame(source: string, sha256: string | undefined): Promise<void> {
  const result = await written(source);
  if ("code" in result) return expect(result.code).toBe("written");
  const { stdout, stderr } = spawnSync(PYTHON, ["-c", READ, source, result.path], { encoding: "utf8" });
  expect(`${stdout}${stderr}`).toBe(`${sha256}\n`);
  const before = new Set(findingsOf(source));
  expect(findingsOf(result.path).filter((line) => !before.has(line))).toEqual([]);
}

describe("the identity job on uncompressed files of every form", () => {
  it.skipIf(why !== "").each(FILES.filter(({ file }) => !(file in REFUSED)))(title("keeps the stored values of $file, and adds nothing for dciodvfy to find"), ({ file, sha256 }) =>
    expectSame(copied(file), sha256),
  );

  it.skipIf(why !== "").each(FILES.filter(({ file }) => file.startsWith("pydicom/liver")))(title("keeps the single bits of $file, as a Secondary Capture image"), async ({ file, sha256 }) => {
    const source = copied(file);
    expect(spawnSync(PYTHON, ["-c", AS_SECONDARY_CAPTURE, source], { encoding: "utf8" }).stderr).toBe("");
    await expectSame(source, sha256);
  });

  it.skipIf(why !== "").each(["trailing-garbage", "one-byte-short"])(title("leaves out what stands behind the data set of %s, or was cut there, and dcmdump reads it again"), async (name) => {
    const path = `malformed/made/${name}.dcm`;
    const source = copied(`../${path}`);
    const dcmdump = (file: string): number | null => spawnSync("dcmdump", ["-q", file]).status;
    expect(dcmdump(source)).not.toBe(0);
    const result = await written(source);
    if ("code" in result) return expect(result.code).toBe("written");
    expect(dcmdump(result.path)).toBe(0);
    const { stdout, stderr } = spawnSync(PYTHON, ["-c", READ, source, result.path], { encoding: "utf8" });
    expect(`${stdout}${stderr}`).toBe(`${ORACLE.files.find((file) => file.path === path)?.pixel?.sha256}\n`);
  });

  it.skipIf(why !== "").each(Object.entries(REFUSED))(title("refuses %s with %s"), async (file, code) => {
    expect(await written(copied(file))).toEqual({ code });
  });
});
