import { describe, expect, test } from "vitest";
import { elementJson } from "./data-set-json.ts";
import { createElementTable } from "./element-table.ts";
import { scanDataSet } from "./scan-data-set.ts";
import { textDecodingFor } from "./text.ts";

/** DICOM JSON of the first element of a data set in explicit VR, written by hand. */
function jsonOf(text: string, characterSet?: string, signed = false): unknown {
  const bytes = Buffer.from(text.replaceAll(/[\s|]/g, ""), "hex");
  return jsonOfBytes(bytes, characterSet, signed);
}

function jsonOfBytes(bytes: Buffer, characterSet?: string, signed = false, leftOut = new Set<number>()): unknown {
  const table = createElementTable();
  scanDataSet(bytes, { bytesStart: 0, from: 0, fileSize: bytes.length, explicitVr: true }, table);
  const place = { tag: table.tag[0] as number, vr: table.vr[0] as number, value: table.value[0] as number, valueEnd: table.valueEnd[0] as number };
  return elementJson(bytes, place, { explicitVr: true, signed, decodeText: textDecodingFor(characterSet), leftOut });
}

describe("an element as DICOM JSON (PS3.18 F.2)", () => {
  test("takes the VR of a standard attribute from the dictionary where a gateway made it UN", () => {
    expect(jsonOf("28001000 554e 0000 02000000 0002")).toEqual({ vr: "US", Value: [512] });
    expect(jsonOf("28000601 554e 0000 02000000 30f8", undefined, true)).toEqual({ vr: "SS", Value: [-2000] });
  });

  test("leaves a private UN alone", () => {
    expect(jsonOf("09000110 554e 0000 02000000 0002")).toEqual({ vr: "UN", InlineBinary: "AAI=" });
  });

  test("reads a UN that holds items of a standard sequence as implicit VR", () => {
    expect(jsonOf("08004011 554e 0000 16000000 | feff00e0 0e000000 08005011 06000000 312e322e3300")).toEqual({
      vr: "SQ",
      Value: [{ "00081150": { vr: "UI", Value: ["1.2.3"] } }],
    });
  });

  test("decodes an item by its own Specific Character Set, and the next by that of the data set", () => {
    const name = "10001000 504e 0200 fc41";
    const item = (content: string): string => `feff00e0 ffffffff ${content} feff0de0 00000000`;
    const cyrillic = `08000500 4353 0a00 49534f5f495220313434 ${name}`;
    expect(jsonOf(`08004011 5351 0000 ffffffff ${item(cyrillic)} ${item(name)} feffdde0 00000000`, "ISO_IR 100")).toEqual({
      vr: "SQ",
      Value: [
        { "00080005": { vr: "CS", Value: ["ISO_IR 144"] }, "00100010": { vr: "PN", Value: [{ Alphabetic: "ќA" }] } },
        { "00100010": { vr: "PN", Value: [{ Alphabetic: "üA" }] } },
      ],
    });
  });

  test("splits names and values only after their escape sequences are decoded", () => {
    // 3D 5C in JIS X 0208 (旬, says Python) holds the bytes of "=" and "\".
    const name = "1b2442 3d5c 1b2842 3d41";
    expect(jsonOf(`10001000 504e 0a00 ${name}`, "\\ISO 2022 IR 87")).toEqual({
      vr: "PN",
      Value: [{ Alphabetic: "旬", Ideographic: "A" }],
    });
  });

  test("leaves out a value of more than 1 MiB, and tells its tag", () => {
    const long = (vr: string, length: number): Buffer => {
      const header = Buffer.from(`09000110${Buffer.from(vr).toString("hex")}000000000000`, "hex");
      header.writeUInt32LE(length, 8);
      return Buffer.concat([header, Buffer.alloc(length, 0x5c)]);
    };
    for (const vr of ["OB", "UC", "UT", "UV"]) {
      const leftOut = new Set<number>();
      expect(jsonOfBytes(long(vr, 1024 * 1024), undefined, false, leftOut)).toMatchObject({ vr });
      expect(leftOut.size).toBe(0);
      expect(jsonOfBytes(long(vr, 1024 * 1024 + 8), undefined, false, leftOut)).toBeUndefined();
      expect([...leftOut]).toEqual([0x00091001]);
    }
  });
});
