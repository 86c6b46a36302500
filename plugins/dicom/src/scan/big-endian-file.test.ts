import { describe, expect, test } from "vitest";
import type { SourceFile } from "@hilum/core";
import { memorySource } from "@hilum/testing";
import fc from "fast-check";
import { bigEndianAsLittle } from "./big-endian-file.ts";

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/[\s|]/g, ""), "hex"));
}

function fileOf(bytes: Uint8Array): SourceFile {
  return memorySource([{ name: "big", bytes }]).files[0] as SourceFile;
}

function turned(bytes: Uint8Array, from = 0): string {
  const view = bigEndianAsLittle(fileOf(bytes), from);
  const all = new Uint8Array(view.size);
  expect(view.read(all, 0)).toBe(bytes.length);
  return Buffer.from(all).toString("hex");
}

const expected = (text: string): string => Buffer.from(hex(text)).toString("hex");

describe("big endian as little endian, by hand from PS3.5 7.3", () => {
  test.each([
    ["text", "00080060 4353 0002 4d52", "08006000 4353 0200 4d52"],
    ["US", "00280010 5553 0004 01020304", "28001000 5553 0400 02010403"],
    ["FL", "00189999 464c 0004 3f800000", "18009999 464c 0400 0000803f"],
    ["FD", "00189087 4644 0008 4000000000000001", "18008790 4644 0800 0100000000000040"],
    ["AT", "00280009 4154 0004 00181063", "28000900 4154 0400 18006310"],
    ["OB", "00091010 4f42 0000 00000004 01020304", "09001010 4f42 0000 04000000 01020304"],
    ["OW", "00091010 4f57 0000 00000004 01020304", "09001010 4f57 0000 04000000 02010403"],
    ["OF", "00091010 4f46 0000 00000004 01020304", "09001010 4f46 0000 04000000 04030201"],
    ["OD", "00091010 4f44 0000 00000008 0102030405060708", "09001010 4f44 0000 08000000 0807060504030201"],
    ["UN, whose bytes nobody knows", "00091010 554e 0000 00000002 0102", "09001010 554e 0000 02000000 0102"],
    ["a number that is cut, whose rest stays", "00280010 5553 0003 010203", "28001000 5553 0300 020103"],
  ])("turns %s", (_, big, little) => {
    expect(turned(hex(big))).toBe(expected(little));
  });

  test.each([
    ["OW of 8 bits", "0008", "4f57", "01020304", "02010403"],
    ["OW of 16 bits", "0010", "4f57", "01020304", "02010403"],
    ["OW of 32 bits", "0020", "4f57", "01020304", "04030201"],
    ["OB", "0008", "4f42", "01020304", "01020304"],
  ])("turns Pixel Data in %s", (_, bits, vr, big, little) => {
    const allocated = `${bits.slice(2)}${bits.slice(0, 2)}`;
    expect(turned(hex(`00280100 5553 0002 ${bits} 7fe00010 ${vr} 0000 00000004 ${big}`))).toBe(
      expected(`28000001 5553 0200 ${allocated} e07f1000 ${vr} 0000 04000000 ${little}`),
    );
  });

  test("goes into sequences, of defined and undefined length, and on behind them", () => {
    const big = `
      00081140 5351 0000 ffffffff | fffee000 ffffffff | 00280010 5553 0002 0102 | fffee00d 00000000 | fffee0dd 00000000 |
      00081199 5351 0000 00000012 | fffee000 0000000a | 00280010 5553 0002 0102 | 00280011 5553 0002 0304`;
    const little = `
      08004011 5351 0000 ffffffff | feff00e0 ffffffff | 28001000 5553 0200 0201 | feff0de0 00000000 | feffdde0 00000000 |
      08009911 5351 0000 12000000 | feff00e0 0a000000 | 28001000 5553 0200 0201 | 28001100 5553 0200 0403`;
    expect(turned(hex(big))).toBe(expected(little));
  });

  test("leaves what stands before the data set as it is", () => {
    expect(turned(hex("02001000 | 00280010 5553 0002 0102"), 4)).toBe(expected("02001000 | 28001000 5553 0200 0201"));
  });

  test("leaves everything behind a fault as it is, for the scanner to find", () => {
    expect(turned(hex("00280010 5a5a 0002 0102"))).toBe(expected("28001000 5a5a 0002 0102"));
    expect(turned(hex("00280010 5553 0002 0102 0028"))).toBe(expected("28001000 5553 0200 0201 0028"));
  });

  test("refuses 100 sequences inside each other", () => {
    const bytes = hex("00081140 5351 0000 ffffffff fffee000 ffffffff".repeat(100));
    expect(() => bigEndianAsLittle(fileOf(bytes), 0)).toThrow("nested deeper than 64");
  });

  test("refuses more than 100 000 elements", () => {
    const bytes = hex(`00081140 5351 0000 ffffffff ${"fffee000 00000000".repeat(100_001)}`);
    expect(() => bigEndianAsLittle(fileOf(bytes), 0)).toThrow("more than 100000 elements");
  });
});

describe("reading a part", () => {
  const bytes = hex(`
    00081140 5351 0000 ffffffff fffee000 ffffffff 00189087 4644 0008 4000000000000001 fffee00d 00000000 fffee0dd 00000000
    00280100 5553 0002 0010 7fe00010 4f57 0000 00000008 0102030405060708`);
  const view = bigEndianAsLittle(fileOf(bytes), 0);
  const whole = new Uint8Array(view.size);
  view.read(whole, 0);

  test("gives the same bytes as reading the whole, wherever it begins and ends", () => {
    for (let from = 0; from <= bytes.length + 2; from++)
      for (let length = 0; length <= bytes.length + 2 - from; length++) {
        const into = new Uint8Array(length).fill(0xee);
        const count = view.read(into, from);
        expect(count).toBe(Math.max(0, Math.min(length, bytes.length - from)));
        expect([...into.subarray(0, count)], `${from} + ${length}`).toEqual([...whole.subarray(from, from + count)]);
        expect(into.subarray(count).every((byte) => byte === 0xee)).toBe(true);
      }
  });

  test("does not crash, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(bytes.length), (changes, cut) => {
        const changed = bytes.slice();
        for (const [at, value] of changes) changed[at] = value;
        const file = bigEndianAsLittle(fileOf(changed.subarray(0, cut)), 0);
        const all = new Uint8Array(cut);
        expect(file.read(all, 0)).toBe(cut);
        expect([...all].sort()).toEqual([...changed.subarray(0, cut)].sort());
      }),
      { numRuns: 1000 },
    );
  });
});
