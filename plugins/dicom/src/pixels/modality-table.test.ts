import { isHilumError } from "@hilum/core";
import { encodeDataSet, type DataElement } from "@hilum/testing";
import { expect, test } from "vitest";
import { createElementTable } from "../scan/element-table.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import { readModalityTable } from "./modality-table.ts";

function read(descriptor: readonly number[], data: readonly number[], options: { signed?: boolean; explicitVr?: boolean } = {}) {
  const explicitVr = options.explicitVr ?? true;
  const items: readonly (readonly DataElement[])[] = [
    [
      { tag: 0x00283002, vr: "US", numbers: descriptor },
      { tag: 0x00283006, vr: "OW", bytes: Uint8Array.from(data) },
    ],
  ];
  const bytes = Buffer.from(
    encodeDataSet([{ tag: 0x00283000, vr: "SQ", items }], { transferSyntax: explicitVr ? "explicit" : "implicit", sequenceLength: "undefined", textEncoding: "latin1" }),
  );
  const table = createElementTable();
  scanDataSet(bytes, { bytesStart: 0, from: 0, fileSize: bytes.length, explicitVr }, table);
  const { firstMapped, values } = readModalityTable({ bytes, table, explicitVr }, options.signed ?? false) ?? { firstMapped: 0, values: [] };
  return { firstMapped, values: [...values] };
}

test.each([true, false])("entries of 16 bits are words (explicit VR: %s)", (explicitVr) => {
  expect(read([3, 5, 16], [1, 0, 0, 1, 0xff, 0xff], { explicitVr })).toEqual({ firstMapped: 5, values: [1, 256, 65_535] });
});

test("entries of 8 bits stand one in a byte, or one in a word", () => {
  expect(read([3, 0, 8], [1, 2, 3, 0]).values).toEqual([1, 2, 3]);
  expect(read([3, 0, 8], [1, 0, 2, 0, 3, 0]).values).toEqual([1, 2, 3]);
});

test("the first mapped value has the sign of the pixels", () => {
  expect(read([1, 0xf800, 16], [9, 0], { signed: true }).firstMapped).toBe(-2048);
  expect(read([1, 0xf800, 16], [9, 0]).firstMapped).toBe(63_488);
});

test("no entries are 65536 (PS3.3 C.11.1.1)", () => {
  expect(read([0, 0, 16], Array.from({ length: 131_072 }, () => 0)).values).toHaveLength(65_536);
});

test.each<readonly [string, readonly number[], readonly number[]]>([
  ["data of another length", [3, 0, 16], [1, 0, 2, 0]],
  ["a descriptor of two values", [3, 0], [1, 0]],
  ["entries of 32 bits", [1, 0, 32], [1, 0]],
])("%s are refused", (_, descriptor, data) => {
  expect(() => read(descriptor, data)).toThrowError(expect.toSatisfy((error) => isHilumError(error) && error.code === "MALFORMED_FILE"));
});

test("there is no table without a sequence", () => {
  expect(readModalityTable({ bytes: Buffer.alloc(0), table: createElementTable(), explicitVr: true }, false)).toBeUndefined();
});
