import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CANARY, saveFiles, scanSeries, temporaryDirectory, type NamedFile, type ScanFault } from "@hilum/testing";
import { withElementValue } from "@hilum/testing/mutate";
import { describe, expect, test } from "vitest";
import { run } from "./outside.test-support.ts";

/** Text that could be a person's: it stands where numbers, UIDs and codes belong, so that an error that quotes a value quotes it. */
const PERSON = `${CANARY}^JANE 19700101`;

/** Attributes that a reader looks at, by tag. */
const ATTRIBUTES: readonly (readonly [name: string, tag: number])[] = [
  ["Media Storage SOP Class UID", 0x00020002],
  ["Transfer Syntax UID", 0x00020010],
  ["SOP Class UID", 0x00080016],
  ["SOP Instance UID", 0x00080018],
  ["Acquisition Time", 0x00080032],
  ["Modality", 0x00080060],
  ["Slice Thickness", 0x00180050],
  ["Study Instance UID", 0x0020000d],
  ["Series Instance UID", 0x0020000e],
  ["Instance Number", 0x00200013],
  ["Image Position (Patient)", 0x00200032],
  ["Image Orientation (Patient)", 0x00200037],
  ["Frame of Reference UID", 0x00200052],
  ["Photometric Interpretation", 0x00280004],
  ["Pixel Spacing", 0x00280030],
  ["Rows", 0x00280010],
];
const FAULTS: readonly ScanFault["kind"][] = ["missing-slice", "duplicate-slice", "duplicate-file", "foreign-patient", "truncated-file"];

const sound = scanSeries({ size: [12, 10, 4] }).files;

function damaged(files: readonly NamedFile[], tag: number): readonly NamedFile[] {
  return files.map((file, index) => (index === 1 ? { ...file, bytes: withElementValue(file.bytes, tag, Buffer.from(PERSON)) } : file));
}

const SERIES: readonly (readonly [what: string, files: readonly NamedFile[]])[] = [
  ["a sound series", sound],
  ...FAULTS.map((kind) => [kind, scanSeries({ size: [12, 10, 4], faults: [{ kind, slice: 2 }] }).files] as const),
  ...ATTRIBUTES.map(([name, tag]) => [`a person's name as ${name}`, damaged(sound, tag)] as const),
];

describe("a canary patient", () => {
  test("stands in the names and in the bytes of every file", () => {
    for (const { name, bytes } of sound) {
      expect(name).toContain(CANARY);
      expect(Buffer.from(bytes).toString("latin1").split(CANARY).length).toBeGreaterThan(3);
    }
  });

  test.each(SERIES)("is in nothing that inspect and convert say or write of %s", (what, files) => {
    using here = temporaryDirectory();
    const input = join(here.path, "in");
    mkdirSync(input);
    saveFiles(input, files);
    const out = join(here.path, "out.h5");
    const said = [
      ["inspect --debug", run("hilum", "inspect", input, "--debug")],
      ["inspect --json", run("hilum", "inspect", input, "--json")],
      ["convert --debug", run("hilum", "convert", input, out, "--json", join(here.path, "out.json"), "--debug")],
    ] as const;
    for (const [command, { stdout, stderr, status }] of said) {
      expect(stdout, command).not.toContain(CANARY);
      expect(stderr, command).not.toContain(CANARY);
      // A defect (1) may say anything.
      expect([0, 2, 3, 4, 5, 10], `${command}: ${stderr}`).toContain(status);
    }
    if (what === "a sound series") expect(readdirSync(here.path).toSorted()).toEqual(["in", "out.h5", "out.json"]);
    for (const name of readdirSync(here.path).filter((one) => one !== "in"))
      expect(readFileSync(join(here.path, name)).includes(CANARY), `${CANARY} in ${name}`).toBe(false);
  });
});
