import { describe, expect, test } from "vitest";
import { CANARY } from "./scan-data-set.ts";
import { scanSeries } from "./synthetic-scanner.ts";

const includes = (bytes: Uint8Array, text: string): boolean => Buffer.from(bytes).includes(text, 0, "latin1");

test("gives equal bytes for equal options, other bytes for another seed", () => {
  const options = { phases: 2, shuffled: true, orientation: "oblique" } as const;
  expect(scanSeries(options).files).toEqual(scanSeries(options).files);
  expect(scanSeries({ ...options, seed: 1 }).files).not.toEqual(scanSeries(options).files);
});

test("makes one file for every frame, with the patient's mark in name and content", () => {
  const { files, expected } = scanSeries({ phases: 3 });
  expect(files.length).toBe(15);
  expect(expected.frames.length).toBe(15);
  expect(files.every(({ name, bytes }) => name.startsWith(CANARY) && includes(bytes, `${CANARY}^PHANTOM`))).toBe(true);
});

test("shuffles names and instance numbers apart from each other", () => {
  const plain = scanSeries({ phases: 3 });
  const shuffled = scanSeries({ phases: 3, shuffled: true });
  const numbers = shuffled.expected.frames.map(({ values }) => values.instanceNumber);
  expect(plain.expected.frames.map(({ values }) => values.instanceNumber)).toEqual(Array.from({ length: 15 }, (_, n) => n + 1));
  expect(numbers).not.toEqual(Array.from({ length: 15 }, (_, n) => n + 1));
  expect(new Set(numbers).size).toBe(15);
  const uidOfFirstName = (scan: typeof plain): number =>
    scan.expected.frames.findIndex(({ derivedFrom }) => includes(scan.files[0]?.bytes ?? new Uint8Array(0), derivedFrom[0]?.sopInstanceUID ?? "none"));
  expect(uidOfFirstName(plain)).toBe(0);
  expect(uidOfFirstName(shuffled)).toBeGreaterThan(0);
});

test("extends the sign into unused bits, or fills them with rubbish", () => {
  const lastPixels = (unusedBits: "extended" | "noise"): readonly number[] => {
    const [file] = scanSeries({ signed: true, unusedBits }).files;
    return [...new Int16Array(file?.bytes.slice(-154).buffer ?? new ArrayBuffer(0))];
  };
  expect(lastPixels("extended").every((value) => value >= -2048 && value <= 2047)).toBe(true);
  expect(lastPixels("noise").some((value) => value < -2048 || value > 2047)).toBe(true);
});

describe("faults", () => {
  const whole = scanSeries({ phases: 2 });

  test("leaves out a missing slice of one phase", () => {
    const { files, expected } = scanSeries({ phases: 2, faults: [{ kind: "missing-slice", phase: 1, slice: 2 }] });
    expect(files.length).toBe(9);
    expect(expected.frames.length).toBe(10);
    expect(files.some(({ bytes }) => includes(bytes, whole.expected.frames[7]?.derivedFrom[0]?.sopInstanceUID ?? ""))).toBe(false);
  });

  test("cuts half the pixels of a truncated file: 77 of 154 bytes", () => {
    const { files } = scanSeries({ phases: 2, faults: [{ kind: "truncated-file", slice: 0 }] });
    expect((whole.files[0]?.bytes.length ?? 0) - (files[0]?.bytes.length ?? 0)).toBe(77);
    expect(files.slice(1)).toEqual(whole.files.slice(1));
  });

  test("gives one slice to another patient and leaves the others alone", () => {
    const { files } = scanSeries({ phases: 2, faults: [{ kind: "foreign-patient", slice: 3 }] });
    expect(files.map(({ bytes }) => includes(bytes, "OTHER^PERSON"))).toEqual(whole.files.map((_, index) => index === 3));
  });

  test("doubles a file byte for byte, or a slice with a UID and voxels of its own", () => {
    const { files } = scanSeries({
      faults: [
        { kind: "duplicate-file", slice: 1 },
        { kind: "duplicate-slice", slice: 2 },
      ],
    });
    const named = (name: string): Uint8Array => files.find((file) => file.name === name)?.bytes ?? new Uint8Array(0);
    expect(files.length).toBe(7);
    expect(named(`copy-of-${CANARY}-0002.dcm`)).toEqual(named(`${CANARY}-0002.dcm`));
    const [twin, own] = [named(`twin-of-${CANARY}-0003.dcm`), named(`${CANARY}-0003.dcm`)];
    const uid = whole.expected.frames[2]?.derivedFrom[0]?.sopInstanceUID ?? "";
    expect([includes(own, `${uid}.1`), includes(twin, `${uid}.1`)]).toEqual([false, true]);
    expect(Buffer.compare(twin.subarray(-154), own.subarray(-154))).not.toBe(0);
  });
});
