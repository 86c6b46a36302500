import { affineLps, type Vec3 } from "@hilum/core";
import { describe, expect, test } from "vitest";
import { groupIntoStacks } from "./grouping.ts";
import { imageAt } from "./image-header.test-support.ts";
import type { ImageHeader } from "./image-header.ts";
import { sortByPosition, stackGeometry } from "./stack-geometry.ts";

const at = (...positions: readonly Vec3[]): readonly ImageHeader[] =>
  positions.map((imagePosition) => imageAt(imagePosition[2], { imagePosition }));

const refusal = (code: string, details: object): unknown => expect.objectContaining({ code, details: expect.objectContaining(details) as unknown });

describe("the grid of a stack", () => {
  test("has columns, rows, slices in this order, and the lowest slice as its origin", () => {
    const { images } = sortByPosition([imageAt(6), imageAt(2), imageAt(4), imageAt(8)]);
    const { geometry } = stackGeometry(images);
    expect(geometry.size).toEqual([2, 3, 4]);
    expect(geometry.spacing).toEqual([0.5, 0.75, 2]);
    expect(affineLps(geometry)).toEqual([
      [0.5, 0, 0, -10],
      [0, 0.75, 0, 20],
      [0, 0, 2, 2],
      [0, 0, 0, 1],
    ]);
  });

  test("ascends along row × column, also where that runs against z", () => {
    const flipped = [0, 2, 4].map((z) => imageAt(z, { columnDirection: [0, -1, 0] }));
    expect(sortByPosition(flipped).images.map((image) => image.imagePosition[2])).toEqual([4, 2, 0]);
  });

  test("bears distances within 1 % of the median, and tells them", () => {
    const { gaps, geometry } = stackGeometry(at([0, 0, 0], [0, 0, 2.01], [0, 0, 4], [0, 0, 6.015]));
    expect(geometry.spacing[2]).toBeCloseTo(2.005, 12);
    expect(gaps?.largest).toBeCloseTo(2.015, 12);
  });

  test("refuses distances beyond 1 % of the median", () => {
    expect(() => stackGeometry(at([0, 0, 0], [0, 0, 2], [0, 0, 4], [0, 0, 6.03]))).toThrow(
      refusal("IRREGULAR_GEOMETRY", { unevenGaps: 1, slices: 4, medianGapMm: 2 }),
    );
  });

  test("refuses a sheared stack with its angle", () => {
    // A step of (0, 1, 1): 45 degrees.
    expect(() => stackGeometry(at([0, 0, 0], [0, 1, 1], [0, 2, 2]))).toThrow(
      refusal("IRREGULAR_GEOMETRY", { tiltDegrees: expect.closeTo(45, 9) as unknown }),
    );
  });

  test("keeps a tilt below the tolerance in the affine, so that the last slice lies where its header says", () => {
    const { geometry } = stackGeometry(at([0, 0, 0], [0, 0.001, 2], [0, 0.002, 4]));
    const [, y] = affineLps(geometry);
    expect(y?.[2]).toBeCloseTo(0.001, 12);
  });

  test("refuses a slice that lies beside the line of the others", () => {
    expect(() => stackGeometry(at([0, 0, 0], [0.5, 0, 2], [0, 0, 4]))).toThrow(refusal("IRREGULAR_GEOMETRY", { slice: 1 }));
  });

  test("refuses images at one position that lie beside each other", () => {
    expect(() => sortByPosition(at([0, 0, 0], [3, 0, 0]))).toThrow(refusal("IRREGULAR_GEOMETRY", { distanceMm: 3 }));
  });

  test("refuses positions with different numbers of images", () => {
    expect(() => sortByPosition(at([0, 0, 0], [0, 0, 0], [0, 0, 2]))).toThrow(
      refusal("IRREGULAR_GEOMETRY", { positions: 2, images: 3, fewestAtAPosition: 1, mostAtAPosition: 2 }),
    );
  });

  test.each([
    [{ spacingBetweenSlices: 3.3, sliceThickness: 3 }, 3.3, "Spacing Between Slices"],
    [{ sliceThickness: 3 }, 3, "Slice Thickness"],
    [{}, 1, "assumed: 1 mm"],
  ])("takes the spacing of a single slice from its header: %j", (changes, spacing, source) => {
    const { geometry, sliceSpacingFrom } = stackGeometry([imageAt(0, changes)]);
    expect([geometry.spacing[2], sliceSpacingFrom]).toEqual([spacing, source]);
    expect(geometry.direction[2]).toEqual([0, 0, 1]);
  });
});

describe("grouping into stacks", () => {
  const turned: Vec3 = [0, 0.8, 0.6];

  test.each<readonly [string, Partial<ImageHeader>]>([
    ["orientation", { columnDirection: turned }],
    ["series", { seriesInstanceUID: "1.9" }],
    ["study", { studyInstanceUID: "1.9" }],
    ["frame of reference", { frameOfReferenceUID: "1.9" }],
    ["SOP class", { sopClassUID: "1.9" }],
    ["pixel spacing", { spacing: [0.6, 0.75] }],
    ["size", { pixel: { ...imageAt(0).pixel, rows: 4 } }],
    ["bits", { pixel: { ...imageAt(0).pixel, bitsStored: 12, highBit: 11 } }],
    ["sign", { pixel: { ...imageAt(0).pixel, signed: true } }],
  ])("keeps images of another %s apart", (_, changes) => {
    expect(groupIntoStacks([imageAt(0), imageAt(2, changes), imageAt(4)]).map((stack) => stack.length)).toEqual([2, 1]);
  });

  test("bears orientations within 1e-4", () => {
    expect(groupIntoStacks([imageAt(0), imageAt(2, { columnDirection: [0, 1, 9e-5] })])).toHaveLength(1);
  });
});
