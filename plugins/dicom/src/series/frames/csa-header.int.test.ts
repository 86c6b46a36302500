import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sharedDataPresent, sharedPath } from "../../scan/shared-data.test-support.ts";
import { readCsaHeader } from "./csa-header.ts";

const PYTHON = "/usr/bin/python3";
const NIBABEL_DATA = "/usr/lib/python3/dist-packages/nibabel/nicom/tests/data/";
const hasNibabel = existsSync(PYTHON) && spawnSync(PYTHON, ["-c", "import nibabel, pydicom"]).status === 0;
const reason = hasNibabel ? "" : " (skipped: no Debian Python with nibabel and pydicom)";

const SCRIPT = String.raw`
import base64, json, sys, warnings
warnings.simplefilter("ignore")
import pydicom
from nibabel.nicom import csareader
path = sys.stdin.read()
raw = open(path, "rb").read() if path.endswith(".bin") else pydicom.dcmread(path, stop_before_pixels=True)[0x0029, 0x1010].value
tags = csareader.read(raw)["tags"]
print(json.dumps(dict(raw=base64.b64encode(raw).decode(), tags={name: [str(v) for v in tag["items"] if v not in ("", b"", None)] for name, tag in tags.items()},
    numeric=[name for name, tag in tags.items() if any(isinstance(v, (int, float)) for v in tag["items"])])))
`;

describe.skipIf(!hasNibabel)(`nibabel reads CSA headers as Hilum does${reason}`, () => {
  const paths = [
    ...["csa2_b0.bin", "csa2_b1000.bin"].map((name) => NIBABEL_DATA + name).filter((path) => existsSync(path)),
    ...(sharedDataPresent ? ["geometry/mosaic-ep2d_Asc_2/IM-0001-0001.dcm", "geometry/mosaic-ep2d_Asc_HF_10/IM-0009-0001.dcm"] : []).map(sharedPath),
  ];

  test("has headers to look at", () => {
    expect(paths.length).toBeGreaterThan(0);
  });

  test.each(paths)("of %s", (path) => {
    const { raw, tags, numeric } = JSON.parse(execFileSync(PYTHON, ["-c", SCRIPT], { input: path, maxBuffer: 2 ** 26, encoding: "utf8" })) as {
      readonly raw: string;
      readonly tags: Readonly<Record<string, readonly string[]>>;
      readonly numeric: readonly string[];
    };
    const found = readCsaHeader(Buffer.from(raw, "base64"), { tag: 0x00291010, offset: 0 });
    expect([...found.keys()]).toEqual(Object.keys(tags));
    const numbers = new Set(numeric);
    for (const [name, texts] of Object.entries(tags)) {
      // nibabel makes numbers of the texts of numeric tags.
      const asTheirs = (text: string): string | number => (numbers.has(name) ? Number(text) : text.trim());
      expect(found.get(name)?.map(asTheirs), name).toEqual(texts.map(asTheirs));
    }
  });
});
