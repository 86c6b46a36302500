import { deflateRawSync } from "node:zlib";
import { isHilumError, type SourceFile } from "@hilum/core";
import { memorySource } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import { inflatedFile } from "./inflated-file.ts";

const MIB = 1024 * 1024;
const HEAD = Buffer.from("preamble and meta");

/** A file of a head and a deflated data set; counts its closings and the bytes that are read of it. */
function deflatedFile(dataSet: Uint8Array, cut = 0): { readonly file: SourceFile; readonly told: { closed: number; bytesRead: number } } {
  const deflated = deflateRawSync(dataSet);
  const [stored] = memorySource([{ name: "deflated", bytes: Buffer.concat([HEAD, deflated.subarray(0, deflated.length - cut)]) }]).files;
  const told = { closed: 0, bytesRead: 0 };
  const { name, size, read } = stored as SourceFile;
  const file: SourceFile = {
    name,
    size,
    read(into, position) {
      const count = read(into, position);
      told.bytesRead += count;
      return count;
    },
    close: () => void told.closed++,
  };
  return { file, told };
}

function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, state = 1; i < length; i++) bytes[i] = state = (state * 75 + 74) % 65_537 & 0xff;
  return bytes;
}

function refused(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    return isHilumError(error) ? `${error.code}: ${error.message}` : String(error);
  }
  return "accepted";
}

describe("a deflated data set", () => {
  test("is read as if it were not, with the head before it, wherever reading begins and ends", () => {
    const dataSet = noise(300);
    const whole = Buffer.concat([HEAD, dataSet]);
    const view = inflatedFile(deflatedFile(dataSet).file, HEAD.length);
    expect(view.size).toBe(whole.length);
    for (let from = 0; from < whole.length + 3; from += 3)
      for (const length of [0, 1, 16, 17, 18, 150, 400]) {
        const into = Buffer.alloc(length);
        const count = view.read(into, from);
        expect(into.subarray(0, count).equals(whole.subarray(from, from + length))).toBe(true);
        expect(count).toBe(Math.max(0, Math.min(length, whole.length - from)));
      }
  });

  test("is let go of by close, and made again for a later read", () => {
    const { file, told } = deflatedFile(noise(3000));
    const view = inflatedFile(file, HEAD.length);
    const into = Buffer.alloc(10);
    view.read(into, HEAD.length);
    const once = told.bytesRead;
    view.close();
    expect(told.closed).toBe(1);
    view.read(into, HEAD.length);
    expect(told.bytesRead).toBe(2 * once);
    expect(into.equals(noise(10))).toBe(true);
  });

  test("makes room for those that are read last", () => {
    // Five of 15 MiB are more than the 64 MiB that are kept: the first has to be inflated again.
    const five = Array.from({ length: 5 }, () => deflatedFile(Buffer.alloc(15 * MIB)));
    const views = five.map(({ file }) => inflatedFile(file, HEAD.length));
    const before = five.map(({ told }) => told.bytesRead);
    const into = Buffer.alloc(1);
    for (const view of [...views].reverse()) view.read(into, HEAD.length);
    expect(five.map(({ told }, index) => told.bytesRead > (before[index] as number))).toEqual([true, false, false, false, false]);
    for (const view of views) view.close();
  });

  test("may be an image of one value, which shrinks a thousandfold", () => {
    expect(inflatedFile(deflatedFile(Buffer.alloc(8 * MIB)).file, HEAD.length).size).toBe(HEAD.length + 8 * MIB);
  });

  test("is refused when it inflates out of all proportion", () => {
    const { file } = deflatedFile(Buffer.alloc(17 * MIB));
    expect(refused(() => inflatedFile(file, HEAD.length))).toMatch(/^MALFORMED_FILE: The deflated data set of \d+ bytes holds more than 16777216 bytes\.$/);
  });

  test("is refused when it is cut, or is no deflate stream", () => {
    expect(refused(() => inflatedFile(deflatedFile(noise(3000), 1).file, HEAD.length))).toMatch(/^MALFORMED_FILE/);
    const [text] = memorySource([{ name: "text", bytes: Buffer.concat([HEAD, Buffer.alloc(100, 0xff)]) }]).files as [SourceFile];
    expect(refused(() => inflatedFile(text, HEAD.length))).toMatch(/^MALFORMED_FILE: The deflated data set that begins at offset 17/);
    const [nothing] = memorySource([{ name: "nothing", bytes: HEAD }]).files as [SourceFile];
    expect(refused(() => inflatedFile(nothing, HEAD.length))).toMatch(/^MALFORMED_FILE/);
  });
});
