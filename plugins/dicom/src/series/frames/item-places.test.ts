import { encodeDataSet, type DataElement, type EncodingOptions } from "@hilum/testing";
import { isHilumError } from "@hilum/core";
import { describe, expect, test } from "vitest";
import { createElementTable } from "../../scan/element-table.ts";
import { scanDataSet } from "../../scan/scan-data-set.ts";
import { decimal } from "../../scan/values.ts";
import { ds, sq } from "./built-instance.test-support.ts";
import { findItems, scanItem, type ScannedItem } from "./item-places.ts";

const SEQUENCE = 0x52009230;
const NESTED = sq(SEQUENCE, [sq(0x00209113, [ds(0x00200032, 1)]), ds(0x00281053, 5)], [], [ds(0x00281053, 7)]);

function scanned(element: DataElement, options: Pick<EncodingOptions, "transferSyntax" | "sequenceLength">): ScannedItem {
  const bytes = Buffer.from(encodeDataSet([element], { ...options, textEncoding: "latin1" }));
  const explicitVr = options.transferSyntax === "explicit";
  const table = createElementTable();
  scanDataSet(bytes, { bytesStart: 0, from: 0, fileSize: bytes.length, explicitVr }, table);
  return { bytes, table, explicitVr };
}

const FORMS = (["explicit", "implicit"] as const).flatMap((transferSyntax) => (["defined", "undefined"] as const).map((sequenceLength) => ({ transferSyntax, sequenceLength })));

describe("items of a sequence", () => {
  test.each(FORMS)("are found and read in any form: %o", (form) => {
    const head = scanned(NESTED, form);
    const places = findItems(head, SEQUENCE);
    expect(places.items.map((_, index) => decimal(scanItem(head, places, index, createElementTable()), 0x00281053))).toEqual([5, undefined, 7]);
    // One behind the other, and the last ends where the sequence does.
    expect(places.items.slice(1).map(({ start }) => start)).toEqual(places.items.slice(0, -1).map(({ end }) => end));
    expect(places.items.at(-1)?.end).toBe(head.table.valueEnd[0]);
  });

  test("are none where there is no sequence", () => {
    expect(findItems(scanned(ds(0x00281053, 1), FORMS[0] as (typeof FORMS)[number]), SEQUENCE).items).toEqual([]);
  });

  test("are refused in an element that is no sequence", () => {
    expect(() => findItems(scanned({ tag: SEQUENCE, vr: "OB", bytes: new Uint8Array(8) }, FORMS[0] as (typeof FORMS)[number]), SEQUENCE)).toThrow(/\(5200,9230\).*is no sequence/);
  });

  test("never give more than there is, whichever byte of a length is wrong", () => {
    for (const form of FORMS)
      for (let at = 12; at < scanned(NESTED, form).bytes.length; at++) {
        const head = scanned(NESTED, form);
        head.bytes[at] = (head.bytes[at] as number) ^ 0x40;
        try {
          const places = findItems(head, SEQUENCE);
          for (const [index, { from, to, end }] of places.items.entries()) {
            expect(from <= to && to <= end && end <= head.bytes.length).toBe(true);
            scanItem(head, places, index, createElementTable());
          }
        } catch (error) {
          if (!isHilumError(error)) throw error;
          expect(error.code).toBe("MALFORMED_FILE");
        }
      }
  });
});
