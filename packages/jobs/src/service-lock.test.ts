import { statSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@hilum/testing";
import { expect, test } from "vitest";
import { lockDataDirectory } from "./service-lock.ts";

test("refuses a second lock by name until the first is given back", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "lock.db");
  const first = lockDataDirectory(path);
  expect(() => lockDataDirectory(path)).toThrow(expect.objectContaining({ code: "DATA_DIRECTORY_IN_USE", httpStatus: 409 }));
  first[Symbol.dispose]();
  using second = lockDataDirectory(path);
  expect(second).toBeDefined();
});

test("makes a lock file that only its owner may read", () => {
  using directory = temporaryDirectory();
  using lock = lockDataDirectory(join(directory.path, "lock.db"));
  expect(lock).toBeDefined();
  expect(statSync(join(directory.path, "lock.db")).mode & 0o777).toBe(0o600);
});
