import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { isHilumError, type DicomJsonElement, type SourceFile } from "@hilum/core";
import { describe, expect, test } from "vitest";
import { elementJson, MAX_VALUE_BYTES } from "./data-set-json.ts";
import { findElement } from "./element-table.ts";
import { fileForm } from "./file-form.ts";
import { HeadReader, type FileMeta } from "./read-head.ts";
import { oracle, sharedDataPresent, sharedPath, sharedSource } from "./shared-data.test-support.ts";
import { Tag } from "./tags.ts";
import { textDecodingFor } from "./text.ts";
import { IMPLICIT_VR_LITTLE_ENDIAN, transferSyntaxOf } from "./transfer-syntaxes.ts";
import { integer16, rawText } from "./values.ts";

const PYTHON = "/usr/bin/python3";
const reason = sharedDataPresent ? (existsSync(PYTHON) ? "" : " (skipped: no Debian Python with pydicom)") : " (skipped: ../shared/data is not there)";

/** One element as pydicom sees it: where its value begins, its length (undefined: 2³² − 1; null: not told), and its DICOM JSON. */
interface PydicomElement {
  readonly tag: number;
  readonly at: number;
  readonly length: number | null;
  readonly json: DicomJsonElement | null;
}

/** What pydicom reads in a file; `pixels` is the SHA-256 of the value of native Pixel Data in little endian. */
interface PydicomFile {
  readonly elements: readonly PydicomElement[];
  readonly pixels: string | null;
}

const SCRIPT = String.raw`
import base64, hashlib, json, sys, warnings, numpy, pydicom
warnings.simplefilter("ignore")
def little(ds, value, width):
    return value if ds.is_little_endian or width == 1 else numpy.frombuffer(value, ">u%d" % width).astype("<u%d" % width).tobytes()
def read(path):
    ds = pydicom.dcmread(path, force=True)
    # Sequences of undefined length and the character set are read at once, all else is kept raw.
    rows = [(int(t), e.value_tell, e.length) if hasattr(e, "value_tell") else
            (int(t), e.file_tell, 0xFFFFFFFF if e.is_undefined_length else None)
            for t in sorted(ds.keys()) for e in [ds.get_item(t)]]
    out = []
    for tag, at, length in rows:
        if tag >= 0x7FE00008: out.append(dict(tag=tag, at=at, length=length, json=None)); continue
        try:
            js = ds[tag].to_json_dict(None, 1 << 40)
            if js["vr"] == "OW" and "InlineBinary" in js:
                js["InlineBinary"] = base64.b64encode(little(ds, base64.b64decode(js["InlineBinary"]), 2)).decode()
        except Exception: js = None
        out.append(dict(tag=tag, at=at, length=length, json=js))
    pixels = None
    if "PixelData" in ds and not ds["PixelData"].is_undefined_length:
        width = 1 if ds["PixelData"].VR == "OB" else max(2, ds.get("BitsAllocated", 16) // 8)
        pixels = hashlib.sha256(little(ds, ds.PixelData, width)).hexdigest()
    return dict(elements=out, pixels=pixels)
for path in sys.stdin.read().splitlines():
    try: print(json.dumps(read(path)))
    except Exception: print("null")
`;

/** What is not read by Hilum, nor by pydicom unless it is told to guess or to pass over faults. */
const NOT_READ: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "not DICOM":
      "made/empty.dcm made/preamble-only.dcm made/garbage-4k.dcm made/text-named.dcm made/png-named.dcm mixed-folder/notes.txt " +
      "mixed-folder/picture.png mixed-folder/report.pdf mixed-folder/series/Thumbs.db mixed-folder/series/.hidden mixed-folder/series/empty",
    MISSING_ATTRIBUTE: "made/magic-only.dcm made/garbage-after-magic.dcm real/meta_missing_tsyntax.dcm",
    MALFORMED_FILE:
      "made/cut-in-meta.dcm made/claims-jpeg-is-native.dcm made/element-length-past-eof.dcm " +
      "made/first-item-tag-wrong.dcm made/deflated-cut.dcm made/deflate-bomb-128MiB.dcm made/nested-5000-sequences.dcm " +
      "made/duplicate-rows-element.dcm real/rtplan_truncated.dcm",
    TRUNCATED_PIXEL_DATA:
      "made/cut-in-pixeldata.dcm made/pixeldata-length-4g.dcm made/no-sequence-delimiter.dcm made/rle-file-cut.dcm " +
      "made/jpeg-lossless-file-cut.dcm made/jpeg-extended-file-cut.dcm made/jpegls-file-cut.dcm made/j2k-file-cut.dcm " +
      "made/htj2k-file-cut.dcm made/jpeg-baseline-file-cut.dcm real/MR_truncated.dcm real/emri_small_jpeg_2k_lossless_too_short.dcm " +
      "mixed-folder/series/half.dcm",
  }).flatMap(([outcome, paths]) => paths.split(" ").map((path) => [`malformed/${path}`, outcome] as const)),
);

const files = oracle<{ readonly path: string }>("files").map(({ path }) => path);

/** Numbers in decimal strings are text in ours and numbers in pydicom's; empty values and padding are told in several ways. */
function comparable(element: DicomJsonElement | null | undefined): unknown {
  if (element === null || element === undefined) return undefined;
  const { vr, Value, InlineBinary } = element;
  if (Buffer.byteLength(InlineBinary ?? "", "base64") > MAX_VALUE_BYTES) return undefined;
  if (InlineBinary !== undefined) return InlineBinary === "" ? { vr } : { vr, InlineBinary };
  if (Value === undefined || Value.every((value) => value === null || value === "")) return { vr };
  return { vr, Value: Value.map((value) => comparableValue(vr, value)) };
}

function comparableValue(vr: string, value: unknown): unknown {
  if (vr === "SQ") return Object.fromEntries(Object.entries(value as Record<string, DicomJsonElement>).map(([key, inner]) => [key, comparable(inner)]));
  if (vr === "DS" || vr === "IS") return Number(value);
  if (vr === "FL") return Math.fround(value as number);
  if (value === null && vr !== "PN") return "";
  if (typeof value === "string") return value.trim();
  if (vr === "PN") return Object.fromEntries(Object.entries((value ?? {}) as Record<string, string>).filter(([, group]) => group !== ""));
  return value;
}

/** The head of a file, or why there is none. */
function readHead(path: string): { readonly reader: HeadReader; readonly meta: FileMeta; readonly file: SourceFile } | string {
  const [file] = sharedSource(path).files;
  if (file === undefined) throw new Error("no file");
  const reader = new HeadReader();
  try {
    const meta = reader.readMeta(file);
    if (meta === undefined) return "not DICOM";
    const form = fileForm(file, meta);
    reader.readDataSet(form, meta);
    return { reader, meta, file: form };
  } catch (error) {
    if (!isHilumError(error)) throw error;
    return error.code;
  }
}

/** The SHA-256 of native Pixel Data. */
function pixelsOf(reader: HeadReader, file: SourceFile): string | null {
  const { table } = reader;
  const row = findElement(table, Tag.PixelData);
  if (row < 0 || table.end[row] !== table.valueEnd[row]) return null;
  const bytes = Buffer.alloc((table.valueEnd[row] as number) - (table.value[row] as number));
  expect(file.read(bytes, table.value[row] as number)).toBe(bytes.length);
  return createHash("sha256").update(bytes).digest("hex");
}

/** pydicom makes elements of rubbish behind Data Set Trailing Padding, and of padding that was cut: no part of the data set (PS3.10 7.2). */
function ofTheDataSet(elements: PydicomFile["elements"], fileSize: number): PydicomFile["elements"] {
  const padding = elements.find(({ tag }) => tag === Tag.DataSetTrailingPadding);
  if (padding === undefined) return elements;
  return elements.filter((element) => (element === padding ? padding.at + (padding.length ?? 0) <= fileSize : element.at < padding.at));
}

describe.skipIf(reason !== "")(`pydicom agrees${reason}`, () => {
  const answers =
    reason === ""
      ? execFileSync(PYTHON, ["-c", SCRIPT], { input: files.map(sharedPath).join("\n"), maxBuffer: 2 ** 30, encoding: "utf8" }).trim().split("\n")
      : [];

  test("has all files of the oracle to look at", () => {
    expect(files).toHaveLength(781);
    expect(answers).toHaveLength(files.length);
  });

  test.each(files.map((path, index) => [path, index] as const))("on every element of %s", (path, index) => {
    const head = readHead(path);
    if (typeof head === "string" || NOT_READ.has(path)) {
      expect(head).toBe(NOT_READ.get(path));
      return;
    }
    const { reader, meta, file } = head;
    const theirs = JSON.parse(answers[index] as string) as PydicomFile | null;
    if (theirs === null) throw new Error("pydicom does not read the file");
    const { pixels } = theirs;
    const expected = ofTheDataSet(theirs.elements, file.size);
    const { table } = reader;
    const places = Array.from({ length: table.count }, (_, row) => ({
      tag: table.tag[row] as number,
      vr: table.vr[row] as number,
      value: table.value[row] as number,
      valueEnd: table.valueEnd[row] as number,
      end: table.end[row] as number,
    }));
    // pydicom counts from the start of what it inflated.
    const shift = transferSyntaxOf(meta.transferSyntaxUID)?.deflated === true ? meta.dataSetStart : 0;
    expect(
      places.map(({ tag, value, valueEnd, end }, row) => {
        const told = expected[row]?.length !== null;
        return [tag, value, told ? (end === valueEnd ? valueEnd - value : 0xffffffff) : null];
      }),
    ).toEqual(expected.map(({ tag, at, length }) => [tag, at + shift, length]));
    expect(pixelsOf(reader, file)).toBe(pixels);
    const characterSet = rawText(reader, Tag.SpecificCharacterSet);
    const encoding = {
      explicitVr: meta.transferSyntaxUID !== IMPLICIT_VR_LITTLE_ENDIAN,
      signed: integer16(reader, Tag.PixelRepresentation, false) === 1,
      decodeText: textDecodingFor(characterSet),
    };
    for (const [row, place] of places.entries()) {
      const theirElement = comparable(expected[row]?.json);
      const ours = comparable(elementJson(reader.bytes, place, encoding));
      // pydicom knows many private elements by a dictionary of its own, and gives none of the JSON that it fails to make.
      const isPrivate = (place.tag >>> 16) % 2 === 1;
      if (theirElement === undefined || ours === undefined || isPrivate) continue;
      expect(ours, place.tag.toString(16)).toEqual(theirElement);
    }
  });
});
