import { HilumError, isHilumError } from "@hilum/core";
import { encodeDataSet, type DataSet, type EncodingOptions } from "@hilum/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createElementTable, findElement } from "./element-table.ts";
import { scanDataSet, type ScanEnd } from "./scan-data-set.ts";

const EXPLICIT: EncodingOptions = { transferSyntax: "explicit", sequenceLength: "undefined", textEncoding: "latin1" };

const DATA_SET: DataSet = [
  { tag: 0x00080060, vr: "CS", text: "MR" },
  { tag: 0x00081140, vr: "SQ", items: [[{ tag: 0x00081150, vr: "UI", text: "1.2.3" }], []] },
  { tag: 0x00280010, vr: "US", numbers: [2] },
  { tag: 0x7fe00010, vr: "OW", bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
];

function scan(bytes: Uint8Array, explicitVr = true, fileSize = bytes.length) {
  const table = createElementTable(1);
  const end = scanDataSet(bytes, { bytesStart: 0, from: 0, fileSize, explicitVr }, table);
  return { table, end };
}

function faultOf(bytes: Uint8Array, explicitVr = true, fileSize = bytes.length): HilumError {
  try {
    scan(bytes, explicitVr, fileSize);
  } catch (error) {
    if (isHilumError(error)) return error;
    throw error;
  }
  throw new Error("the scan found no fault");
}

/** Hexadecimal text to bytes; spaces are for people. */
function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/[\s|]/g, ""), "hex"));
}

describe("the scanner", () => {
  test("finds elements of explicit VR where they lie", () => {
    // (0008,0060) CS 2 "MR", (0028,0010) US 2, (7FE0,0010) OW 4, by hand from PS3.5 7.1.2.
    const { table, end } = scan(hex("08006000 4353 0200 4d52 | 28001000 5553 0200 0200 | e07f1000 4f57 0000 04000000 01020304"));
    expect(end).toEqual({ complete: true, end: 36 });
    expect([...table.tag.subarray(0, table.count)]).toEqual([0x00080060, 0x00280010, 0x7fe00010]);
    expect([...table.start.subarray(0, 3)]).toEqual([0, 10, 20]);
    expect([...table.value.subarray(0, 3)]).toEqual([8, 18, 32]);
    expect([...table.valueEnd.subarray(0, 3)]).toEqual([10, 20, 36]);
    expect([...table.vr.subarray(0, 3)]).toEqual([0x4353, 0x5553, 0x4f57]);
  });

  test("finds elements of implicit VR where they lie", () => {
    const { table } = scan(hex("08006000 02000000 4d52 | 28001000 02000000 0200"), false);
    expect([...table.value.subarray(0, table.count)]).toEqual([8, 18]);
    expect([...table.vr.subarray(0, table.count)]).toEqual([0, 0]);
  });

  test("walks a sequence of undefined length to its end", () => {
    const item = "feff00e0 ffffffff | 08005011 5549 0400 312e3200 | feff0de0 00000000";
    const { table } = scan(hex(`08004011 5351 0000 ffffffff ${item} ${item} feffdde0 00000000 | 28001000 5553 0200 0200`));
    expect([...table.tag.subarray(0, table.count)]).toEqual([0x00081140, 0x00280010]);
    // 12 bytes of header, two items of 8 + 12 + 8, the delimitation item of 8.
    expect([table.value[0], table.valueEnd[0], table.end[0]]).toEqual([12, 68, 76]);
  });

  test("reads a UN of undefined length as implicit VR inside", () => {
    const bytes = hex("09001010 554e 0000 ffffffff | feff00e0 ffffffff 08005011 04000000 312e3200 feff0de0 00000000 | feffdde0 00000000");
    expect(scan(bytes).table.valueEnd[0]).toBe(bytes.length - 8);
  });

  test("skips a value that lies behind the bytes but inside the file", () => {
    const head = hex("28001000 5553 0200 0200 | e07f1000 4f57 0000 00001000");
    const { table, end } = scan(head, true, head.length + 0x100000);
    expect(end).toEqual({ complete: true, end: head.length + 0x100000 });
    expect(table.valueEnd[1]).toBe(head.length + 0x100000);
  });

  test("goes on from where the bytes ended, wherever that is", () => {
    const whole = encodeDataSet(DATA_SET, EXPLICIT);
    const { table: expected } = scan(whole);
    for (let cut = 0; cut < whole.length; cut++) {
      const table = createElementTable();
      let end: ScanEnd = scanDataSet(whole.subarray(0, cut), { bytesStart: 0, from: 0, fileSize: whole.length, explicitVr: true }, table);
      if (!end.complete) {
        expect(end.neededTo).toBeGreaterThan(cut);
        const bytesStart = end.resumeAt;
        end = scanDataSet(
          whole.subarray(bytesStart),
          { bytesStart, from: bytesStart, fileSize: whole.length, explicitVr: true, append: true },
          table,
        );
      }
      expect(end).toEqual({ complete: true, end: whole.length });
      expect([...table.value.subarray(0, table.count)]).toEqual([...expected.value.subarray(0, expected.count)]);
    }
  });

  test("stops before another group where one group is asked for", () => {
    const table = createElementTable();
    const bytes = hex("02001000 5549 0200 3100 | 08006000 02000000 4d52");
    expect(scanDataSet(bytes, { bytesStart: 0, from: 0, fileSize: bytes.length, explicitVr: true, group: 2 }, table)).toEqual({
      complete: true,
      end: 10,
    });
    expect(table.count).toBe(1);
  });

  test("finds an element by its tag", () => {
    const { table } = scan(encodeDataSet(DATA_SET, EXPLICIT));
    expect(findElement(table, 0x00280010)).toBe(2);
    expect(findElement(table, 0x00280011)).toBe(-1);
  });
});

describe("the scanner refuses", () => {
  test("Pixel Data that reaches past the end of the file", () => {
    const fault = faultOf(hex("e07f1000 4f57 0000 08000000 01020304"));
    expect(fault.code).toBe("TRUNCATED_PIXEL_DATA");
    expect(fault.details).toMatchObject({ promisedBytes: 8, presentBytes: 4 });
  });

  test.each([
    ["any other element that does", "10001000 504e 0800 41424344", "(0010,0010)"],
    ["a tag that descends", "28001000 5553 0200 0200 08006000 4353 0200 4d52", "(0008,0060)"],
    ["a tag that stands twice", "28001000 5553 0200 0200 28001000 5553 0200 0300", "(0028,0010)"],
    ["a VR that is none", "28001000 5a5a 0200 0200", "(0028,0010)"],
    ["undefined length of something that is no sequence", "28001000 4f42 0000 ffffffff feffdde0 00000000", "(0028,0010)"],
    ["an item outside of a sequence", "feff00e0 00000000", "(FFFE,E000)"],
    ["an element where an item should begin", "08004011 5351 0000 ffffffff 08005011 5549 0000", "(0008,1150)"],
    ["an item that reaches past the end of the file", "08004011 5351 0000 ffffffff feff00e0 10000000 feffdde0 00000000", "(FFFE,E000)"],
  ])("%s", (_, bytes, tag) => {
    const fault = faultOf(hex(bytes));
    expect(fault.code).toBe("MALFORMED_FILE");
    expect(fault.details["tag"]).toBe(tag);
  });

  test("a file that ends inside the header of an element", () => {
    expect(faultOf(hex("28001000 5553 0200 0200 2800")).details).toEqual({ offset: 10 });
  });

  test("5000 sequences inside each other, without running out of stack", () => {
    const fault = faultOf(hex("08004011 5351 0000 ffffffff feff00e0 ffffffff".repeat(5000)));
    expect(fault.message).toContain("nested deeper than 64");
  });

  test("more than 100 000 items", () => {
    const bytes = hex(`08004011 5351 0000 ffffffff ${"feff00e0 00000000".repeat(100_001)} feffdde0 00000000`);
    expect(faultOf(bytes).message).toContain("more than 100000 elements");
  });
});

describe("the data set of a file that was received", () => {
  const ROWS = "28001000 5553 0200 0200";
  const PADDING = "fcfffcff 4f42 0000 04000000";
  const received = (bytes: Uint8Array): readonly [end: ScanEnd, elements: number] => {
    const table = createElementTable(1);
    return [scanDataSet(bytes, { bytesStart: 0, from: 0, fileSize: bytes.length, explicitVr: true, received: true }, table), table.count];
  };

  test("is over at Data Set Trailing Padding, whatever stands behind that", () => {
    expect(received(hex(`${ROWS} ${PADDING} 00000000 deadbeef deadbeef`))).toEqual([{ complete: true, end: 26 }, 2]);
    expect(faultOf(hex(`${ROWS} ${PADDING} 00000000 deadbeef deadbeef`)).code).toBe("MALFORMED_FILE");
  });

  test("loses nothing where the file ends inside of that padding", () => {
    expect(received(hex(`${ROWS} ${PADDING} 000000`))).toEqual([{ complete: true, end: 10 }, 1]);
    expect(faultOf(hex(`${ROWS} ${PADDING} 000000`)).code).toBe("MALFORMED_FILE");
  });

  test("has no rubbish behind any other element", () => {
    expect(() => received(hex(`${ROWS} deadbeef deadbeef`))).toThrow();
  });
});

describe("the scanner, whatever the bytes", () => {
  const whole = encodeDataSet(DATA_SET, EXPLICIT);

  test("gives a HilumError or a table that lies inside the file, in order", () => {
    const mutation = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(mutation, fc.nat(whole.length), fc.boolean(), (changes, cut, explicitVr) => {
        const bytes = whole.slice(0, cut);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const table = createElementTable();
        try {
          const end = scanDataSet(bytes, { bytesStart: 0, from: 0, fileSize: bytes.length, explicitVr }, table);
          expect(end.complete).toBe(true);
        } catch (error) {
          if (!isHilumError(error)) throw error;
        }
        for (let row = 0; row < table.count; row++) {
          expect(table.end[row]).toBeLessThanOrEqual(bytes.length);
          expect(table.start[row]).toBe(row === 0 ? 0 : table.end[row - 1]);
          if (row > 0) expect(table.tag[row]).toBeGreaterThan(table.tag[row - 1] as number);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("never takes random bytes for a reason to crash", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, explicitVr) => {
        try {
          scan(bytes, explicitVr);
        } catch (error) {
          expect(isHilumError(error)).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
