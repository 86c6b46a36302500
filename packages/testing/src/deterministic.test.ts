import { expect, test } from "vitest";
import { sha256Of, shuffledIndices, uidOf } from "./deterministic.ts";

test("makes the SHA-256 that FIPS 180-2 gives for abc", () => {
  expect(sha256Of("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("makes UIDs of at most 64 digits and dots, the same for the same text only", () => {
  const uids = Array.from({ length: 200 }, (_, n) => uidOf(`text ${n}`));
  expect(uids.filter((uid) => !/^2\.25\.[1-9]\d*$/.test(uid) || uid.length > 64)).toEqual([]);
  expect(new Set(uids).size).toBe(200);
  expect(uidOf("text 7")).toBe(uids[7]);
  // The first half of the digest of "abc" above, as a decimal number.
  expect(uidOf("abc")).toBe(`2.25.${0xba7816bf8f01cfea414140de5dae2223n}`);
});

test("shuffles all indices, in an order of its seed", () => {
  expect(shuffledIndices(50, 1).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  expect(shuffledIndices(50, 1)).not.toEqual(Array.from({ length: 50 }, (_, n) => n));
  expect(shuffledIndices(50, 1)).not.toEqual(shuffledIndices(50, 2));
  expect(shuffledIndices(50, 1)).toEqual(shuffledIndices(50, 1));
});
