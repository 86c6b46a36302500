import type { DataSet } from "@hilum/testing";
import { describe, expect, it } from "vitest";
import { builtInstance, cs, ds, us } from "../series/frames/built-instance.test-support.ts";
import { csaHeader } from "../series/frames/csa-header.test-support.ts";
import { edited, remove, ruleBrokenBy, text, us as putShort, writtenSeries } from "./gate/planted-faults.test-support.ts";
import { opened } from "./hand-built-enhanced.test-support.ts";
import { textsOf, write } from "./write-hand-built.test-support.ts";

const MR = "1.2.840.10008.5.1.4.1.1.4";
const lo = (tag: number, value: string) => ({ tag, vr: "LO" as const, text: value });

/** Pixels of 9 columns × 6 rows: each tile of 3 × 2 holds its number in tens, counted row by row, and counts up within. */
const PIXELS = Uint8Array.from({ length: 54 }, (_, at) => {
  const [row, column] = [Math.floor(at / 9), at % 9];
  return 10 * (3 * Math.floor(row / 2) + Math.floor(column / 3)) + 3 * (row % 2) + (column % 3);
});

/** A mosaic of five tiles. Pixels of 2 × 1 mm; the centre of it, and of its first slice, is at (10, 30, 5). */
function mosaic(...more: DataSet): DataSet {
  return builtInstance(
    1,
    [
      cs(0x00080008, "ORIGINAL\\PRIMARY\\M\\ND\\MOSAIC"),
      { tag: 0x00080023, vr: "DA", text: "20200102" },
      ds(0x00180088, 4),
      lo(0x00190010, "SIEMENS MR HEADER"),
      us(0x0019100a, 5),
      { tag: 0x0019100b, vr: "DS", text: "20" },
      { tag: 0x00191029, vr: "FD", numbers: [0, 1, 2, 3, 4] },
      { tag: 0x00200013, vr: "IS", text: "7" },
      ds(0x00200032, 10 - 4 * 2, 30 - 2.5, 5),
      ds(0x00200037, 1, 0, 0, 0, 1, 0),
      { tag: 0x00200052, vr: "UI", text: "1.2.3.0" },
      ds(0x00201041, 5),
      us(0x00280010, 6),
      us(0x00280011, 9),
      ds(0x00280030, 1, 2),
      us(0x00280106, 0),
      us(0x00280107, 45),
      lo(0x00290010, "SOMEBODY ELSE"),
      lo(0x00290011, "SIEMENS CSA HEADER"),
      lo(0x00291001, "kept"),
      { tag: 0x00291110, vr: "OB", bytes: csaHeader({ SliceNormalVector: ["0.0", "0.0", "1.0"] }) },
      { tag: 0x00291120, vr: "OB", bytes: Uint8Array.of(1, 2) },
      { tag: 0x60000010, vr: "US", numbers: [6] },
      { tag: 0x60003000, vr: "OW", bytes: new Uint8Array(8) },
      { tag: 0x7fe00010, vr: "OW", bytes: PIXELS },
      ...more,
    ],
    MR,
  );
}

describe("a derived mosaic", () => {
  it("becomes single frames of its tiles, each where its slice lies", async () => {
    const { bytes, files, summary } = await write(await opened([mosaic()]));
    expect([...files.keys()]).toEqual([1, 2, 3, 4, 5].map((slice) => `IM-01-000${slice}.dcm`));
    expect(summary?.facts).toMatchObject({ instances: 5, clippedVoxels: 0 });
    bytes.forEach((file, tile) => {
      const said = textsOf(file);
      // By hand: the centre of a tile of 3 × 2 pixels is one column and half a row from its first voxel; slices are 4 mm apart.
      expect([0x00080008, 0x00200013, 0x00200032].map(said)).toEqual(["DERIVED\\PRIMARY\\M\\ND", `${tile + 1}`, `8\\29.5\\${5 + 4 * tile}`]);
      expect([0x00280010, 0x00280011, 0x00280106, 0x00280107].map((tag) => Buffer.from(said(tag) ?? "\0", "latin1")[0])).toEqual([2, 3, tile * 10, tile * 10 + 5]);
      expect([...file.subarray(-6)]).toEqual([0, 1, 2, 3, 4, 5].map((at) => tile * 10 + at));
    });
    expect(new Set(bytes.map((file) => textsOf(file)(0x00080018))).size).toBe(5);
  });

  it("tells nothing of the mosaic any more, and keeps all other private elements", async () => {
    const [file] = (await write(await opened([mosaic()]))).bytes as [Buffer];
    const said = textsOf(file);
    for (const tag of [0x0019100a, 0x00191029, 0x00201041, 0x00290011, 0x00291110, 0x00291120, 0x60000010, 0x60003000]) expect(said(tag)).toBeUndefined();
    expect([0x00190010, 0x0019100b, 0x00290010, 0x00291001].map(said)).toEqual(["SIEMENS MR HEADER", "20", "SOMEBODY ELSE", "kept"]);
  });

  it("names the mosaic as its source, whose pixels lie elsewhere", async () => {
    const [file] = (await write(await opened([mosaic()]))).bytes as [Buffer];
    const sources = textsOf(file)(0x00082112) ?? "";
    expect(sources).toContain("1.2.3.4");
    expect(sources).not.toContain("YES");
  });

  it("gives each tile a UID of its own, however alike they are", async () => {
    const empty = mosaic().map((element) => (element.tag === 0x7fe00010 ? { tag: 0x7fe00010, vr: "OW" as const, bytes: new Uint8Array(54) } : element));
    const { bytes } = await write(await opened([empty]));
    expect(new Set(bytes.map((file) => textsOf(file)(0x00080018))).size).toBe(5);
  });

  it("can get slopes of its own, tile by tile", async () => {
    const { summary, bytes } = await write(await opened([mosaic()]), { options: { rescale: "mr-rwvm" } });
    expect(summary?.facts).toMatchObject({ instances: 5, rescale: "mr-rwvm" });
    expect(textsOf(bytes[4] as Buffer)(0x00409096)).toContain("UCUM");
  });
});

describe("the write gate, of a tile of a mosaic", () => {
  it.each<[string, string, (file: Buffer) => Buffer]>([
    ["nothing", "none", (file) => file],
    ["the mosaic's rows", "Pixel Data has the length of its image", (file) => edited(file, putShort(0x00280010, "US", 6))],
    ["the mosaic's place", "every frame lies where the template's does", (file) => edited(file, text(0x00200032, "DS", "2\\27.5\\5"))],
    ["the mosaic's Slice Location", "nothing stale is left", (file) => edited(file, text(0x00201041, "DS", "5"))],
    ["an Image Type that says MOSAIC", "Image Type says DERIVED, and keeps or completes its other values", (file) => edited(file, text(0x00080008, "CS", "DERIVED\\PRIMARY\\M\\ND\\MOSAIC"))],
    ["a CSA header", "nothing stale is left", (file) => edited(file, text(0x00290011, "LO", "SIEMENS CSA HEADER"))],
    ["the number of images", "nothing stale is left", (file) => edited(file, putShort(0x0019100a, "US", 5))],
    ["a lost private element", "private elements are the template's", (file) => edited(file, remove(0x0019100b))],
  ])("finds %s: %s", async (_fault, rule, plant) => {
    const tiles = await writtenSeries(await opened([mosaic()]));
    expect(await ruleBrokenBy(tiles, tiles.files.map((file, i) => (i === 1 ? plant(file) : file)))).toBe(rule);
  });
});
