import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { DicomJson, DicomJsonElement } from "@hilum/core";
import { codecContext } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import { sharedDataPresent, sharedPath, sharedSource } from "../scan/shared-data.test-support.ts";
import { findImages } from "./find-images.ts";
import { readAttributes } from "./read-attributes.ts";

const PYTHON = "/usr/bin/python3";
const reason = sharedDataPresent ? (existsSync(PYTHON) ? "" : " (skipped: no Debian Python with pydicom)") : " (skipped: ../shared/data is not there)";

const SCRIPT = String.raw`
import json, sys, warnings, pydicom
warnings.simplefilter("ignore")
ds = pydicom.dcmread(sys.stdin.read(), stop_before_pixels=True)
for item in ds.PerFrameFunctionalGroupsSequence:
    print(json.dumps({"%08X" % e.tag: e.to_json_dict(None, 1 << 40) for e in item if e.tag.group % 2 == 0}))
`;

/** Standard elements with numbers as numbers and text without padding: pydicom gives decimal strings as numbers. */
function comparable(data: DicomJson): unknown {
  const standard = Object.entries(data).filter(([key]) => Number.parseInt(key.slice(0, 4), 16) % 2 === 0);
  return Object.fromEntries(standard.map(([key, element]) => [key, comparableElement(element)]));
}

function comparableElement({ vr, Value }: DicomJsonElement): unknown {
  if (Value === undefined) return { vr };
  if (vr === "SQ") return { vr, Value: Value.map((item) => comparable(item as DicomJson)) };
  return { vr, Value: Value.map((value) => (vr === "DS" || vr === "IS" ? Number(value) : vr === "FL" ? Math.fround(value as number) : value)) };
}

describe.skipIf(reason !== "")(`attributes of frames${reason}`, () => {
  test.each(["geometry/enhanced-philips-dwi/IM-0001-3835-0001.dcm", "geometry/multiframe-hyperfine/001.dcm"])(
    "are each frame's own item of the functional groups, as pydicom reads it: %s",
    async (path) => {
      const { images } = await findImages(sharedSource(path), "auto", codecContext());
      const backwards = images.toReversed();
      const { shared, perFrame } = readAttributes(backwards, "all");
      const expected = execFileSync(PYTHON, ["-c", SCRIPT], { input: sharedPath(path), maxBuffer: 2 ** 28, encoding: "utf8" })
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as DicomJson);
      expect(perFrame).toHaveLength(expected.length);
      expect(perFrame.every((frame) => Object.keys(frame).join() === "52009230")).toBe(true);
      expect(perFrame.map((frame) => comparable(frame["52009230"]?.Value?.[0] as DicomJson))).toEqual(expected.toReversed().map(comparable));
      expect(shared["52009230"]).toBeUndefined();
      expect(shared["52009229"]?.Value).toHaveLength(1);
      expect(shared["00080060"]).toEqual({ vr: "CS", Value: ["MR"] });
    },
    60_000,
  );

  test("of several files tell what differs between files once for each file", async () => {
    const { images } = await findImages(sharedSource("geometry/mosaic-ep2d_Asc_2"), "auto", codecContext());
    const { shared, perFrame } = readAttributes(images, new Set(["00080018", "00080060"]));
    expect(perFrame).toHaveLength(144);
    expect(shared).toEqual({ "00080060": { vr: "CS", Value: ["MR"] } });
    expect(perFrame.map((frame) => frame["00080018"]?.Value?.[0])).toEqual(images.map((image) => image.sopInstanceUID));
    expect(new Set(perFrame).size).toBe(4);
  });
});
