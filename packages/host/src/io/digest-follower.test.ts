import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createOutput } from "./create-output.ts";
import { DigestFollower } from "./digest-follower.ts";

const MB = 1 << 20;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** An output with a follower, written in parts; returns the reported digest and what sha256sum says. */
async function digestOf(parts: readonly { readonly at: number; readonly bytes: Uint8Array }[], announced?: { readonly at: number; readonly bytes: Uint8Array }): Promise<readonly [string, string]> {
  const path = join(folder, "out.bin");
  const follower = new DigestFollower();
  const output = createOutput({ path, kind: "file" }, follower);
  const file = await output.sink.file();
  if (announced !== undefined) file.announce(announced.bytes, announced.at);
  for (const { at, bytes } of parts) await file.write(bytes, at);
  await file.close();
  const [written] = await output.commit(true);
  await follower.stop();
  return [written?.sha256 ?? "", execFileSync("sha256sum", [path], { encoding: "utf8" }).slice(0, 64)];
}

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

test("follows a head that is announced and written last", async () => {
  const head = { at: 0, bytes: filled(4096, 1) };
  const [reported, outside] = await digestOf([{ at: 4096, bytes: filled(MB, 2) }, { at: 4096 + MB, bytes: filled(MB, 3) }, head], head);
  expect(reported).toBe(outside);
});

test("follows two parts that grow in turn", async () => {
  const parts = [0, 1, 2].flatMap((n) => [{ at: n * 1000, bytes: filled(1000, n) }, { at: 3000 + n * 10, bytes: filled(10, 9 - n) }]);
  const [reported, outside] = await digestOf(parts);
  expect(reported).toBe(outside);
});

test("does not trust itself where something else was written than announced, or written twice", async () => {
  const late = [{ at: 100, bytes: filled(50, 2) }, { at: 0, bytes: filled(100, 7) }];
  const [one, outsideOne] = await digestOf(late, { at: 0, bytes: filled(100, 1) });
  expect(one).toBe(outsideOne);
  rmSync(join(folder, "out.bin"));
  const [two, outsideTwo] = await digestOf([{ at: 0, bytes: filled(50, 1) }, { at: 10, bytes: filled(5, 2) }]);
  expect(two).toBe(outsideTwo);
});

test("reads a file with a hole once more", async () => {
  const [reported, outside] = await digestOf([{ at: 500, bytes: filled(10, 1) }]);
  expect(reported).toBe(outside);
});
