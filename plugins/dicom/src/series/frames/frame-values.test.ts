import { encodeDataSet } from "@hilum/testing";
import { expect, test } from "vitest";
import { createElementTable } from "../../scan/element-table.ts";
import { scanDataSet } from "../../scan/scan-data-set.ts";
import type { ScannedHead } from "../../scan/values.ts";
import { dateTime, unsignedLongs } from "./frame-values.ts";

const TAG = 0x00189074;

function headOf(element: Parameters<typeof encodeDataSet>[0][number]): ScannedHead {
  const bytes = Buffer.from(encodeDataSet([element], { transferSyntax: "explicit", sequenceLength: "defined", textEncoding: "latin1" }));
  const table = createElementTable();
  scanDataSet(bytes, { bytesStart: 0, from: 0, fileSize: bytes.length, explicitVr: true }, table);
  return { bytes, table };
}

// Days by `date -u -d 2014-01-22 +%s` / 86400 and the like; seconds by hand.
test.each([
  ["20140122105327.64", 16092, 39207.64],
  ["19700101000000", 0, 0],
  ["20000229235960.5+0130", 11016, 86400.5],
  ["20140122105327.640000 ", 16092, 39207.64],
])("a Date Time: %s", (text, day, seconds) => {
  expect(dateTime(headOf({ tag: TAG, vr: "DT", text }), TAG)).toEqual({ day, seconds });
});

test.each(["20140122", "201401221053", "20140122105361", "20140230105327", "20141322105327", "20140122255327", "2014012210532O", "20140122105327.", "20140122105327+1"])(
  "no Date Time of an image: %s",
  (text) => {
    expect(() => dateTime(headOf({ tag: TAG, vr: "DT", text }), TAG)).toThrow(/\(0018,9074\)/);
  },
);

test("unsigned longs are 32 bits each, and of no other VR", () => {
  expect(unsignedLongs(headOf({ tag: TAG, vr: "UL", numbers: [1, 0xffffffff] }), TAG)).toEqual([1, 0xffffffff]);
  expect(() => unsignedLongs(headOf({ tag: TAG, vr: "US", numbers: [1, 2] }), TAG)).toThrow(/\(0018,9074\)/);
  expect(() => unsignedLongs(headOf({ tag: TAG, vr: "UN", bytes: Uint8Array.of(1, 2, 3, 4, 5, 6) }), TAG)).toThrow(/\(0018,9074\)/);
  expect(unsignedLongs(headOf({ tag: TAG, vr: "UL", numbers: [] }), TAG)).toBeUndefined();
});
