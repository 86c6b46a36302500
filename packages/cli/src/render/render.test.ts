import { HilumError, type JobEvent } from "@hilum/core";
import { expect, test } from "vitest";
import { progressLine } from "./progress-line.ts";
import { renderError } from "./render-error.ts";

test("an error is a code, a sentence and a remedy; causes and stacks only when debugging", () => {
  const error = new HilumError("STORAGE_FULL", "There is no space left for the output.", { cause: new Error("ENOSPC inside") });
  expect(renderError(error, false)).toBe(
    "error STORAGE_FULL: There is no space left for the output.\n  Free space on the output's file system, or choose another.\n",
  );
  expect(renderError(error, true)).toContain("ENOSPC inside");
  expect(renderError(new TypeError("x of y"), false)).not.toContain("x of y");
});

test("without a terminal each pass is one plain line", () => {
  const lines: string[] = [];
  const show = progressLine({ isTTY: false, write: (text: string) => lines.push(text) } as never);
  const events: JobEvent[] = [
    { type: "started", job: "convert", passes: ["measure normalise", "write hdf5"], total: 4 },
    { type: "progress", pass: "measure normalise", done: 1, total: 4 },
    { type: "progress", pass: "measure normalise", done: 2, total: 4 },
    { type: "warning", warning: { code: "SLICE_COUNT", message: "Look." } },
    { type: "progress", pass: "write hdf5", done: 4, total: 4 },
  ];
  for (const event of events) show(event);
  expect(lines).toEqual(["convert: measure normalise, then write hdf5 (4 slices)\n", "  measure normalise\n", "warning SLICE_COUNT: Look.\n", "  write hdf5\n"]);
});
