import { isHilumError } from "@hilum/core";
import { encodeDataSet, type DataElement } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import { createElementTable } from "./element-table.ts";
import { scanDataSet } from "./scan-data-set.ts";
import { codes, days, decimals, decimalsOf, doubles, integer, integer16, seconds, uid, type ScannedHead } from "./values.ts";

const TAG = 0x00201041;

function headOf(element: DataElement): ScannedHead {
  const encoded = encodeDataSet([element], { transferSyntax: "explicit", sequenceLength: "defined", textEncoding: "latin1" });
  const bytes = Buffer.from(encoded);
  const table = createElementTable();
  scanDataSet(bytes, { bytesStart: 0, from: 0, fileSize: bytes.length, explicitVr: true }, table);
  return { bytes, table };
}

function ofText(vr: "CS" | "DA" | "DS" | "IS" | "TM" | "UI", text: string): ScannedHead {
  return headOf({ tag: TAG, vr, text });
}

function refused(read: () => unknown): string {
  try {
    return `accepted: ${JSON.stringify(read())}`;
  } catch (error) {
    if (!isHilumError(error)) throw error;
    return error.code;
  }
}

describe("values by strict VR grammar (PS3.5 6.2)", () => {
  test.each([
    ["1.5", [1.5]],
    [" -1.0E+02 ", [-100]],
    ["+.5\\1.\\2e-1", [0.5, 1, 0.2]],
  ])("reads the decimal string %j", (text, expected) => {
    expect(decimals(ofText("DS", text), TAG)).toEqual(expected);
  });

  test.each(["-1O24", "NaN", "1,5", "0x10", "1e999", "1.2.3", "\\", "Infinity", "1 2", "--1"])("refuses the decimal string %j", (text) => {
    expect(refused(() => decimals(ofText("DS", text), TAG))).toBe("MALFORMED_FILE");
  });

  test("refuses another number of values than belong", () => {
    expect(refused(() => decimalsOf(ofText("DS", "1\\2"), TAG, 3))).toBe("MALFORMED_FILE");
  });

  test.each([
    ["12", 12],
    [" -2147483648", -(2 ** 31)],
  ])("reads the integer string %j", (text, expected) => {
    expect(integer(ofText("IS", text), TAG)).toBe(expected);
  });

  test.each(["1.0", "1e3", "2147483648", "A", "1\\2"])("refuses the integer string %j", (text) => {
    expect(refused(() => integer(ofText("IS", text), TAG))).toBe("MALFORMED_FILE");
  });

  test.each(["1.2.840.10008.1.2", "2.25.0"])("reads the UID %j", (text) => {
    expect(uid(ofText("UI", text), TAG)).toBe(text);
  });

  test.each(["1.2.3X4", "1..2", "1.02", ".1", "1.", "../../etc", `1.${"2".repeat(64)}`])("refuses the UID %j", (text) => {
    expect(refused(() => uid(ofText("UI", text), TAG))).toBe("MALFORMED_FILE");
  });

  test("reads the values of a code string without their padding", () => {
    expect(codes(ofText("CS", "ORIGINAL\\PRIMARY \\M_SE"), TAG)).toEqual(["ORIGINAL", "PRIMARY", "M_SE"]);
  });

  test("refuses a code string with other letters", () => {
    expect(refused(() => codes(ofText("CS", "Mr<b>"), TAG))).toBe("MALFORMED_FILE");
  });

  test.each([
    ["101530.25", 36_930.25],
    ["10", 36_000],
    ["1015", 36_900],
    ["10:15:30", 36_930],
    ["235960", 86_400],
  ])("reads the time %j", (text, expected) => {
    expect(seconds(ofText("TM", text), TAG)).toBe(expected);
  });

  test.each(["250000", "106000", "101", "10153O", "101530.1234567"])("refuses the time %j", (text) => {
    expect(refused(() => seconds(ofText("TM", text), TAG))).toBe("MALFORMED_FILE");
  });

  test.each([
    ["19700101", 0],
    ["2000.03.01", 11_017],
  ])("reads the date %j", (text, expected) => {
    expect(days(ofText("DA", text), TAG)).toBe(expected);
  });

  test.each(["20010229", "20011301", "010101", "2001-01-01"])("refuses the date %j", (text) => {
    expect(refused(() => days(ofText("DA", text), TAG))).toBe("MALFORMED_FILE");
  });

  test("reads a 16-bit integer by the sign that is asked for, not by its VR", () => {
    const head = headOf({ tag: TAG, vr: "US", numbers: [63_536] });
    expect(integer16(head, TAG, true)).toBe(-2000);
    expect(integer16(head, TAG, false)).toBe(63_536);
  });

  test("refuses a text where a 16-bit integer belongs", () => {
    expect(refused(() => integer16(ofText("IS", "12"), TAG, false))).toBe("MALFORMED_FILE");
  });

  test("refuses a float that is not finite", () => {
    expect(refused(() => doubles(headOf({ tag: TAG, vr: "FD", numbers: [Number.NaN] }), TAG))).toBe("MALFORMED_FILE");
  });

  test("says tag and offset of a malformed value, and nothing of the value", () => {
    const error = (() => {
      try {
        return decimals(ofText("DS", "SECRET"), TAG);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(isHilumError(error) && error.message).toBe("Element (0020,1041) at offset 0 is no valid decimal string.");
  });

  test("refuses a text of more than 1 MiB, whose values would take memory out of all proportion", () => {
    const bytes = Buffer.alloc(8 + 1024 * 1024 + 2, "1\\");
    bytes.writeUInt32LE(0x10410020, 0);
    bytes.writeUInt32LE(bytes.length - 8, 4);
    const table = createElementTable();
    scanDataSet(bytes, { bytesStart: 0, from: 0, fileSize: bytes.length, explicitVr: false }, table);
    expect(refused(() => decimals({ bytes, table }, TAG))).toBe("MALFORMED_FILE");
  });

  test("gives nothing for an empty or absent element", () => {
    expect(decimals(ofText("DS", "  "), TAG)).toBeUndefined();
    expect(decimals(ofText("DS", "1"), TAG + 1)).toBeUndefined();
  });
});
