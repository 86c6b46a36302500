import { HilumError, IDENTITY_MAP, type ImageSeries, type Json } from "@hilum/core";
import type { SurveyedSeries } from "@hilum/host";
import { expect, test } from "vitest";
import { surveyText } from "./survey-text.ts";
import { styleFor, widthOf } from "./terminal-text.ts";

const plain = styleFor({ isTTY: false });

function ready(number: number, seriesDescription: string, assembly?: Json, phases = 1): SurveyedSeries {
  const metadata = { modality: "MR", seriesDescription };
  const series: ImageSeries = {
    metadata,
    volume: {
      geometry: { size: [4096, 4096, 1000], spacing: [0.123456789, 0.123456789, 10.123456], origin: [0, 0, 0], direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] },
      voxel: { componentType: "int16", samplesPerVoxel: 1 },
      masked: false,
    },
    phaseKey: "none",
    phases: Array.from({ length: phases }, (_, n) => ({ label: `Phase ${n + 1}` })),
    frames: [{ phase: 0, slice: 0, imagePosition: [0, 0, 0], toReal: IDENTITY_MAP, modalityLut: IDENTITY_MAP, derivedFrom: [], values: {} }],
    history: [],
    ...(assembly === undefined ? {} : { assembly }),
    attributes: () => ({ shared: {}, perFrame: [] }),
    read() {},
    async [Symbol.asyncDispose]() {},
  };
  return { number, metadata, files: 1, warnings: [], series };
}

const refused = (number: number, seriesDescription: string): SurveyedSeries => ({
  number,
  metadata: { modality: "MR", seriesDescription },
  files: 3,
  warnings: [],
  fault: new HilumError("UNSUPPORTED_TRANSFER_SYNTAX", `${"Long words follow one another. ".repeat(40)}${"x".repeat(400)}`),
});

const text = (...series: SurveyedSeries[]): string => surveyText({ codec: { title: "DICOM series" } as never, series, skipped: new Map([["not DICOM", 3]]) }, plain);

test("no line is wider than 80 columns, whatever a header says, and nothing of it steers the terminal", () => {
  const nasty = "頭部".repeat(40);
  const shown = text(ready(1, nasty), refused(2, nasty), ready(999, "\u001B[2J\u202Eabc\r\n"), refused(1000, "e\u0301".repeat(100)));
  for (const line of shown.split("\n")) expect(widthOf(line)).toBeLessThanOrEqual(80);
  expect(shown).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
  expect(shown).toContain("4 series, 2 of them refused");
  expect(shown).toContain("Left out: 3 not DICOM.");
});

test("what was rejected for one reason stands together, and long lists are told by their range", () => {
  const assembly: Json = {
    rejectedPhaseKeys: [
      { key: "Trigger Time", reason: "absent" },
      { key: "Acquisition Number", reason: "groups of 60 and 120" },
      { key: "Echo Time", reason: "absent" },
    ],
    slicePositionsMm: Array.from({ length: 60 }, (_, n) => -152.3 + 2 * n),
    rescaleSlope: { smallest: 1, largest: 1 },
    rescaleIntercept: { smallest: -1024, largest: 0 },
    sopClassUID: "1.2.3",
    sheared: false,
    paddedSlices: [{ phase: 0, slice: 7, positionMm: 14 }],
    unreadableAttributes: [],
  };
  const lines = text(ready(1, "x", assembly)).split("\n").map((line) => line.replaceAll(/ +/g, " "));
  for (const expected of [
    "rejected phase keys Trigger Time, Echo Time: absent",
    " Acquisition Number: groups of 60 and 120",
    "slice positions mm 60 numbers from -152.3 to -34.3",
    "rescale slope 1 throughout",
    "rescale intercept smallest -1024, largest 0",
    "sop class UID 1.2.3",
    "sheared no",
    "padded slices phase 0, slice 7, position mm 14",
  ])
    expect(lines).toContain(expected);
  expect(lines.some((line) => line.startsWith("unreadable"))).toBe(false);
});

test("of many phases the first and the last are named", () => {
  const shown = text(ready(1, "x", undefined, 200));
  expect(shown).toContain("0: Phase 1");
  expect(shown).toContain("… 188 more …");
  expect(shown).toContain("199: Phase 200");
  expect(shown).not.toContain("100: ");
});
