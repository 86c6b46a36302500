import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { isHilumError } from "@hilum/core";
import { afterAll, describe, expect, it } from "vitest";
import { writeIdentity } from "./identity-job.test-support.ts";
import { absent, DATA, findings, findingsTogether, inflated, PYTHON, volumesOf } from "./outside-judges.test-support.ts";

const why = absent();
const title = (text: string): string => (why === "" ? text : `${text} (skipped: ${why})`);

/**
 * Reads a source and what became of it by pydicom. Prints SHA-256 of the latter's stored values by the rules of the oracle (samples side by
 * side, bits beside Bits Stored dropped and the sign extended), and the tags of what differs from the source at the top level and is not meant to
 * (dicom.md §4): of multi-frame ones also their functional groups and references, of smallest and largest pixel values wrong or more than 16 bits.
 */
const READ = `
import hashlib, sys, warnings, numpy, pydicom
warnings.simplefilter("ignore")
MEANT = """00080008 00080012 00080013 00080018 00080023 00080033 0008103E 00082111 00082112 00089215 0018A001 0020000E 00200011 00280106 00280107 00280108 00280109 00880200
  00081115 00089154 52009229 52009230""".split()
source, ds = map(pydicom.dcmread, sys.argv[1:3])
isLittle = source.file_meta.TransferSyntaxUID != "1.2.840.10008.1.2.2"
differing = []
for tag in sorted(set(source.keys()) | set(ds.keys())):
    # The stored values are compared as such: what stands beside them, in their words and behind the last, goes.
    if tag.element == 0 or "%08X" % tag in MEANT or tag == 0x7FE00010: continue
    # Values of big endian data have other bytes.
    a, b = (source.get_item(tag), ds.get_item(tag)) if isLittle else (source.get(tag), ds.get(tag))
    if a is None or b is None or a.VR != b.VR or a.value != b.value: differing.append("%08X" % tag)
values = ds.pixel_array
if 1 < ds.BitsAllocated != ds.get("BitsStored", ds.BitsAllocated):
    above = ds.BitsAllocated - 1 - ds.HighBit
    values = (values << above) >> (ds.BitsAllocated - ds.BitsStored)
print(hashlib.sha256(values.astype(values.dtype.newbyteorder("<")).tobytes()).hexdigest(), *differing)
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

/** Bytes in big-endian words, which dcm2niix leaves in pairs the wrong way round (gdcm and the oracle do not). */
const SWAPPED_BY_DCM2NIIX = /SC_rgb_small_odd_big_endian/;

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
  expect(spawnSync("dcmdump", ["-q", result.path], { encoding: "latin1", maxBuffer: 1 << 28 })).toMatchObject({ status: 0, stderr: "" });
  const before = new Set(findingsOf(source));
  expect(findingsOf(result.path).filter((line) => !before.has(line))).toEqual([]);
  const together = new Set(findingsTogether(dirname(source)).map((line) => line.replace(/ within file .*/, "")));
  // Of a class that it does not know, it says so for each file.
  expect(findingsTogether(dirname(source), dirname(result.path)).map((line) => line.replace(/ within file .*/, "")).filter((line) => !together.has(line))).toEqual([]);
  if (!SWAPPED_BY_DCM2NIIX.test(source)) expect(volumesOf(dirname(result.path))).toEqual(volumesOf(dirname(source)));
}

describe("the identity job on uncompressed files of every form", () => {
  it.skipIf(why !== "").each(FILES.filter(({ file }) => !(file in REFUSED)))(title("keeps the stored values and the header of $file, by pydicom, dcmdump, dcm2niix, dciodvfy and dcentvfy"), ({ file, sha256 }) =>
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
    expect(stderr).toBe("");
    // What was left out is the one difference.
    expect(stdout).toBe(`${ORACLE.files.find((file) => file.path === path)?.pixel?.sha256} ${name === "trailing-garbage" ? "ADDEEFBE" : "FFFCFFFC"}\n`);
  });

  it.skipIf(why !== "").each(Object.entries(REFUSED))(title("refuses %s with %s"), async (file, code) => {
    expect(await written(copied(file))).toEqual({ code });
  });
});
