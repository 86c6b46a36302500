import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { SourceFile } from "@hilum/core";
import { describe, expect, test } from "vitest";
import { HeadReader } from "./read-head.ts";
import { oracle, sharedDataPresent, sharedPath, sharedSource } from "./shared-data.test-support.ts";
import { Tag } from "./tags.ts";
import { textDecodingFor } from "./text.ts";
import { rawBytes, rawText } from "./values.ts";

const PYTHON = "/usr/bin/python3";
const reason = sharedDataPresent ? (existsSync(PYTHON) ? "" : " (skipped: no Debian Python with pydicom)") : " (skipped: ../shared/data is not there)";

const SCRIPT = String.raw`
import json, sys, warnings, pydicom
warnings.simplefilter("ignore")
print(json.dumps([str(pydicom.dcmread(path, force=True).get("PatientName", "")) for path in sys.stdin.read().splitlines()]))
`;

const files = oracle<{ readonly path: string }>("files").filter(({ path }) => path.startsWith("charsets/"));

describe.skipIf(reason !== "")(`names in all character sets, as pydicom decodes them${reason}`, () => {
  const names =
    reason === "" ? (JSON.parse(execFileSync(PYTHON, ["-c", SCRIPT], { input: files.map(({ path }) => sharedPath(path)).join("\n"), encoding: "utf8" })) as string[]) : [];

  test("are in 18 files, most of them not in ASCII", () => {
    expect(names).toHaveLength(18);
    // oxlint-disable-next-line no-control-regex -- ASCII is meant.
    expect(names.filter((name) => /[^\u0000-\u007F]/.test(name)).length).toBeGreaterThan(12);
  });

  test.each(files.map(({ path }, index) => [path, index] as const))("%s", (path, index) => {
    const reader = new HeadReader();
    const [file] = sharedSource(path).files as readonly [SourceFile];
    const meta = reader.readMeta(file);
    if (meta === undefined) throw new Error("no DICOM");
    reader.readDataSet(file, meta);
    const name = rawBytes(reader, Tag.PatientName);
    const decoded = name === undefined ? "" : textDecodingFor(rawText(reader, Tag.SpecificCharacterSet))(name, "name");
    expect(decoded.trimEnd().replace(/=+$/, "")).toBe((names[index] as string).replace(/=+$/, ""));
  });
});
