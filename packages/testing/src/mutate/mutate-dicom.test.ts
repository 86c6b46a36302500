import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { scanSeries } from "../synthetic-scanner.ts";
import { BYTE_DAMAGE } from "./damage-bytes.ts";
import { FRAGMENT_DAMAGE } from "./damage-fragments.ts";
import { STRUCTURE_DAMAGE } from "./damage-structure.ts";
import { VALUE_DAMAGE } from "./damage-values.ts";
import { placeOf, withBytesBefore, withElementLength, withElementValue } from "./edit-file.ts";
import { mutateDicom, truncateDicom } from "./mutate-dicom.ts";
import { part10Layout, PIXEL_DATA } from "./part10-layout.ts";

const [slice] = scanSeries({ size: [8, 6, 2], sequenceLength: "undefined" }).files.map(({ bytes }) => bytes) as [Uint8Array];
const implicit = scanSeries({ size: [8, 6, 2], transferSyntax: "implicit" }).files[0]?.bytes as Uint8Array;
/** RLE in name: one item with an empty offset table, two fragments, the end. */
const encapsulated = withFragments(slice);

function item(tag: number, value: Uint8Array): Uint8Array {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(0xfffe, 0);
  header.writeUInt16LE(tag, 2);
  header.writeUInt32LE(value.length, 4);
  return Buffer.concat([header, value]);
}

function withFragments(file: Uint8Array): Uint8Array {
  const { start, value } = placeOf(file, PIXEL_DATA);
  const header = Buffer.from(file.subarray(start, value));
  header.writeUInt32LE(0xffffffff, 8);
  const items = [item(0xe000, new Uint8Array(0)), item(0xe000, Buffer.alloc(64, 1)), item(0xe000, Buffer.alloc(32, 2)), item(0xe0dd, new Uint8Array(0))];
  return withElementValue(Buffer.concat([file.subarray(0, start), header, ...items]), 0x00020010, Buffer.from("1.2.840.10008.1.2.5\0"));
}

describe("the layout of a file", () => {
  test.each([
    ["explicit, sequences of undefined length", slice],
    ["implicit", implicit],
    ["encapsulated", encapsulated],
  ])("is understood to its end: %s", (_, file) => {
    const { understoodTo, pieces } = part10Layout(file);
    expect(understoodTo).toBe(file.length);
    expect(pieces.at(-1)?.end).toBe(file.length);
    expect(pieces.filter(({ around }) => around.length === 0).map(({ tag }) => tag)).toContain(0x00280010);
  });

  test("finds Rows where the scanner put the 6", () => {
    const { value, end } = placeOf(slice, 0x00280010);
    expect(slice.subarray(value, end)).toEqual(Uint8Array.of(6, 0));
  });
});

describe("an edit", () => {
  test("of a value moves what stands behind it, and tells the lengths around it", () => {
    const edited = withElementValue(slice, 0x00020010, Buffer.from("1.2.840.10008.1.2.4.90"));
    // "1.2.840.10008.1.2.1" takes 20 bytes, the other 22.
    expect(edited).toHaveLength(slice.length + 2);
    const groupLength = (file: Uint8Array): number => Buffer.from(file).readUInt32LE(placeOf(file, 0x00020000).value);
    expect(groupLength(edited)).toBe(groupLength(slice) + 2);
    expect(part10Layout(edited).understoodTo).toBe(edited.length);
  });

  test("of a length changes two bytes and no more", () => {
    const edited = withElementLength(slice, 0x00280010, 0x1234);
    const changed = [...edited.keys()].filter((at) => edited[at] !== slice[at]);
    const { value } = placeOf(slice, 0x00280010);
    expect(changed).toEqual([value - 2, value - 1]);
    expect(edited.subarray(value - 2, value)).toEqual(Uint8Array.of(0x34, 0x12));
  });

  test("puts bytes before an element", () => {
    const edited = withBytesBefore(slice, 0x00280010, Uint8Array.of(1, 2, 3, 4));
    const { start } = placeOf(slice, 0x00280010);
    expect([...edited.subarray(start, start + 6)]).toEqual([1, 2, 3, 4, 0x28, 0x00]);
  });
});

describe("a mutant", () => {
  const numbers = Array.from({ length: 2000 }, (_, index) => index);

  test("depends on file, seed and index alone, and is never the file", () => {
    for (const index of numbers.slice(0, 300)) {
      const mutant = mutateDicom(slice, 5, index);
      const again = mutateDicom(Uint8Array.from(slice), 5, index);
      expect(Buffer.compare(mutant.bytes, again.bytes)).toBe(0);
      expect(mutant.damages).toEqual(again.damages);
      expect(Buffer.compare(mutant.bytes, slice)).not.toBe(0);
      expect(mutant.damages.length).toBeGreaterThan(0);
    }
    expect(mutateDicom(slice, 5, 0)).not.toEqual(mutateDicom(slice, 6, 0));
  });

  test("leaves the file that it is made of as it was", () => {
    const before = Buffer.from(encapsulated);
    for (const index of numbers.slice(0, 300)) mutateDicom(encapsulated, 1, index);
    expect(Buffer.compare(before, encapsulated)).toBe(0);
  });

  test("comes in every kind of damage there is", () => {
    const met = new Set(numbers.flatMap((index) => mutateDicom(encapsulated, 2, index).damages));
    const known = [BYTE_DAMAGE, STRUCTURE_DAMAGE, VALUE_DAMAGE, FRAGMENT_DAMAGE].flatMap((family) => Object.keys(family));
    expect(known.filter((name) => !met.has(name))).toEqual([]);
  });

  test("is damaged inside of the deflation too", () => {
    const meta = withElementValue(slice, 0x00020010, Buffer.from("1.2.840.10008.1.2.1.99"));
    const { dataSet } = part10Layout(meta);
    const deflated = Buffer.concat([meta.subarray(0, dataSet), deflateRawSync(meta.subarray(dataSet))]);
    const damages = new Set(numbers.slice(0, 300).flatMap((index) => mutateDicom(deflated, 3, index).damages));
    // An element of the data set can only be moved where the deflation was undone first.
    expect(damages).toContain("change the image's shape");
  });

  test("that was cut is the beginning of its file", () => {
    for (const index of numbers) {
      const { bytes } = truncateDicom(encapsulated, 4, index);
      expect(bytes.length).toBeLessThan(encapsulated.length);
      if (index < 200) expect(Buffer.compare(bytes, encapsulated.subarray(0, bytes.length))).toBe(0);
    }
  });
});
