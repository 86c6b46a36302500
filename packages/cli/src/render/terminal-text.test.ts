import { expect, test } from "vitest";
import { fitted, printable, styleFor, widthOf, wrapped } from "./terminal-text.ts";

test("what would steer a terminal becomes U+FFFD, and letters of any script stay", () => {
  expect(printable("a\u001B[2Jb\r\nc\u0007")).toBe("a\uFFFD[2Jb\uFFFD\uFFFDc\uFFFD");
  expect(printable("\u202Eabc\u2066\u2028\u009B")).toBe("\uFFFDabc\uFFFD\uFFFD\uFFFD");
  expect(printable("Schädel 頭部 أشعة")).toBe("Schädel 頭部 أشعة");
});

test("a wide letter takes two columns and a combining mark none", () => {
  expect(widthOf("頭部")).toBe(4);
  expect(widthOf("e\u0301")).toBe(1);
  expect(widthOf("한글 abc")).toBe(8);
});

test("a text takes exactly its columns, cut with an ellipsis, never through a wide letter", () => {
  expect(fitted("abc", 5)).toBe("abc  ");
  expect(fitted("abcdef", 5)).toBe("abcd…");
  expect(fitted("頭部頭部", 4)).toBe("頭… ");
});

test("lines break at spaces, and inside a word that no line holds", () => {
  expect(wrapped("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrapped("abcdefghij k", 4)).toEqual(["abcd", "efgh", "ij k"]);
  expect(wrapped("", 4)).toEqual([""]);
  for (const line of wrapped("The slices are 頭部頭部頭部頭部 not evenly spaced, I think so", 9)) expect(widthOf(line)).toBeLessThanOrEqual(9);
});

test("colours are for terminals alone", () => {
  expect(styleFor({ isTTY: false }).bad("x")).toBe("x");
  expect(styleFor({ isTTY: true }).bad("x")).toBe("\u001B[31mx\u001B[0m");
});
