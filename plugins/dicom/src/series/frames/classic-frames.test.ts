import { describe, expect, test } from "vitest";
import type { DataElement, DataSet } from "@hilum/testing";
import { builtInstance, ds, faultOf, imagesOf } from "./built-instance.test-support.ts";

const MR = "1.2.840.10008.5.1.4.1.1.4";
const SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7";
const POSITION = ds(0x00200032, 1, 2, 3);
const ORIENTATION = ds(0x00200037, 1, 0, 0, 0, 1, 0);
const SPACING = ds(0x00280030, 0.5, 0.5);
const PLANE = [POSITION, ORIENTATION, SPACING];
/** Frame Increment Pointer to an attribute. */
const increment = (tag: number): DataElement => ({ tag: 0x00280009, vr: "UN", bytes: Uint8Array.of((tag >> 16) & 0xff, (tag >> 24) & 0xff, tag & 0xff, (tag >> 8) & 0xff) });

async function positionsOf(frames: number, changes: DataSet, sopClassUID = MR): Promise<readonly (readonly number[])[]> {
  return (await imagesOf(builtInstance(frames, changes, sopClassUID))).map(({ imagePosition }) => imagePosition);
}

describe("frames of a classic instance", () => {
  test("lie at the distance of Spacing Between Slices, along the normal", async () => {
    expect(await positionsOf(3, [...PLANE, ds(0x00180088, 2.5)])).toEqual([[1, 2, 3], [1, 2, 5.5], [1, 2, 8]]);
    const downwards = [POSITION, ds(0x00200037, 1, 0, 0, 0, -1, 0), SPACING, ds(0x00180088, 2.5)];
    expect(await positionsOf(2, downwards)).toEqual([[1, 2, 3], [1, 2, 0.5]]);
  });

  test("lie at the offsets of Grid Frame Offset Vector, from 0 or along z", async () => {
    expect(await positionsOf(3, [...PLANE, ds(0x3004000c, 0, 4, 9)])).toEqual([[1, 2, 3], [1, 2, 7], [1, 2, 12]]);
    expect(await positionsOf(2, [...PLANE, ds(0x3004000c, 3, -2)])).toEqual([[1, 2, 3], [1, 2, -2]]);
    const oblique = [POSITION, ds(0x00200037, 1, 0, 0, 0, 0.6, 0.8), SPACING];
    expect(await positionsOf(2, [...oblique, ds(0x3004000c, 0, 10)])).toEqual([[1, 2, 3], [1, 2 - 8, 3 + 6]]);
    expect(await faultOf(builtInstance(2, [...oblique, ds(0x3004000c, 3, 10)], MR))).toMatchObject({ code: "MALFORMED_FILE", details: { tag: "(3004,000C)" } });
    expect(await faultOf(builtInstance(3, [...PLANE, ds(0x3004000c, 0, 10)], MR))).toMatchObject({ code: "MALFORMED_FILE", details: { tag: "(3004,000C)" } });
  });

  test("lie at one place where they follow each other in time", async () => {
    const images = await imagesOf(builtInstance(2, [...PLANE, increment(0x00181063), ds(0x00180088, 2.5)], MR));
    expect(images.map(({ imagePosition, temporalPosition }) => [imagePosition, temporalPosition])).toEqual([[[1, 2, 3], 1], [[1, 2, 3], 2]]);
  });

  test("are refused where only the first has a place", async () => {
    expect(await faultOf(builtInstance(2, PLANE, MR))).toMatchObject({ code: "MISSING_ATTRIBUTE", details: { tag: "(0018,0088)" } });
  });
});

describe("an image without Image Position", () => {
  test("lies where Slice Location says, along the normal", async () => {
    const [image] = await imagesOf(builtInstance(1, [ds(0x00200037, 1, 0, 0, 0, 0.6, 0.8), SPACING, ds(0x00201041, 10)], MR));
    expect(image).toMatchObject({ placedBy: "slice location", imagePosition: [0, -8, 6], spacing: [0.5, 0.5] });
  });

  test.each([
    ["Image Orientation", [SPACING, ds(0x00201041, 10)]],
    ["Slice Location", [ORIENTATION, SPACING]],
  ])("is refused without %s where its class must have a plane", async (_, changes) => {
    expect(await faultOf(builtInstance(1, changes, MR))).toMatchObject({ code: "MISSING_ATTRIBUTE", details: { tag: "(0020,0032)" } });
  });

  test("lies nowhere where its class needs no plane, 1 mm wide unless Pixel Spacing says more", async () => {
    const [nothing] = await imagesOf(builtInstance(1, [], SECONDARY_CAPTURE));
    expect(nothing).toMatchObject({ placedBy: "none", imagePosition: [0, 0, 0], spacing: [1, 1] });
    const [spaced] = await imagesOf(builtInstance(1, [ds(0x00280030, 2, 0.25)], SECONDARY_CAPTURE));
    expect(spaced).toMatchObject({ placedBy: "none", spacing: [0.25, 2] });
  });
});
