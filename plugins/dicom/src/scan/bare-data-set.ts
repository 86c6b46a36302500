import { isVr } from "./element-header.ts";
import { EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from "./transfer-syntaxes.ts";

/** Group 0002 with a VR behind its first tag: file meta information is explicit little endian always (PS3.10 7.1). */
export function beginsWithFileMeta(bytes: Uint8Array): boolean {
  return bytes[0] === 2 && bytes[1] === 0 && hasVr(bytes);
}

/**
 * The transfer syntax that the first element of a data set without file meta information tells; undefined where the bytes do
 * not begin with group 0008, with which every instance begins.
 */
export function bareDataSetSyntax(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 8 && bytes[1] === 0) return hasVr(bytes) ? EXPLICIT_VR_LITTLE_ENDIAN : IMPLICIT_VR_LITTLE_ENDIAN;
  if (bytes[0] === 0 && bytes[1] === 8 && hasVr(bytes)) return EXPLICIT_VR_BIG_ENDIAN;
  return undefined;
}

function hasVr(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && isVr(bytes[4] as number, bytes[5] as number);
}
