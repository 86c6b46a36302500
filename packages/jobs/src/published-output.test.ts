import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@hilum/testing";
import { expect, test } from "vitest";
import { findPublished } from "./published-output.ts";

// FIPS 180-4, the one-block example; and the well-known digest of nothing.
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

test("gives the digest of a file output that is as long as announced", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "out");
  writeFileSync(path, "abc");
  expect(await findPublished(path, [{ name: "", bytes: 3 }])).toEqual([{ name: "", bytes: 3, sha256: ABC }]);
});

test("gives the digests of a directory that holds what was announced, in whatever order", async () => {
  using directory = temporaryDirectory();
  writeFileSync(join(directory.path, "b"), "");
  writeFileSync(join(directory.path, "a"), "abc");
  const announced = [
    { name: "b", bytes: 0 },
    { name: "a", bytes: 3 },
  ];
  expect(await findPublished(directory.path, announced)).toEqual([
    { name: "a", bytes: 3, sha256: ABC },
    { name: "b", bytes: 0, sha256: NOTHING },
  ]);
});

test("takes nothing for published where there is nothing", async () => {
  using directory = temporaryDirectory();
  expect(await findPublished(join(directory.path, "out"), [{ name: "", bytes: 3 }])).toBeUndefined();
});

test.for([
  ["another length", [{ name: "a", bytes: 4 }]],
  ["another name", [{ name: "b", bytes: 3 }]],
  ["a file more", []],
  ["a file less", [{ name: "a", bytes: 3 }, { name: "b", bytes: 3 }]],
  ["a directory instead of a file", [{ name: "", bytes: 3 }]],
] as const)("takes another's output for none of ours: %s", async ([, announced]) => {
  using directory = temporaryDirectory();
  writeFileSync(join(directory.path, "a"), "abc");
  expect(await findPublished(directory.path, announced)).toBeUndefined();
});

test("does not follow links and takes no folders", async () => {
  using directory = temporaryDirectory();
  mkdirSync(join(directory.path, "out"));
  writeFileSync(join(directory.path, "target"), "abc");
  symlinkSync("../target", join(directory.path, "out", "a"));
  expect(await findPublished(join(directory.path, "out"), [{ name: "a", bytes: 3 }])).toBeUndefined();
  symlinkSync("target", join(directory.path, "link"));
  expect(await findPublished(join(directory.path, "link"), [{ name: "", bytes: 3 }])).toBeUndefined();
  mkdirSync(join(directory.path, "outer", "a"), { recursive: true });
  expect(await findPublished(join(directory.path, "outer"), [{ name: "a", bytes: 3 }])).toBeUndefined();
});
