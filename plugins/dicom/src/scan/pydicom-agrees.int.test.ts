import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { DicomJsonElement } from "@hilum/core";
import { describe, expect, test } from "vitest";
import { elementJson, MAX_INLINE_BYTES } from "./data-set-json.ts";
import { EXPLICIT_VR_LITTLE_ENDIAN, HeadReader, IMPLICIT_VR_LITTLE_ENDIAN } from "./read-head.ts";
import { oracle, sharedDataPresent, sharedPath, sharedSource } from "./shared-data.test-support.ts";
import { Tag } from "./tags.ts";
import { textDecodingFor } from "./text.ts";
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

const SCRIPT = String.raw`
import json, sys, warnings, pydicom
warnings.simplefilter("ignore")
for path in sys.stdin.read().splitlines():
    ds = pydicom.dcmread(path)
    # Sequences of undefined length and the character set are read at once, all else is kept raw.
    rows = [(int(t), e.value_tell, e.length) if hasattr(e, "value_tell") else
            (int(t), e.file_tell, 0xFFFFFFFF if e.is_undefined_length else None)
            for t in sorted(ds.keys()) for e in [ds.get_item(t)]]
    out = []
    for tag, at, length in rows:
        if tag >= 0x7FE00008: out.append(dict(tag=tag, at=at, length=length, json=None)); continue
        try: js = ds[tag].to_json_dict(None, 1 << 40)
        except Exception: js = None
        out.append(dict(tag=tag, at=at, length=length, json=js))
    print(json.dumps(out))
`;

/** Whether a file has text that Hilum does not decode yet; the places of its elements are compared all the same. */
function hasCodeExtensions(bytes: Buffer): boolean {
  return bytes.includes("ISO 2022");
}

const files = oracle<{ readonly path: string; readonly transferSyntax?: string; readonly preamble?: boolean }>("files").filter(
  ({ path, transferSyntax, preamble }) =>
    preamble === true &&
    !path.startsWith("malformed/") &&
    (!path.startsWith("breast") || path.endsWith("-0061.dcm")) &&
    (transferSyntax === EXPLICIT_VR_LITTLE_ENDIAN || transferSyntax === IMPLICIT_VR_LITTLE_ENDIAN),
);

/** Numbers in decimal strings are text in ours and numbers in pydicom's; empty values and padding are told in several ways. */
function comparable(element: DicomJsonElement | null | undefined): unknown {
  if (element === null || element === undefined) return undefined;
  const { vr, Value, InlineBinary } = element;
  if (Buffer.byteLength(InlineBinary ?? "", "base64") > MAX_INLINE_BYTES) return undefined;
  if (InlineBinary !== undefined) return InlineBinary === "" ? { vr } : { vr, InlineBinary };
  if (Value === undefined || Value.every((value) => value === null || value === "")) return { vr };
  return { vr, Value: Value.map((value) => comparableValue(vr, value)) };
}

function comparableValue(vr: string, value: unknown): unknown {
  if (vr === "SQ") return Object.fromEntries(Object.entries(value as Record<string, DicomJsonElement>).map(([key, inner]) => [key, comparable(inner)]));
  if (vr === "DS" || vr === "IS") return Number(value);
  if (vr === "FL") return Math.fround(value as number);
  if (typeof value === "string") return value.trim();
  if (vr === "PN") return Object.fromEntries(Object.entries((value ?? {}) as Record<string, string>).filter(([, group]) => group !== ""));
  return value;
}

describe.skipIf(reason !== "")(`pydicom agrees${reason}`, () => {
  const answers =
    reason === ""
      ? execFileSync(PYTHON, ["-c", SCRIPT], { input: files.map(({ path }) => sharedPath(path)).join("\n"), maxBuffer: 2 ** 30, encoding: "utf8" }).trim().split("\n")
      : [];

  test("has many files to look at", () => {
    expect(files.length).toBeGreaterThan(100);
    expect(answers).toHaveLength(files.length);
  });

  test.each(files.map(({ path, transferSyntax }, index) => [path, transferSyntax === EXPLICIT_VR_LITTLE_ENDIAN, index] as const))(
    "on every element of %s",
    (path, explicitVr, index) => {
      const expected = JSON.parse(answers[index] as string) as PydicomElement[];
      const [file] = sharedSource(path).files;
      if (file === undefined) throw new Error("no file");
      const reader = new HeadReader();
      const meta = reader.readMeta(file);
      if (meta === undefined) throw new Error("no DICOM");
      reader.readDataSet(file, meta);
      const { table } = reader;
      const places = Array.from({ length: table.count }, (_, row) => ({
        tag: table.tag[row] as number,
        vr: table.vr[row] as number,
        value: table.value[row] as number,
        valueEnd: table.valueEnd[row] as number,
        end: table.end[row] as number,
      }));
      expect(
        places.map(({ tag, value, valueEnd, end }, row) => {
          const told = expected[row]?.length !== null;
          return [tag, value, told ? (end === valueEnd ? valueEnd - value : 0xffffffff) : null];
        }),
      ).toEqual(expected.map(({ tag, at, length }) => [tag, at, length]));
      const characterSet = rawText(reader, Tag.SpecificCharacterSet);
      if (hasCodeExtensions(reader.bytes)) return;
      const encoding = { explicitVr, signed: integer16(reader, Tag.PixelRepresentation, false) === 1, decodeText: textDecodingFor(characterSet) };
      for (const [row, place] of places.entries()) {
        const theirs = comparable(expected[row]?.json);
        const ours = comparable(elementJson(reader.bytes, place, encoding));
        // pydicom knows many private elements by a dictionary of its own, and gives none of the JSON that it fails to make.
        const isPrivate = (place.tag >>> 16) % 2 === 1;
        if (theirs === undefined || ours === undefined || isPrivate) continue;
        expect(ours, place.tag.toString(16)).toEqual(theirs);
      }
    },
  );
});
