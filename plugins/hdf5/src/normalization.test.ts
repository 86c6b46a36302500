import type { ProcessingStep } from "@hilum/core";
import { expect, test } from "vitest";
import { normalizationOf, type Normalization } from "./normalization.ts";
import { phantom } from "./phantom-series.test-support.ts";

const step = (scope: string): ProcessingStep => ({ processor: "normalise", program: "p 1", config: { scope } });

/** What is found for two phases of three slices with these scales. */
function found(scales: readonly number[], history: readonly ProcessingStep[]): Normalization {
  return normalizationOf(phantom({ change: { history }, frame: (_frame, index) => ({ toReal: { scale: scales[index] ?? 1, offset: 0 } }) }).series);
}

test("believes a step that measured finer than the numbers show", () => {
  expect(found([2, 2, 2, 2, 2, 2], [step("slice")])).toEqual({ scope: "slice", shared: { scale: 2, offset: 0 }, step: step("slice") });
});

test("believes the numbers where they differ more than the step says", () => {
  expect(found([2, 2, 2, 3, 3, 3], [step("series")]).scope).toBe("phase");
  expect(found([2, 2, 4, 3, 3, 3], [step("phase")]).scope).toBe("slice");
});

test("finds the scope without a history", () => {
  expect(found([2, 2, 2, 2, 2, 2], [])).toEqual({ scope: "series", shared: { scale: 2, offset: 0 } });
  expect(found([2, 2, 2, 3, 3, 3], [])).toEqual({ scope: "phase" });
});

test("calls real values not normalised, and forgets a step that was undone", () => {
  expect(found([1, 1, 1, 1, 1, 1], [step("slice"), { ...step("slice"), inverse: true }])).toEqual({ scope: "none", shared: { scale: 1, offset: 0 } });
  expect(found([2, 2, 2, 2, 2, 2], [step("slice"), { ...step("slice"), inverse: true }]).step).toBeUndefined();
});
