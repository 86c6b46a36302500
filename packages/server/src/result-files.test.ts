import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { JobRecord } from "@hilum/jobs";
import { openResult } from "./result-files.ts";

let folder: string;
let record: JobRecord;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "hilum-test-")));
  for (const name of ["out", "elsewhere"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "out/one.dcm"), "result");
  writeFileSync(join(folder, "elsewhere/one.dcm"), "secret");
  record = { uid: "", job: "blur", state: "succeeded", attempt: 1, priority: 0, createdAt: "", outputPath: join(folder, "out"), outputs: [{ name: "one.dcm", bytes: 6, sha256: "ab" }] };
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a file comes with its size and digest", async () => {
  const result = openResult(record);
  expect(result.files).toEqual([{ name: "one.dcm", bytes: 6, sha256: "ab" }]);
  const { bytes, stream } = result.open("one.dcm");
  expect([bytes, await text(stream)]).toEqual([6, "result"]);
});

test("a file that became a link after it was listed is not opened", () => {
  const result = openResult(record);
  rmSync(join(folder, "out/one.dcm"));
  symlinkSync(join(folder, "elsewhere/one.dcm"), join(folder, "out/one.dcm"));
  expect(() => result.open("one.dcm")).toThrow(expect.objectContaining({ code: "SOURCE_NOT_FOUND" }) as Error);
});

test("a file is not opened through a folder that became a link after it was listed", () => {
  const result = openResult(record);
  renameSync(join(folder, "out"), join(folder, "before"));
  symlinkSync(join(folder, "elsewhere"), join(folder, "out"));
  expect(() => result.open("one.dcm")).toThrow(expect.objectContaining({ code: "SOURCE_NOT_FOUND" }) as Error);
});

test("what is sent ends where the file ended when it was opened", async () => {
  const { bytes, stream } = openResult(record).open("one.dcm");
  writeFileSync(join(folder, "out/one.dcm"), " and more", { flag: "a" });
  expect([bytes, await text(stream)]).toEqual([6, "result"]);
});
