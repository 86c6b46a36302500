import { createRequire } from "node:module";

/** The part of dcmjs that is used; the package has no types. */
interface Dcmjs {
  readonly data: { readonly DicomMetaDictionary: { readonly dictionary: { readonly [tag: string]: { readonly vr?: string } | undefined } } };
}

let dictionary: Dcmjs["data"]["DicomMetaDictionary"]["dictionary"] | undefined;

/** Read on first use, since it takes some 40 ms and explicit VR needs none of it. Nothing of dcmjs runs but this look-up. */
function loadDictionary(): NonNullable<typeof dictionary> {
  const require = createRequire(import.meta.url);
  dictionary ??= (require("dcmjs") as Dcmjs).data.DicomMetaDictionary.dictionary;
  return dictionary;
}

/**
 * The VR of a standard attribute (PS3.6), for data sets in implicit VR; "UN" for private and unknown ones.
 * @param signed whether Pixel Representation is 1: it decides where an attribute is US or SS.
 */
export function dictionaryVr(tag: number, signed: boolean): string {
  const group = tag >>> 16;
  const element = tag & 0xffff;
  if (element === 0) return "UL";
  if (group % 2 === 1) return element >= 0x10 && element <= 0xff ? "LO" : "UN";
  const hex = (part: number): string => part.toString(16).toUpperCase().padStart(4, "0");
  const vr = loadDictionary()[`(${hex(group)},${hex(element)})`]?.vr;
  if (vr === "xs") return signed ? "SS" : "US";
  // OB or OW by Bits Allocated, US or OW by what is inside: in implicit VR all of them are words (PS3.5 A.1).
  if (vr === "ox" || vr === "lt") return "OW";
  return vr !== undefined && /^[A-Z]{2}$/.test(vr) ? vr : "UN";
}
