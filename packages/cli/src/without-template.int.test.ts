import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { breast, findingsOf, missing, missingPython, outside, python, run, shared } from "./outside.test-support.ts";

const reason = missingPython("pydicom", "numpy") || missing("dciodvfy", "dcentvfy", "dcmdump");
const title = (text: string): string => (reason === false ? text : `${text} (skipped: ${reason})`);
const geometry = join(shared, "data/geometry");

/** What a derived instance says anew; everything else has the value of its source. */
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
  "0018A001", // Contributing Equipment Sequence
  "0020000E", // Series Instance UID
  "00200011", // Series Number
  "00280108", // Smallest Pixel Value in Series
  "00280109", // Largest Pixel Value in Series
  "00880200", // Icon Image Sequence: shows the pixels of the source
]);

/**
 * Every element of source and output by pydicom: decoded text without padding, DS and IS as the text that stands there, numbers,
 * bytes, items. Group lengths (retired) are not compared, nor is the text's encoding but for its name.
 */
const COMPARE = `
import json, os, sys, warnings, pydicom
warnings.simplefilter("ignore")
def plain(ds):
    values = {}
    for tag in ds.keys():
        if tag.element == 0: continue
        e = ds[tag]
        many = list(e.value) if e.VM > 1 else [] if e.value is None else [e.value]
        if e.VR == "SQ": values["%08X" % tag] = ("SQ", [plain(item) for item in e.value])
        elif e.VR in ("DS", "IS"): values["%08X" % tag] = (e.VR, [getattr(v, "original_string", str(v)).strip() for v in many])
        elif isinstance(e.value, bytes): values["%08X" % tag] = (e.VR, e.value.hex())
        else: values["%08X" % tag] = (e.VR, [v if isinstance(v, (int, float)) else str(v).strip() for v in many])
    return values
def images(directory):
    for name in sorted(os.listdir(directory)):
        ds = pydicom.dcmread(os.path.join(directory, name), force=True)
        if "PixelData" in ds: yield ds
sources = {ds.SOPInstanceUID: ds for ds in images(sys.argv[1])}
differing, private, compared, same, sets = set(), 0, 0, 0, set()
for ds in images(sys.argv[2]):
    source = sources[ds.SourceImageSequence[0].ReferencedSOPInstanceUID]
    same += (source.pixel_array == ds.pixel_array).all() and source.pixel_array.dtype == ds.pixel_array.dtype
    a, b = plain(source), plain(ds)
    differing |= {tag for tag in set(a) | set(b) if a.get(tag) != b.get(tag)}
    private += sum(int(tag[3], 16) % 2 for tag in b)
    compared += len(b)
    sets.add(str(ds.get("SpecificCharacterSet")))
    assert ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
print(json.dumps({"differing": sorted(differing), "private": private, "compared": compared, "same": int(same), "sources": len(sources), "sets": sorted(sets)}))
`;

interface Comparison {
  readonly differing: readonly string[];
  readonly private: number;
  readonly compared: number;
  readonly same: number;
  readonly sources: number;
  readonly sets: readonly string[];
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command that has to succeed. */
function succeed(...args: readonly string[]): void {
  const { status, stderr } = run("hilum", ...args, "--quiet");
  expect([status, stderr.includes("error")]).toEqual([0, false]);
}

/** A directory of one file. */
function alone(path: string): string {
  const directory = join(folder, "alone", basename(path));
  mkdirSync(directory, { recursive: true });
  copyFileSync(path, join(directory, basename(path)));
  return directory;
}

/** A series with a name that is no ASCII, by pydicom: none of the shared data has that and private elements too. */
function renamed(source: string): string {
  const directory = join(folder, "renamed");
  mkdirSync(directory, { recursive: true });
  const script = `
import os, sys, pydicom
for name in os.listdir(sys.argv[1]):
    ds = pydicom.dcmread(os.path.join(sys.argv[1], name))
    assert ds.SpecificCharacterSet == "ISO_IR 100"
    ds.PatientName = "J\u00e9r\u00f4me^Fran\u00e7oise"
    ds.save_as(os.path.join(sys.argv[2], name))
print("true")`;
  expect(python<boolean>(script, source, directory)).toBe(true);
  return directory;
}

function filesOf(directory: string): readonly string[] {
  return readdirSync(directory).map((name) => join(directory, name));
}

describe.skipIf(reason !== false)(title("DICOM to HDF5 with all metadata, and back without a template"), () => {
  const SERIES: readonly (readonly [name: string, source: () => string, facts: Partial<Comparison>, more: readonly string[]])[] = [
    ["180 breast MR", () => breast, { sources: 180, same: 180 }, []],
    ["CT, implicit VR, tilted", () => join(geometry, "ct-gantry-tilt-philips"), { sources: 6, same: 6 }, []],
    ["PET with a slope for each slice", () => join(geometry, "pet-per-slice-slope"), { sources: 8, same: 8 }, []],
    ["MR with private elements of up to 160 KB", () => join(geometry, "dwi-siemens-classic"), { sources: 8, same: 8 }, []],
    ["a Japanese name in ISO 2022", () => alone(join(shared, "data/charsets/chrH32.dcm")), { sources: 1, same: 1, sets: ["ISO_IR 192"] }, ["00080005"]],
    ["private elements beside a name in Latin-1", () => renamed(join(geometry, "phase-siemens-slope2")), { sources: 12, same: 12, sets: ["ISO_IR 192"] }, ["00080005"]],
  ];

  describe.each(SERIES)("%s", (name, source, facts, more) => {
    test.each(["none", "series"])("has every value and every pixel of its source, normalised by %s", (normalize) => {
      const at = join(folder, `${name.replaceAll(/\W/g, "-")}-${normalize}`);
      succeed("convert", source(), `${at}.h5`, "--metadata", "full", "--normalize", normalize);
      succeed("convert", `${at}.h5`, at);
      const found = python<Comparison>(COMPARE, source(), at);
      expect(found).toMatchObject(facts);
      expect(found.differing.filter((tag) => !MEANT.has(tag))).toEqual(more);
      expect(found.compared).toBeGreaterThan(30);
    });

    test("gives dciodvfy and dcentvfy nothing that they do not find in its source", () => {
      const output = filesOf(join(folder, `${name.replaceAll(/\W/g, "-")}-none`));
      const sources = filesOf(source());
      const some = (paths: readonly string[]): readonly string[] => paths.filter((_, index) => index % 36 < 2);
      const known = new Set(some(sources).flatMap((path) => findingsOf("dciodvfy", [path])));
      expect([...new Set(some(output).flatMap((path) => findingsOf("dciodvfy", [path])))].filter((line) => !known.has(line))).toEqual([]);
      const knownOfSeries = new Set(findingsOf("dcentvfy", sources));
      expect(findingsOf("dcentvfy", output).filter((line) => !knownOfSeries.has(line))).toEqual([]);
      outside("dcmdump", ["-q", ...output]);
    });
  });

  test("the private elements of the breast series are among them", () => {
    expect(python<Comparison>(COMPARE, breast, join(folder, "180-breast-MR-none")).private).toBeGreaterThan(180);
  });

  test("a job runs on the file alone", () => {
    const source = join(geometry, "pet-per-slice-slope");
    const output = join(folder, "blurred");
    succeed("convert", source, join(folder, "pet.h5"), "--metadata", "full");
    succeed("run", "gaussian-blur", join(folder, "pet.h5"), output, "--set", "sigma=4");
    const found = python<Comparison>(COMPARE, source, output);
    // Derivation Code Sequence, and Pixel Data.
    expect(found.differing.filter((tag) => !MEANT.has(tag))).toEqual(["00089215", "7FE00010"]);
  });

  test.each(["safe", "none"])("a file with --metadata %s is refused, with what to do, and nothing is written", (metadata) => {
    const at = join(folder, metadata);
    succeed("convert", join(geometry, "pet-per-slice-slope"), `${at}.h5`, "--metadata", metadata);
    const { status, stderr } = run("hilum", "convert", `${at}.h5`, at);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error INVALID_JOB: /m);
    expect(stderr).toMatch(/--template DIR.*--metadata full/);
    expect(existsSync(at)).toBe(false);
  });

  test("a file of multi-frame instances is refused by name", () => {
    succeed("convert", join(geometry, "enhanced-philips-t1"), join(folder, "enhanced.h5"), "--metadata", "full", "--series", "1");
    expect(run("hilum", "convert", join(folder, "enhanced.h5"), join(folder, "enhanced"))).toMatchObject({ status: 4, stderr: expect.stringContaining("UNSUPPORTED_WRITE") as string });
  });
});

describe.skipIf(reason !== false)(title("a series with a slice that was padded in, back to DICOM"), () => {
  const source = join(geometry, "missing-slice-ct");

  test.each([
    ["safe", [source]],
    ["full", [source]],
    ["full", []],
  ] as const)("with --metadata %s and the template %j has no instance for it, and the others as they were", (metadata, template) => {
    const at = join(folder, `padded-${metadata}-${template.length}`);
    succeed("convert", source, `${at}.h5`, "--on-missing", "pad", "--metadata", metadata);
    succeed("convert", `${at}.h5`, at, ...template.flatMap((path) => ["--template", path]));
    const found = python<Comparison>(COMPARE, source, at);
    expect(found).toMatchObject({ sources: 4, same: 4 });
    expect(readdirSync(at)).toHaveLength(4);
    expect(found.differing.filter((tag) => !MEANT.has(tag))).toEqual([]);
  });

  test("where the file names no instances it is refused, with what to do", () => {
    const at = join(folder, "padded-none");
    succeed("convert", source, `${at}.h5`, "--on-missing", "pad", "--metadata", "none");
    expect(run("hilum", "convert", `${at}.h5`, at, "--template", source)).toMatchObject({ status: 5, stderr: expect.stringContaining("--metadata safe") as string });
  });
});
