import { affineLps, type Vec3 } from "@hilum/core";
import { describe, expect, test } from "vitest";
import { assembleStacks } from "./assemble.ts";
import { groupIntoStacks } from "./grouping.ts";
import { imageAt } from "./image-header.test-support.ts";
import type { ImageHeader } from "./image-header.ts";
import { sortByPosition as sortWith } from "./slice-positions.ts";
import { contradictedSpacing, placeOnGrid, stackGeometry as gridOf } from "./stack-geometry.ts";

const REFUSE = { onMissing: "refuse", onDuplicate: "refuse", onTilt: "refuse" } as const;
const PAD = { ...REFUSE, onMissing: "pad" } as const;
const sortByPosition = (stack: readonly ImageHeader[]) => sortWith(stack, REFUSE);
const stackGeometry = (slices: readonly ImageHeader[]) => gridOf(placeOnGrid(slices, REFUSE), REFUSE);

const at = (...positions: readonly Vec3[]): readonly ImageHeader[] =>
  positions.map((imagePosition) => imageAt(imagePosition[2], { imagePosition }));

const refusal = (code: string, details: object): unknown => expect.objectContaining({ code, details: expect.objectContaining(details) as unknown });

describe("the grid of a stack", () => {
  test("has columns, rows, slices in this order, and the lowest slice as its origin", () => {
    const { at: positions } = sortByPosition([imageAt(6), imageAt(2), imageAt(4), imageAt(8)]);
    const { geometry } = stackGeometry(positions.flat());
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
    expect(sortByPosition(flipped).at.flat().map((image) => image.imagePosition[2])).toEqual([4, 2, 0]);
  });

  test("bears distances within 1 % of the median, and tells them", () => {
    const { gaps, geometry } = stackGeometry(at([0, 0, 0], [0, 0, 2.01], [0, 0, 4], [0, 0, 6.015]));
    expect(geometry.spacing[2]).toBeCloseTo(2.005, 12);
    expect(gaps?.largest).toBeCloseTo(2.015, 12);
  });

  test("refuses distances beyond 1 % of the median", () => {
    expect(() => stackGeometry(at([0, 0, 0], [0, 0, 2], [0, 0, 4], [0, 0, 6.03]))).toThrow(
      refusal("IRREGULAR_GEOMETRY", { kind: "uneven spacing", unevenGaps: 1, unevenGapsMm: [{ from: 4, to: 6.03, gap: expect.closeTo(2.03, 9) as unknown }], slices: 4, medianGapMm: 2 }),
    );
  });

  test("bears a hundredth of a millimetre where that is more than 1 %, and never a tenth of the distance", () => {
    expect(stackGeometry(at([0, 0, 0], [0, 0, 0.5], [0, 0, 1.009])).geometry.spacing[2]).toBeCloseTo(0.5045, 12);
    expect(() => stackGeometry(at([0, 0, 0], [0, 0, 0.5], [0, 0, 1], [0, 0, 1.511]))).toThrow(refusal("IRREGULAR_GEOMETRY", { toleranceMm: 0.01 }));
    expect(() => stackGeometry(at([0, 0, 0], [0, 0, 0.05], [0, 0, 0.1], [0, 0, 0.156]))).toThrow(refusal("IRREGULAR_GEOMETRY", {}));
  });

  test("keeps slices of a tenth of a hundredth of a millimetre apart where the pixels are as fine", () => {
    const fine = [0, 0.009, 0.018].map((z) => imageAt(z, { spacing: [0.009, 0.009] }));
    expect(sortByPosition(fine).at).toHaveLength(3);
  });

  test("names the positions of missing slices", () => {
    expect(() => stackGeometry(at([0, 0, 0], [0, 0, 2], [0, 0, 4], [0, 0, 10]))).toThrow(
      refusal("IRREGULAR_GEOMETRY", { kind: "missing slice", missingSlices: 2, missingPositionsMm: [6, 8] }),
    );
    // The median of two distances is neither of them.
    expect(() => stackGeometry(at([0, 0, 0], [0, 0, 5], [0, 0, 15]))).toThrow(refusal("IRREGULAR_GEOMETRY", { missingPositionsMm: [10] }));
  });

  test("leaves room for missing slices where that is asked for", () => {
    const places = placeOnGrid(at([0, 0, 0], [0, 0, 2], [0, 0, 4], [0, 0, 10], [0, 0, 12]), PAD);
    expect(places.map((slice) => slice?.imagePosition[2])).toEqual([0, 2, 4, undefined, undefined, 10, 12]);
    const { geometry, gaps } = gridOf(places, PAD);
    expect([geometry.size[2], geometry.spacing[2], gaps]).toEqual([7, 2, { smallest: 2, median: 2, largest: 2 }]);
  });

  test("does not make more slices than there are", () => {
    expect(() => placeOnGrid(at([0, 0, 0], [0, 0, 1], [0, 0, 1e12]), PAD)).toThrow(refusal("IRREGULAR_GEOMETRY", { kind: "missing slice" }));
  });

  test("does not take an uneven stack for one with missing slices", () => {
    expect(() => placeOnGrid(at([0, 0, 0], [0, 0, 2], [0, 0, 4], [0, 0, 7]), PAD)).toThrow(refusal("IRREGULAR_GEOMETRY", { kind: "uneven spacing" }));
  });

  test("keeps the shear of a tilted stack in the third direction", () => {
    // A step of (0, 1, 2): atan(1 / 2) = 26.565 degrees.
    const { geometry, tilted, tiltDegrees } = gridOf(at([0, 0, 0], [0, 1, 2], [0, 2, 4]), { onTilt: "shear" });
    expect(tiltDegrees).toBeCloseTo(26.5650511771, 9);
    expect([tilted, geometry.spacing[2], geometry.direction[2]]).toEqual([true, 2, [0, 0.5, 1]]);
    expect(affineLps(geometry).map((row) => row[2])).toEqual([0, 1, 2, 0]);
  });

  test("refuses a sheared stack with its angle where that is asked for", () => {
    // A step of (0, 1, 1): 45 degrees.
    expect(() => stackGeometry(at([0, 0, 0], [0, 1, 1], [0, 2, 2]))).toThrow(
      refusal("IRREGULAR_GEOMETRY", { kind: "gantry tilt", tiltDegrees: expect.closeTo(45, 9) as unknown }),
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
      refusal("IRREGULAR_GEOMETRY", { kind: "duplicate position", positions: 2, images: 3, fewestAtAPosition: 1, mostAtAPosition: 2, wrongPositionsMm: [0] }),
    );
    expect(() => sortByPosition(at([0, 0, 0], [0, 0, 0], [0, 0, 2], [0, 0, 2], [0, 0, 4]))).toThrow(
      refusal("IRREGULAR_GEOMETRY", { kind: "missing image", wrongPositions: 1, wrongPositionsMm: [4] }),
    );
  });

  test.each([["first", 5], ["last", 9]] as const)("takes the %s of doubled images by Instance Number", (onDuplicate, expected) => {
    const doubled = [imageAt(0, { instanceNumber: 9, sopInstanceUID: "1.1" }), imageAt(0, { instanceNumber: 5, sopInstanceUID: "1.2" }), imageAt(2, { instanceNumber: 6 }), imageAt(4, { instanceNumber: 7 })];
    const { at: positions, duplicates } = sortWith(doubled, { ...REFUSE, onDuplicate });
    expect([positions.map(([image]) => image?.instanceNumber), duplicates]).toEqual([[expected, 6, 7], 1]);
  });

  test("leaves out a doubled image among phases only where its header is that of another", () => {
    const phases = (z: number, more: readonly Partial<ImageHeader>[] = []) =>
      [{ echoTimeMs: 5 }, { echoTimeMs: 9 }, ...more].map((changes, index) => imageAt(z, { ...changes, sopInstanceUID: `1.${z}.${index}`, instanceNumber: z * 10 + index }));
    const { at: positions } = sortWith([...phases(0), ...phases(2, [{ echoTimeMs: 5 }]), ...phases(4)], { ...REFUSE, onDuplicate: "last" });
    expect(positions[1]?.map(({ sopInstanceUID }) => sopInstanceUID)).toEqual(["1.2.1", "1.2.2"]);
    expect(() => sortWith([...phases(0), ...phases(2, [{ echoTimeMs: 7 }]), ...phases(4)], { ...REFUSE, onDuplicate: "last" })).toThrow(
      refusal("IRREGULAR_GEOMETRY", { kind: "duplicate position" }),
    );
  });

  test("puts images without a position in order of Instance Number, 1 mm apart", () => {
    const nowhere = [3, 1, 2].map((instanceNumber) => imageAt(0, { placedBy: "none", instanceNumber, imagePosition: [0, 0, 0] }));
    const { at: positions } = sortByPosition(nowhere);
    expect(positions.map(([image]) => [image?.instanceNumber, image?.imagePosition])).toEqual([[1, [0, 0, 0]], [2, [0, 0, 1]], [3, [0, 0, 2]]]);
    const grid = stackGeometry(positions.flat());
    expect([grid.geometry.spacing[2], grid.sliceSpacingFrom]).toEqual([1, "assumed: 1 mm"]);
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

describe("Spacing Between Slices", () => {
  // Slices of 3 mm every 3.3 mm; a tilt of 45 degrees makes that 3.3 · √2 = 4.667 mm along the line.
  const every = (changes: Partial<ImageHeader>, tilt = 0) => [0, 1, 2].map((k) => imageAt(k * 3.3, { imagePosition: [0, k * tilt, k * 3.3], sliceThickness: 3, ...changes }));
  const contradicted = (slices: readonly ImageHeader[]) => contradictedSpacing(gridOf(slices, { onTilt: "shear" }), slices[0] as ImageHeader);

  test.each<readonly [string, readonly ImageHeader[]]>([
    ["the distance", every({ spacingBetweenSlices: 3.3 })],
    ["the distance, rounded by less than 1 %", every({ spacingBetweenSlices: 3.33 })],
    ["the gap between slices", every({ spacingBetweenSlices: 0.3 })],
    ["the distance along a tilted stack", every({ spacingBetweenSlices: 4.667 }, 3.3)],
    ["the distance across a tilted stack", every({ spacingBetweenSlices: 3.3 }, 3.3)],
    ["the distance, negative as NM may have it", every({ spacingBetweenSlices: -3.3 })],
    ["nothing", every({})],
    ["nothing but zero", every({ spacingBetweenSlices: 0 })],
    ["anything of a single slice", every({ spacingBetweenSlices: 9 }).slice(1, 2)],
  ])("may say %s", (_, slices) => {
    expect(contradicted(slices)).toBeUndefined();
  });

  test.each([1.65, 3.34, 6.6, 0.5])("of %d mm contradicts positions 3.3 mm apart", (spacingBetweenSlices) => {
    expect(contradicted(every({ spacingBetweenSlices }))).toBe(spacingBetweenSlices);
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
    ["Stack ID", { stackId: "2" }],
    ["size", { size: [2, 4] }],
    ["number of samples", { pixel: { ...imageAt(0).pixel, samplesPerPixel: 3 } }],
    ["bits", { pixel: { ...imageAt(0).pixel, bitsStored: 12, highBit: 11 } }],
    ["sign", { pixel: { ...imageAt(0).pixel, signed: true } }],
  ])("keeps images of another %s apart", (_, changes) => {
    expect(groupIntoStacks([imageAt(0), imageAt(2, changes), imageAt(4)]).map((stack) => stack.length)).toEqual([2, 1]);
  });

  test("bears orientations within 1e-4", () => {
    expect(groupIntoStacks([imageAt(0), imageAt(2, { columnDirection: [0, 1, 9e-5] })])).toHaveLength(1);
  });
});

describe("images that would fill the gaps of others of their series", () => {
  const ODD = { pixel: { ...imageAt(0).pixel, photometricInterpretation: "MONOCHROME1" } };
  const faultOf = (...changed: readonly Partial<ImageHeader>[]) => {
    try {
      return assembleStacks(Array.from({ length: 12 }, (_, k) => imageAt(k * 2, changed[k - 5] ?? {})), REFUSE).length;
    } catch (error) {
      return error;
    }
  };

  test.each<readonly [string, Partial<ImageHeader>, readonly string[]]>([
    ["Photometric Interpretation (0028,0004)", ODD, ["(0028,0004)"]],
    ["Pixel Spacing (0028,0030)", { spacing: [0.5, 0.8] }, ["(0028,0030)"]],
    ["Columns (0028,0011)", { size: [4, 3] }, ["(0028,0011)"]],
    ["Image Orientation (Patient) (0020,0037)", { columnDirection: [0, 1, 2e-4] }, ["(0020,0037)"]],
    ["Bits Stored (0028,0101), High Bit (0028,0102)", { pixel: { ...imageAt(0).pixel, bitsStored: 12, highBit: 11 } }, ["(0028,0101)", "(0028,0102)"]],
  ])("are told by %s", (name, changes, differingTags) => {
    expect(faultOf(changes)).toMatchObject({ code: "MIXED_SERIES", message: `1 of 12 images differs from the others, whose gaps it fills, in ${name}.`, details: { images: 12, differing: 1, differingTags } });
    expect(faultOf(changes, changes)).toMatchObject({ code: "MIXED_SERIES", details: { images: 12, differing: 2, differingTags } });
  });

  test("are none where a slice is missing all the same, they are of another series, or lie at an end", () => {
    expect(faultOf({ ...ODD, imagePosition: [-10, 20, 11] })).toMatchObject({ code: "IRREGULAR_GEOMETRY", details: { kind: "missing slice" } });
    expect(faultOf({ ...ODD, seriesInstanceUID: "1.9" })).toMatchObject({ code: "IRREGULAR_GEOMETRY", details: { kind: "missing slice" } });
    expect(faultOf({}, {}, {}, {}, {}, {}, ODD)).toBe(2);
  });
});
