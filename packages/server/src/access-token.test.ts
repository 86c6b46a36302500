import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openAccessToken } from "./access-token.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("is made once and kept as its SHA-256 alone, for the owner's eyes", () => {
  const { created = "" } = openAccessToken(folder);
  expect(Buffer.from(created, "base64url")).toHaveLength(32);
  const stored = readFileSync(join(folder, "token"), "utf8");
  expect(stored).toBe(`${createHash("sha256").update(created).digest("hex")}\n`);
  expect(statSync(join(folder, "token")).mode & 0o777).toBe(0o600);
  const again = openAccessToken(folder);
  expect(again.created).toBeUndefined();
  expect([again.accessToken.accepts(created), again.accessToken.accepts(`${created}x`), again.accessToken.accepts("")]).toEqual([true, false, false]);
});

test("is another in every data directory", () => {
  const other = mkdtempSync(join(tmpdir(), "hilum-test-"));
  expect(openAccessToken(folder).created).not.toBe(openAccessToken(other).created);
  rmSync(other, { recursive: true });
});

test.each(["", "secret", "0".repeat(63)])("is refused where the file holds no digest: %j", (text) => {
  writeFileSync(join(folder, "token"), text);
  expect(() => openAccessToken(folder)).toThrow(expect.objectContaining({ code: "USAGE" }) as Error);
});
