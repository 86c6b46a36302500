import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalString, decimalStringNotBelow } from "./decimal-string.ts";

const GRAMMAR = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });

describe("decimalString", () => {
  it.each([
    [1, "1"],
    [-1024, "-1024"],
    [0.1, "0.1"],
    // 16 characters hold 14 decimals of a number below 1, and 10 digits of a small one.
    [1 / 3, "0.33333333333333"],
    [-1 / 3, "-0.3333333333333"],
    [1.23456789012345e-30, "1.2345678901e-30"],
    [-1.23456789012345e-30, "-1.23456789e-30"],
    [1e30, "1e+30"],
  ])("of %d is %s", (number, text) => {
    expect(decimalString(number)).toBe(text);
  });

  it("is valid, at most 16 characters long, and right to eight digits", () => {
    fc.assert(
      fc.property(finite, (number) => {
        const text = decimalString(number);
        expect(text).toMatch(GRAMMAR);
        expect(text.length).toBeLessThanOrEqual(16);
        expect(Math.abs(Number(text) - number)).toBeLessThanOrEqual(Math.abs(number) * 5e-8 + 5e-324);
      }),
    );
  });
});

describe("decimalStringNotBelow", () => {
  it("rounds up, by one in the last digit that has room", () => {
    expect(decimalStringNotBelow(1 / 3)).toBe("0.33333333333334");
    expect(decimalStringNotBelow(2)).toBe("2");
    // The carry goes through all digits.
    expect(decimalStringNotBelow(9.999999999999999e-30)).toBe("1e-29");
  });

  it("is never below the number, and above it by less than one in eight digits", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: 1e-290, max: 1e290 }), (number) => {
        const text = decimalStringNotBelow(number);
        expect(text).toMatch(GRAMMAR);
        expect(text.length).toBeLessThanOrEqual(16);
        expect(Number(text)).toBeGreaterThanOrEqual(number);
        expect(Number(text)).toBeLessThanOrEqual(number * (1 + 1e-7));
      }),
    );
  });
});
