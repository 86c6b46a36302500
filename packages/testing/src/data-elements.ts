import type { DataElement, DataSet, TextVr } from "./part10-encoder.ts";

/** A text element; several values are separated by a backslash. */
export function text(tag: number, vr: TextVr, value: string): DataElement {
  return { tag, vr, text: value };
}

/** An element of binary numbers. */
export function numbers(tag: number, vr: "US" | "SS" | "UL" | "SL" | "FL" | "FD", ...values: readonly number[]): DataElement {
  return { tag, vr, numbers: values };
}

/** A sequence of data sets. */
export function sequence(tag: number, items: readonly DataSet[]): DataElement {
  return { tag, vr: "SQ", items };
}

/** Numbers as DS text (PS3.5 6.2). @throws {TypeError} where 16 characters do not hold a number exactly. */
export function decimalText(...values: readonly number[]): string {
  const texts = values.map(String);
  if (texts.some((value) => value.length > 16)) throw new TypeError("a number has no exact text of 16 characters; choose a rounder one");
  return texts.join("\\");
}
