import type { DataSet } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import { builtInstance, cs, ds, faultOf, imagesOf, us } from "./built-instance.test-support.ts";
import { csaHeader } from "./csa-header.test-support.ts";

const MR = "1.2.840.10008.5.1.4.1.1.4";
const lo = (tag: number, text: string) => ({ tag, vr: "LO" as const, text });
const csa = (values: Readonly<Record<string, readonly string[]>>) => ({ tag: 0x00291110, vr: "OB" as const, bytes: csaHeader(values) });
const normal = (...cosines: readonly string[]) => csa({ SliceNormalVector: cosines });

/** A mosaic of 9 columns × 6 rows: tiles of 3 × 2. Pixels of 2 × 1 mm; the centre of it, and of its first slice, is at (10, 30, 5). */
function mosaic(...changes: DataSet): DataSet {
  const plain: DataSet = [
    cs(0x00080008, "ORIGINAL\\PRIMARY\\M\\ND\\MOSAIC"),
    ds(0x00180088, 4),
    lo(0x00190010, "SIEMENS MR HEADER"),
    us(0x0019100a, 5),
    ds(0x00200032, 10 - 4 * 2, 30 - 2.5, 5),
    ds(0x00200037, 1, 0, 0, 0, 1, 0),
    us(0x00280010, 6),
    us(0x00280011, 9),
    ds(0x00280030, 1, 2),
    lo(0x00290010, "SOMEBODY ELSE"),
    lo(0x00290011, "SIEMENS CSA HEADER"),
    normal("0.0", "0.0", "1.0"),
  ];
  const changed = new Set(changes.map(({ tag }) => tag));
  return builtInstance(1, [...plain.filter(({ tag }) => !changed.has(tag)), ...changes], MR);
}

describe("tiles of a Siemens mosaic", () => {
  test("lie around the mosaic's centre, one behind the other along the normal", async () => {
    const tiles = await imagesOf(mosaic());
    // By hand: the centre of a tile of 3 × 2 pixels is one column and half a row from its first voxel.
    expect(tiles.map(({ imagePosition }) => imagePosition)).toEqual([5, 9, 13, 17, 21].map((z) => [10 - 2, 30 - 0.5, z]));
    expect(tiles.map(({ size }) => size)).toEqual(Array.from({ length: 5 }, () => [3, 2]));
    expect(tiles.map(({ region }) => [region?.left, region?.top])).toEqual([[0, 0], [3, 0], [6, 0], [0, 2], [3, 2]]);
    expect(tiles.map(({ frameNumber }) => frameNumber)).toEqual([1, 1, 1, 1, 1]);
  });

  test("go against the normal where the CSA header says so", async () => {
    const tiles = await imagesOf(mosaic(normal("0.0", "0.0", "-1.0")));
    expect(tiles.map(({ imagePosition }) => imagePosition[2])).toEqual([5, 1, -3, -7, -11]);
  });

  test("are counted by the CSA header where the element is not there", async () => {
    const counted = mosaic(csa({ SliceNormalVector: ["0", "0", "1"], NumberOfImagesInMosaic: ["7"] })).filter(({ tag }) => tag !== 0x0019100a);
    expect(await imagesOf(counted)).toHaveLength(7);
  });

  test.each([
    ["their number", (tag: number) => tag === 0x0019100a, "(0019,100A)"],
    ["their distance", (tag: number) => tag === 0x00180088, "(0018,0088)"],
    ["their direction", (tag: number) => tag === 0x00291110, "(0029,1110)"],
  ])("are refused without %s", async (_, isLeftOut, tag) => {
    expect(await faultOf(mosaic().filter((element) => !isLeftOut(element.tag)))).toMatchObject({ code: "MISSING_ATTRIBUTE", details: { tag } });
  });

  test.each([
    ["a number that does not divide the mosaic", us(0x0019100a, 10)],
    ["no image", us(0x0019100a, 0)],
    ["a normal that is not that of the orientation", normal("0.0", "0.6", "0.8")],
    ["a normal of two values", normal("0.0", "1.0")],
    ["a normal that is no number", normal("0.0", "0.0", "1.O")],
    ["a CSA header that is cut", { tag: 0x00291110, vr: "OB" as const, bytes: csaHeader({ SliceNormalVector: ["0", "0", "1"] }).subarray(0, 150) }],
  ])("are refused with %s", async (_, element) => {
    expect((await faultOf(mosaic(element))).code).toBe("MALFORMED_FILE");
  });
});
