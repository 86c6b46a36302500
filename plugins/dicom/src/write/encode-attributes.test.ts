import type { DicomJson } from "@hilum/core";
import { describe, expect, it } from "vitest";
import { encodeAttributes } from "./encode-attributes.ts";
import { encodeItems } from "./encode-element.ts";

/** The bytes of a data set that attributes become, in hexadecimal digits. */
function bytesOf(attributes: DicomJson): string {
  return Buffer.from(encodeItems([encodeAttributes(attributes)], true)).toString("hex").slice(16);
}

/** Hexadecimal digits, grouped for the eye. */
function hex(...digits: readonly string[]): string {
  return digits.join("").replaceAll(" ", "");
}

describe("a data set of the DICOM JSON model in explicit VR little endian", () => {
  it("has its elements in order of tags, with text as it stands there (PS3.5 6.2)", () => {
    expect(bytesOf({ "00280030": { vr: "DS", Value: ["0.50", "+5E-1"] }, "00080018": { vr: "UI", Value: ["1.2"] }, "00080060": { vr: "CS", Value: ["MR"] } })).toBe(
      hex("08001800 5549 0400 312e3200", "08006000 4353 0200 4d52", "28003000 4453 0a00 302e35305c2b35452d31"),
    );
  });

  it("has numbers of each width, also those that JSON does not know", () => {
    expect(
      bytesOf({
        "00090001": { vr: "US", Value: [1, 65535] },
        "00090002": { vr: "SS", Value: [-2] },
        "00090003": { vr: "UL", Value: [4294967295] },
        "00090004": { vr: "SL", Value: [-2] },
        "00090005": { vr: "FL", Value: [1.5] },
        "00090006": { vr: "FD", Value: ["-Infinity"] },
        "00090007": { vr: "SV", Value: [-2] },
        "00090008": { vr: "UV", Value: ["18446744073709551615"] },
        "00090009": { vr: "AT", Value: ["0018A001"] },
      }),
    ).toBe(
      hex(
        "09000100 5553 0400 0100ffff",
        "09000200 5353 0200 feff",
        "09000300 554c 0400 ffffffff",
        "09000400 534c 0400 feffffff",
        "09000500 464c 0400 0000c03f",
        "09000600 4644 0800 000000000000f0ff",
        "09000700 5356 0000 08000000 feffffffffffffff",
        "09000800 5556 0000 08000000 ffffffffffffffff",
        "09000900 4154 0400 180001a0",
      ),
    );
  });

  it("has binary values of an even length", () => {
    expect(bytesOf({ "00091001": { vr: "UN", InlineBinary: "AQID" }, "00091002": { vr: "OB" } })).toBe(hex("09000110 554e 0000 04000000 01020300", "09000210 4f42 0000 00000000"));
  });

  it("has sequences inside of sequences, and items without elements (PS3.5 7.5)", () => {
    const inner = { vr: "SQ", Value: [{ "00080100": { vr: "SH", Value: ["A"] } }, {}] };
    expect(bytesOf({ "00082112": { vr: "SQ", Value: [{ "0040A170": inner }] }, "00081140": { vr: "SQ" } })).toBe(
      hex("08004011 5351 0000 00000000", "08001221 5351 0000 2e000000", "feff00e0 26000000 400070a1 5351 0000 1a000000", "feff00e0 0a000000 08000001 5348 0200 4120", "feff00e0 00000000"),
    );
  });

  it("has names in their groups, and empty values among others", () => {
    expect(bytesOf({ "00100010": { vr: "PN", Value: [{ Alphabetic: "A^B", Phonetic: "C" }, null, { Alphabetic: "D" }] } })).toBe(hex("10001000 504e 0a00 415e423d3d435c5c4420"));
  });

  it("tells a blank value from one that is not there", () => {
    expect(bytesOf({ "00080090": { vr: "PN" }, "0008103E": { vr: "LO", Value: [null] }, "00091001": { vr: "LT", Value: [""] } })).toBe(
      hex("08009000 504e 0000", "08003e10 4c4f 0200 2020", "09000110 4c54 0200 2020"),
    );
  });

  it("keeps the character set of text in ASCII, and says UTF-8 of all other, in items too", () => {
    const set = { vr: "CS", Value: ["ISO_IR 100"] };
    expect(bytesOf({ "00080005": set, "00104000": { vr: "LT", Value: ["A\r\nB"] } })).toBe(hex("08000500 4353 0a00 49534f5f495220313030", "10000040 4c54 0400 410d0a42"));
    const utf8 = "08000500 4353 0a00 49534f5f495220313932";
    expect(bytesOf({ "00100010": { vr: "PN", Value: [{ Alphabetic: "Äö" }] } })).toBe(hex(utf8, "10001000 504e 0400 c384c3b6"));
    expect(bytesOf({ "00080005": set, "00081140": { vr: "SQ", Value: [{ "00080005": set, "00100010": { vr: "PN", Value: [{ Alphabetic: "é" }] } }] } })).toBe(
      hex(utf8, "08004011 5351 0000 24000000 feff00e0 1c000000", utf8, "10001000 504e 0200 c3a9"),
    );
  });

  it("pads what is odd in bytes, whatever it is in characters", () => {
    expect(bytesOf({ "00104000": { vr: "LT", Value: ["日"] } })).toBe(hex("08000500 4353 0a00 49534f5f495220313932", "10000040 4c54 0400 e697a520"));
  });

  it.each([
    ["text that could not be decoded", "UNSUPPORTED_WRITE", { "00100010": { vr: "PN", Value: [{ Alphabetic: "Gr\uFFFD\uFFFDe" }] } }],
    ["more than a length of two bytes tells", "UNSUPPORTED_WRITE", { "00100010": { vr: "DS", Value: ["1".repeat(65_535)] } }],
    ["a VR that there is not", "MALFORMED_FILE", { "00100010": { vr: "XX", Value: ["1"] } }],
    ["a number that does not fit", "MALFORMED_FILE", { "00100010": { vr: "US", Value: [65_536] } }],
    ["a value of no number", "MALFORMED_FILE", { "00100010": { vr: "UV", Value: ["one"] } }],
    ["items that are none", "MALFORMED_FILE", { "00100010": { vr: "SQ", Value: [null] } }],
    ["words as a list", "MALFORMED_FILE", { "00100010": { vr: "OW", Value: [1] } }],
  ] as const)("is refused with %s, naming the tag and no value", (_, code, attributes) => {
    let thrown: unknown;
    try {
      encodeAttributes(attributes);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code, details: { tag: "(0010,0010)" } });
    expect((thrown as Error).message).not.toMatch(/Gr|1111|one/);
  });

  it("is refused where sequences have no end, and where a key is no tag", () => {
    let deep: DicomJson = {};
    for (let depth = 0; depth < 10_000; depth++) deep = { "00081140": { vr: "SQ", Value: [deep] } };
    expect(() => encodeAttributes(deep)).toThrow(expect.objectContaining({ code: "MALFORMED_FILE" }));
    expect(() => encodeAttributes({ PatientName: { vr: "PN" } })).toThrow(expect.objectContaining({ code: "MALFORMED_FILE" }));
  });
});
