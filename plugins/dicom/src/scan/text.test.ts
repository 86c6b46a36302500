import { expect, test } from "vitest";
import { textDecodingFor } from "./text.ts";

test.each([
  ["ISO_IR 100", "4d fc 6c 6c 65 72", "Müller"],
  ["ISO_IR 192", "4d c3 bc 6c 6c 65 72", "Müller"],
  ["ISO_IR 144", "bb ee da 63 65 dc d1 e3 e0 d3", "Люкceмбург"],
  ["GB18030", "cd f5", "王"],
])("decodes %s", (terms, bytes, text) => {
  expect(textDecodingFor(terms)(Buffer.from(bytes.replaceAll(" ", ""), "hex"))).toBe(text);
});

test("replaces what is not ASCII where no character set is named, and does not guess", () => {
  expect(textDecodingFor(undefined)(Buffer.from("4dfc6c6c6572", "hex"))).toBe("M\uFFFDller");
});

test("replaces the escapes of code extensions, which are not decoded yet", () => {
  expect(textDecodingFor("\\ISO 2022 IR 87")(Buffer.from("411b244242", "hex"))).toBe("A\uFFFD$BB");
});
