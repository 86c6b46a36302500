import { expect, test } from "vitest";
import { IdempotencyKeys, keptIdempotency } from "./idempotency-keys.ts";

const first = keptIdempotency({ key: "a", asked: { job: "blur" } });

test("gives the job of a key once it is accepted, and nothing for another key", async () => {
  const keys = new IdempotencyKeys();
  const { promise: accepted, resolve } = Promise.withResolvers<void>();
  keys.add(first, "uid-1", accepted);
  const found = keys.find(first);
  expect(await Promise.race([found, Promise.resolve("waits")])).toBe("waits");
  resolve();
  expect(await found).toBe("uid-1");
  expect(keys.find(keptIdempotency({ key: "b", asked: { job: "blur" } }))).toBeUndefined();
});

test("refuses a key that comes with something else, until it is removed", () => {
  const keys = new IdempotencyKeys();
  keys.add(first, "uid-1", Promise.resolve());
  const other = keptIdempotency({ key: "a", asked: { job: "window" } });
  expect(() => keys.find(other)).toThrow(expect.objectContaining({ code: "IDEMPOTENCY_MISMATCH" }));
  keys.remove(first.keyDigest);
  expect(keys.find(other)).toBeUndefined();
});

test("keeps neither the key nor what was asked", () => {
  expect(JSON.stringify(keptIdempotency({ key: "ZZCANARY", asked: { input: "ZZCANARY" } }))).not.toContain("ZZCANARY");
});
