import type { Warning } from "@hilum/core";
import { codecContext } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import { assembleStacks } from "../series/assemble.ts";
import { imageAt } from "../series/image-header.test-support.ts";
import type { ImageHeader } from "../series/image-header.ts";
import { warnOfAssembly } from "./describe-assembly.ts";

function warningsOf(images: readonly ImageHeader[]): readonly Warning[] {
  const context = codecContext();
  warnOfAssembly(assembleStacks(images, { onMissing: "refuse", onDuplicate: "refuse", onTilt: "shear" }), { images, skipped: new Map(), duplicatesDropped: 0 }, context);
  return context.warnings;
}

/** Three slices 2 mm apart. */
const stack = (changes: Partial<ImageHeader> = {}): readonly ImageHeader[] => [0, 2, 4].map((z) => imageAt(z, { sliceThickness: 2, ...changes }));
const TURNED: Partial<ImageHeader> = { rowDirection: [0, 1, 0], columnDirection: [0, 0, -1] };
const turned = (changes: Partial<ImageHeader> = {}): readonly ImageHeader[] => [0, 2, 4].map((x) => imageAt(0, { imagePosition: [-x, 0, 0], ...TURNED, ...changes }));

describe("a series is warned of", () => {
  test("nothing where nothing is to be judged", () => {
    expect(warningsOf(stack({ spacingBetweenSlices: 2, expectedImages: 3 }))).toEqual([]);
  });

  test("once where its header counts more images than its stacks have", () => {
    expect(warningsOf([...stack({ expectedImages: 7 }), ...turned({ expectedImages: 7 })])).toEqual([
      { code: "SLICE_COUNT_DIFFERS", message: "The header counts 7 images and 6 are there: slices at an end may be missing." },
    ]);
  });

  test("not where the header counts the images of all its stacks", () => {
    expect(warningsOf([...stack({ expectedImages: 6 }), ...turned({ expectedImages: 6 })])).toEqual([]);
    // Another acquisition's images do not stand for those that this one lacks.
    expect(warningsOf([...stack({ expectedImages: 6 }), ...turned({ acquisitionNumber: 2 })]).map(({ code }) => code)).toEqual(["SLICE_COUNT_DIFFERS"]);
  });

  test("each of two series by itself", () => {
    const other = { seriesInstanceUID: "1.2.9", expectedImages: 4 };
    expect(warningsOf([...stack({ expectedImages: 5 }), ...stack(other)]).map(({ message }) => message.slice(0, 27))).toEqual(["The header counts 5 images ", "The header counts 4 images "]);
  });

  test("positions that contradict Spacing Between Slices, with both numbers", () => {
    expect(warningsOf(stack({ spacingBetweenSlices: 1 }))).toEqual([
      {
        code: "SLICE_SPACING_DIFFERS",
        message: "The slices lie 2 mm apart by their positions, which were taken, and Spacing Between Slices (0018,0088) says 1 mm (tolerance 1 %): slices may be missing.",
      },
    ]);
  });

  test("midnight among phases without dates, and not of the same times with dates", () => {
    const phases = (day?: number): readonly ImageHeader[] => [
      ...stack({ acquired: { day, seconds: 86_390 } }),
      ...stack({ acquired: { day: day === undefined ? undefined : day + 1, seconds: 20 } }).map((image) => ({ ...image, sopInstanceUID: `${image.sopInstanceUID}.1` })),
    ];
    expect(warningsOf(phases()).map(({ code }) => code)).toEqual(["MIDNIGHT_ASSUMED"]);
    expect(warningsOf(phases(100))).toEqual([]);
  });
});
