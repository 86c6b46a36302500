import { hash } from "node:crypto";

/** A UID with the length of every derived UID, to be overwritten once the real one is known. */
export const PLACEHOLDER_UID = `2.25.1${"0".repeat(38)}`;

/**
 * A UID that follows from its inputs alone: the same inputs give the same UID, other inputs another.
 *
 * It is "2.25." and the decimal of a version 8 UUID (PS3.5 B.2, RFC 9562 5.8) that holds the first bits of the SHA-256 of
 * the inputs. The first byte is mapped into 4C…FF, so that the decimal always has 39 digits and the UID 44 characters:
 * an even number, so that a UID can be patched in place and never needs padding.
 */
export function deriveUid(inputs: readonly (readonly [label: string, value: string])[]): string {
  // Lengths stand before the values, so that no two lists of inputs give one text.
  const text = inputs.map(([label, value]) => `${label}:${value.length}:${value}\n`).join("");
  const uuid = hash("sha256", text, "buffer").subarray(0, 16);
  uuid[0] = 0x4c + Math.floor(((uuid[0] as number) * 180) / 256);
  uuid[6] = 0x80 | ((uuid[6] as number) & 0x0f);
  uuid[8] = 0x80 | ((uuid[8] as number) & 0x3f);
  return `2.25.${BigInt(`0x${uuid.toString("hex")}`).toString()}`;
}
