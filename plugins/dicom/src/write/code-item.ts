import { textElement, type EncodedElement } from "./encode-element.ts";

/** The elements of a code sequence's item (PS3.3 table 8.8-1). */
export function codeItem(value: string, scheme: string, meaning: string): EncodedElement[] {
  return [textElement(0x00080100, "SH", value), textElement(0x00080102, "SH", scheme), textElement(0x00080104, "LO", meaning)];
}
