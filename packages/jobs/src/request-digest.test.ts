import { expect, test } from "vitest";
import { digestOfText, requestDigest } from "./request-digest.ts";

test("takes the SHA-256 of a text", () => {
  // FIPS 180-4, the one-block example.
  expect(digestOfText("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("is the same in whatever order the keys of a request stand", () => {
  const one = requestDigest({ job: "blur", inputPath: "/in", config: { "process.0": { a: 1, b: [1, 2] } }, priority: 1 });
  expect(requestDigest({ priority: 1, config: { "process.0": { b: [1, 2], a: 1 } }, inputPath: "/in", job: "blur" })).toBe(one);
});

test.for([
  [{ job: "blur", inputPath: "/in", priority: 2 }],
  [{ job: "blur", inputPath: "/other", priority: 1 }],
  [{ job: "blur", inputPath: "/in", priority: 1, outputPath: "/out" }],
  [{ job: "blur", inputPath: "/in", priority: 1, config: { "process.0": { sigma: [1, 2] } } }],
  [{ job: "blur", inputPath: "/in", priority: 1, requestedBy: "somebody" }],
] as const)("differs for another request (%j)", ([other]) => {
  expect(requestDigest(other)).not.toBe(requestDigest({ job: "blur", inputPath: "/in", priority: 1 }));
});

test("tells the order of a list", () => {
  const of = (sigma: readonly number[]): string => requestDigest({ job: "blur", inputPath: "/in", config: { "process.0": { sigma } } });
  expect(of([1, 2])).not.toBe(of([2, 1]));
});
