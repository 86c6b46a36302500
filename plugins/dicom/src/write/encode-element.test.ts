import { describe, expect, it } from "vitest";
import { encodeItems, sequenceElement, shortElement, textElement, writeElement, type EncodedElement, type TextVr } from "./encode-element.ts";

function hexOf(element: EncodedElement, explicitVr: boolean): string {
  const out = Buffer.alloc(256);
  return out.subarray(0, writeElement(out, 0, element, explicitVr)).toString("hex");
}

/** Hexadecimal digits, grouped for the eye. */
function hex(digits: string): string {
  return digits.replaceAll(" ", "");
}

describe("encoding elements", () => {
  it("writes a UID with VR and 16-bit length, padded with NUL (PS3.5 7.1.2, 6.2)", () => {
    expect(hexOf(textElement(0x00080018, "UI", "1.2"), true)).toBe(hex("08001800 5549 0400 312e3200"));
  });

  it("writes a text with a 32-bit length and no VR in implicit VR, padded with a space (PS3.5 7.1.3)", () => {
    expect(hexOf(textElement(0x0008103e, "LO", "abc"), false)).toBe(hex("08003e10 04000000 61626320"));
  });

  it("joins values with a backslash", () => {
    expect(hexOf(textElement(0x00080008, "CS", "A", "B"), true)).toBe(hex("08000800 4353 0400 415c4220"));
  });

  it("writes signed and unsigned shorts in little endian", () => {
    expect(hexOf(shortElement(0x00280106, "SS", -2), true)).toBe(hex("28000601 5353 0200 feff"));
    expect(hexOf(shortElement(0x00280107, "US", 65534), true)).toBe(hex("28000701 5553 0200 feff"));
    expect(() => shortElement(0x00280106, "SS", 32768)).toThrow(RangeError);
  });

  it("writes a sequence with reserved bytes, 32-bit length and items of defined length (PS3.5 7.5.1)", () => {
    const sequence = sequenceElement(0x0040a170, [[textElement(0x00080102, "SH", "DCM")]], true);
    expect(hexOf(sequence, true)).toBe(hex("400070a1 5351 0000 14000000 feff00e0 0c000000 08000201 5348 0400 44434d20"));
  });

  it("writes items in implicit VR where it is asked to", () => {
    expect(Buffer.from(encodeItems([[textElement(0x00080102, "SH", "DCM")], []], false)).toString("hex")).toBe(hex("feff00e0 0c000000 08000201 04000000 44434d20 feff00e0 00000000"));
  });

  it.each<[string, TextVr, string]>([
    ["an LO of 65 characters", "LO", "x".repeat(65)],
    ["an LO with a backslash", "LO", "a\\b"],
    ["an LO that is not ASCII", "LO", "Gauß"],
    ["an LO with a line break", "LO", "a\nb"],
    ["an SH of 17 characters", "SH", "x".repeat(17)],
    ["an ST of 1025 characters", "ST", "x".repeat(1025)],
    ["a CS in lower case", "CS", "derived"],
    ["a DS of 17 characters", "DS", "0.123456789012345"],
    ["a DS with a letter", "DS", "1O24"],
    ["an IS with a fraction", "IS", "1.5"],
    ["a UI with a leading zero", "UI", "1.02"],
    ["a UI of 65 characters", "UI", `1.${"2".repeat(63)}`],
    ["a DA with dashes", "DA", "2026-01-02"],
  ])("refuses %s", (_title, vr, value) => {
    expect(() => textElement(0x00080000, vr, value)).toThrow(TypeError);
  });
});
