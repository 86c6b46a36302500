import { isHilumError } from "@hilum/core";
import { expect, test } from "vitest";
import { requireReadable, transferSyntaxOf } from "./transfer-syntaxes.ts";

test.each([
  ["1.2.840.10008.1.2.4.110", "JPEG XL Lossless"],
  ["1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level"],
  ["1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile / Level 5.1"],
  ["1.2.840.10008.1.2.4.94", "JPIP Referenced"],
  ["1.2.3.4.5", "UID 1.2.3.4.5"],
])("refuses %s by name", (uid, name) => {
  try {
    requireReadable(uid);
  } catch (error) {
    expect(isHilumError(error) && error.code).toBe("UNSUPPORTED_TRANSFER_SYNTAX");
    expect((error as Error).message).toContain(name);
    return;
  }
  throw new Error("it was accepted");
});

test("lets through what PS3.5 A.1 to A.6 and A.4.1 to A.4.7 describe", () => {
  for (const end of ["", ".1", ".1.99", ".2", ".4.50", ".4.51", ".4.57", ".4.70", ".4.80", ".4.81", ".4.90", ".4.91", ".4.201", ".4.202", ".4.203", ".5"])
    expect(() => requireReadable(`1.2.840.10008.1.2${end}`)).not.toThrow();
  expect(transferSyntaxOf("1.2.840.10008.1.2.4.50")?.encapsulated).toBe(true);
  expect(transferSyntaxOf("1.2.840.10008.1.2.1.99")?.encapsulated).toBe(false);
});
