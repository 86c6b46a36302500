import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@hilum/testing";
import { expect, test } from "vitest";
import { concealing, refuseLinks, runJobChild } from "./run-job-child.ts";

test("takes the paths of a request out of what is told, the longest first", () => {
  const conceal = concealing({ job: "copy", inputPath: "/data/ZZCANARY", outputPath: "/data/ZZCANARY/out", templatePath: '/data/"quoted"' });
  const told = JSON.stringify({ message: 'There is nothing at "/data/ZZCANARY".', more: ["/data/ZZCANARY/out/1.dcm", '/data/"quoted"'] });
  expect(JSON.parse(conceal(told))).toEqual({ message: 'There is nothing at "<input>".', more: ["<output>/1.dcm", "<template>"] });
});

test("leaves the text whole where a path is too short to be told from other text", () => {
  const conceal = concealing({ job: "copy", inputPath: "/", outputPath: "/o" });
  expect(conceal('{"pass":"write a/b"}')).toBe('{"pass":"write a/b"}');
});

test("refuses to run without a service", async () => {
  const send = Object.getOwnPropertyDescriptor(process, "send");
  Object.defineProperty(process, "send", { value: undefined, configurable: true });
  try {
    await expect(runJobChild({ plugins: [] })).rejects.toThrow(TypeError);
  } finally {
    if (send === undefined) Reflect.deleteProperty(process, "send");
    else Object.defineProperty(process, "send", send);
  }
});

test("refuses a path that a link is part of, and leaves it to others to say that there is nothing", () => {
  using directory = temporaryDirectory();
  const folder = realpathSync(directory.path);
  mkdirSync(join(folder, "real", "inner"), { recursive: true });
  symlinkSync("real", join(folder, "link"));
  const request = { job: "copy", inputPath: join(folder, "real"), outputPath: join(folder, "real", "out") };
  expect(() => refuseLinks(request)).not.toThrow();
  expect(() => refuseLinks({ ...request, inputPath: join(folder, "none") })).not.toThrow();
  const refused = expect.objectContaining({ code: "FORBIDDEN_PATH", message: expect.not.stringContaining(folder) as string }) as Error;
  expect(() => refuseLinks({ ...request, inputPath: join(folder, "link") })).toThrow(refused);
  expect(() => refuseLinks({ ...request, inputPath: join(folder, "link", "inner") })).toThrow(refused);
  expect(() => refuseLinks({ ...request, outputPath: join(folder, "link", "out") })).toThrow(refused);
  expect(() => refuseLinks({ ...request, templatePath: join(folder, "link") })).toThrow(refused);
});
