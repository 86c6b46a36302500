import { isHilumError } from "@hilum/core";
import { describe, expect, test } from "vitest";
import { readCsaHeader } from "./csa-header.ts";
import { csaHeader } from "./csa-header.test-support.ts";

const AT = { tag: 0x00291010, offset: 1000 };
const VALUES = { EchoLinePosition: ["31"], SliceNormalVector: ["0.00000000", "0.12360148", "0.99233194"], B_value: [] };

describe("a Siemens CSA header", () => {
  test.each(["SV10", "earlier"] as const)("holds texts by name, in the form %s", (form) => {
    expect(Object.fromEntries(readCsaHeader(Buffer.from(csaHeader(VALUES, form)), AT))).toEqual(VALUES);
  });

  test.each(["SV10", "earlier"] as const)("is refused where it is cut, whatever the byte, in the form %s", (form) => {
    const whole = Buffer.from(csaHeader({ A: ["1", "22"], B: ["333"] }, form));
    for (let length = 0; length < whole.length; length++) {
      let code = "read";
      try {
        readCsaHeader(whole.subarray(0, length), AT);
      } catch (error) {
        if (!isHilumError(error)) throw error;
        code = error.code;
        expect(error.details).toMatchObject({ tag: "(0029,1010)" });
      }
      // The padding behind the last text may be missing.
      expect(code, `${length} bytes`).toBe(length === whole.length ? "read" : "MALFORMED_FILE");
    }
  });

  test("is refused for counts that its bytes cannot hold, without taking the time", () => {
    const hostile = Buffer.from(csaHeader(VALUES));
    hostile.writeInt32LE(0x7fffffff, 16 + 64 + 12);
    expect(() => readCsaHeader(hostile, AT)).toThrow(/CSA header/);
    const many = Buffer.from(csaHeader(VALUES));
    many.writeUInt32LE(0xffffffff, 8);
    expect(() => readCsaHeader(many, AT)).toThrow(/CSA header/);
    const negative = Buffer.from(csaHeader(VALUES));
    negative.writeInt32LE(-4, 16 + 84 + 4);
    expect(() => readCsaHeader(negative, AT)).toThrow(/CSA header/);
  });

  test("gives no name of an object's own", () => {
    expect(readCsaHeader(Buffer.from(csaHeader({ constructor: ["1"] })), AT).get("toString")).toBeUndefined();
  });
});
