import { createHash } from "node:crypto";

/** A UID under 2.25 (PS3.5 B.2) that always stands for the same text; at most 44 characters. */
export function uidOf(text: string): string {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 32);
  return `2.25.${BigInt(`0x${digest}`)}`;
}

/** SHA-256 of a text's UTF-8 bytes, hexadecimal. */
export function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The numbers 0 … count − 1 in an order that depends on the seed alone (Fisher–Yates over a linear congruential generator). */
export function shuffledIndices(count: number, seed: number): readonly number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  let state = (seed * 2654435761 + 12345) >>> 0;
  for (let last = count - 1; last > 0; last--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 0x1_0000_0000) * (last + 1));
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order;
}
