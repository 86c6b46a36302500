import { expect, test } from "vitest";
import { concealing, runJobChild } from "./run-job-child.ts";

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
