import { expect, test } from "vitest";
import { KeptHeads } from "./kept-heads.ts";

test("keeps a copy of each head, which later heads leave alone", () => {
  const kept = new KeptHeads();
  const lent = Uint8Array.of(1, 2, 3);
  const first = kept.keep(lent);
  lent.fill(9);
  const second = kept.keep(lent);
  expect([...(first ?? [])]).toEqual([1, 2, 3]);
  expect([...(second ?? [])]).toEqual([9, 9, 9]);
});

test("keeps 4 MiB together and nothing that does not fit whole", () => {
  const kept = new KeptHeads();
  expect(kept.keep(new Uint8Array(4 * 1024 * 1024 - 2))).toHaveLength(4 * 1024 * 1024 - 2);
  expect(kept.keep(new Uint8Array(3))).toBeUndefined();
  expect(kept.keep(new Uint8Array(2))).toHaveLength(2);
});
