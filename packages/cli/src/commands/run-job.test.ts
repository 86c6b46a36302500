import { expect, test } from "vitest";
import { configFrom } from "./run-job.ts";

test("an unqualified key goes to the process step, a qualified one to its own", () => {
  expect(configFrom(["sigma=2", "mode=nearest", "preprocess.0.scope=series", "postprocess.1.a.b=1"])).toEqual({
    "process.0": { sigma: 2, mode: "nearest" },
    "preprocess.0": { scope: "series" },
    "postprocess.1": { "a.b": 1 },
  });
});

test("values are JSON where they parse as such, else text; the first = divides", () => {
  expect(configFrom(["sigma=[1,2,0]", "flag=true", "text=a=b", "empty=", 'quoted="2"'])).toEqual({
    "process.0": { sigma: [1, 2, 0], flag: true, text: "a=b", empty: "", quoted: "2" },
  });
});

test("a key called __proto__ is a key like any other, and no prototype", () => {
  const config = configFrom(["__proto__=1"]);
  expect(Object.keys(config["process.0"] ?? {})).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(config["process.0"])).toBe(Object.prototype);
});

test("a setting without a key or a value is refused", () => {
  for (const setting of ["sigma", "=2", ""]) expect(() => configFrom([setting])).toThrow(expect.objectContaining({ code: "USAGE" }));
});
