import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findingsOf, missing, missingPython, python, run, shared } from "./outside.test-support.ts";

const reason = missingPython("pydicom", "numpy") || missing("gdcmconv", "dcmdrle", "dcmdjpls", "opj_decompress", "dciodvfy");

const SYNTAX = { rle: "1.2.840.10008.1.2.5", "jpeg-ls": "1.2.840.10008.1.2.4.80", j2k: "1.2.840.10008.1.2.4.90", htj2k: "1.2.840.10008.1.2.4.201" } as const;
const CODECS = Object.keys(SYNTAX) as (keyof typeof SYNTAX)[];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

// argv: the folder of native files, that of compressed ones, their transfer syntax. Stored bits by the header of the native file;
// each decoder that has the syntax decodes each file. HTJ2K: OpenJPEG alone, which shares nothing with the encoder.
const DECODED_OUTSIDE = `
import json, os, subprocess, sys, tempfile, numpy as np, pydicom
from pydicom.encaps import generate_pixel_data_frame
native, compressed, syntax = sys.argv[1:4]
made = tempfile.mkdtemp()
CHANGING = {"PixelData", "InstanceCreationDate", "InstanceCreationTime", "ContentDate", "ContentTime", "ContributingEquipmentSequence"}
def tool(*command): subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
def by_tool(*command):
    def decode(path, ds):
        out = os.path.join(made, "raw.dcm")
        tool(*command, path, out)
        plain = pydicom.dcmread(out)
        assert plain.file_meta.TransferSyntaxUID in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
        return plain.PixelData
    return decode
def by_openjpeg(path, ds):
    one, out = os.path.join(made, "one.jhc" if syntax.endswith("201") else "one.j2k"), os.path.join(made, "one.rawl")
    decoded = b""
    for frame in generate_pixel_data_frame(ds.PixelData, int(ds.get("NumberOfFrames", 1))):
        with open(one, "wb") as file: file.write(frame)
        tool("opj_decompress", "-i", one, "-o", out)
        with open(out, "rb") as file: decoded += file.read()
    return decoded
def by_pydicom(path, ds): return ds.pixel_array.tobytes()
decoders = {
    "1.2.840.10008.1.2.5": dict(pydicom=by_pydicom, gdcm=by_tool("gdcmconv", "--raw"), dcmtk=by_tool("dcmdrle")),
    "1.2.840.10008.1.2.4.80": dict(gdcm=by_tool("gdcmconv", "--raw"), dcmtk=by_tool("dcmdjpls")),
    "1.2.840.10008.1.2.4.90": dict(gdcm=by_tool("gdcmconv", "--raw"), openjpeg=by_openjpeg),
    "1.2.840.10008.1.2.4.201": dict(openjpeg=by_openjpeg),
}[syntax]
right, wrong, kept, smaller = {name: 0 for name in decoders}, [], 0, 0
names = sorted(os.listdir(native))
# Of a long series every ninth: a decoder is a program of its own for each file.
for name in names if len(names) < 20 else names[::9]:
    a, path = pydicom.dcmread(os.path.join(native, name)), os.path.join(compressed, name)
    b = pydicom.dcmread(path)
    assert b.file_meta.TransferSyntaxUID == syntax and b["PixelData"].VR == "OB" and b["PixelData"].is_undefined_length
    kept += len(a) == len(b) and all(x == y or x.keyword in CHANGING for x, y in zip(a, b))
    smaller += len(b.PixelData) < len(a.PixelData)
    mask = (1 << a.BitsStored) - 1
    count = a.Rows * a.Columns * int(a.get("NumberOfFrames", 1))
    stored = lambda data: np.frombuffer(data, "<u%d" % (a.BitsAllocated // 8), count) & mask
    for decoder, decode in decoders.items():
        if (stored(decode(path, b)) == stored(a.PixelData)).all(): right[decoder] += 1
        else: wrong.append([decoder, name])
print(json.dumps(dict(files=len(os.listdir(compressed)), right=right, wrong=wrong, kept=kept, smaller=smaller)))
`;

interface Outside {
  readonly files: number;
  readonly right: { readonly [decoder: string]: number };
  readonly wrong: readonly unknown[];
  /** Files whose every element but Pixel Data and the times of the job is that of the native one, UIDs too. */
  readonly kept: number;
  readonly smaller: number;
}

const DECODERS: Readonly<Record<keyof typeof SYNTAX, readonly string[]>> = { rle: ["pydicom", "gdcm", "dcmtk"], "jpeg-ls": ["gdcm", "dcmtk"], j2k: ["gdcm", "openjpeg"], htj2k: ["openjpeg"] };

/** Writes a series again, or blurred. */
function derived(work: "convert" | "blur", source: string, output: string, ...options: readonly string[]): void {
  const job = work === "convert" ? ["convert", source, output] : ["run", "gaussian-blur", source, output, "--set", "sigma=1"];
  const { status, stderr } = run("hilum", ...job, "--quiet", ...options);
  expect([status, stderr.replaceAll(/^warning .*\n/gm, "")]).toEqual([0, ""]);
}

const CASES: readonly (readonly [path: string, what: string, work: "convert" | "blur", files: number, decoded: number])[] = [
  ["breast-mri-nact-pilot", "MR, signed 16 bits", "convert", 180, 20],
  ["geometry/ct-gantry-tilt-philips", "CT, unsigned 12 bits", "blur", 6, 6],
  ["transfer-syntaxes/wg04-ct2-signed/CT2_JLSN.dcm", "CT, signed 16 bits, lossy before", "convert", 1, 1],
  ["geometry/pet-per-slice-slope", "PET, signed 16 bits", "blur", 8, 8],
  ["geometry/enhanced-philips-t1", "enhanced MR, unsigned 12 bits", "blur", 1, 1],
  ["transfer-syntaxes/pydicom/image_dfl.dcm", "8 bits", "blur", 1, 1],
  ["transfer-syntaxes/pydicom/693_J2KI.dcm", "CT, signed 14 bits, lossy before", "blur", 1, 1],
];

describe.skipIf(reason !== false)(`compressed output is decoded by others to the stored values of uncompressed output${reason === false ? "" : ` (skipped: ${reason})`}`, () => {
  describe.each(CASES)("%s: %s, by %s", (path, _what, work, files, decoded) => {
    const source = join(shared, "data", path);
    let native: string;
    beforeAll(() => {
      native = mkdtempSync(join(folder, "native-"));
      derived(work, source, join(native, "out"));
    });

    test.each(CODECS)("%s", (codec) => {
      const output = join(mkdtempSync(join(folder, "compressed-")), "out");
      derived(work, source, output, "--compress", codec);
      const found = python<Outside>(DECODED_OUTSIDE, join(native, "out"), output, SYNTAX[codec]);
      expect(found).toMatchObject({ files, wrong: [], kept: decoded, smaller: decoded, right: Object.fromEntries(DECODERS[codec].map((decoder) => [decoder, decoded])) });
      // Dciodvfy does not know HTJ2K, and takes one file at a time.
      if (codec === "htj2k") return;
      const findingsIn = (directory: string): readonly string[] => readdirSync(directory).slice(0, 4).flatMap((name) => findingsOf("dciodvfy", [join(directory, name)]));
      const known = new Set(findingsIn(join(native, "out")));
      expect(findingsIn(output).filter((finding) => !known.has(finding))).toEqual([]);
    });
  });
});
