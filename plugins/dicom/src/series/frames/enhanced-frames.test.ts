import { describe, expect, test } from "vitest";
import type { DataSet } from "@hilum/testing";
import { builtInstance, cs, ds, faultOf, fd, imagesOf, sq, ul, us } from "./built-instance.test-support.ts";

const IOP = sq(0x00209116, [ds(0x00200037, 1, 0, 0, 0, 1, 0)]);
const MEASURES = sq(0x00289110, [ds(0x00280030, 0.75, 0.5), ds(0x00180050, 4)]);
const position = (z: number) => sq(0x00209113, [ds(0x00200032, -10, 20, z)]);
const rescale = (slope: number, intercept: number) => sq(0x00289145, [ds(0x00281053, slope), ds(0x00281052, intercept)]);
const shared = (...groups: DataSet) => sq(0x52009229, groups);
const perFrame = (...frames: readonly DataSet[]) => sq(0x52009230, ...frames);
const pointer = (tag: number) => ({ tag: 0x00209165, vr: "UN" as const, bytes: Uint8Array.of((tag >> 16) & 0xff, (tag >> 24) & 0xff, tag & 0xff, (tag >> 8) & 0xff) });

describe("frames of an enhanced instance", () => {
  const content = (...values: readonly number[]) => sq(0x00209111, [{ tag: 0x00209056, vr: "SH" as const, text: "A" }, ul(0x00209157, ...values), ul(0x00209128, values[2] ?? 0)]);
  const instance = builtInstance(2, [
    ds(0x00281053, 7),
    sq(0x00209222, [pointer(0x00209056)], [pointer(0x00209057)], [pointer(0x00209128)]),
    shared(IOP, MEASURES, rescale(2, -3), sq(0x00189114, [fd(0x00189082, 12.5)])),
    perFrame([position(5), content(1, 2, 4)], [position(1), content(1, 1, 4), rescale(3, 0.5)]),
  ]);

  test.each([
    ["explicit", "defined"],
    ["explicit", "undefined"],
    ["implicit", "defined"],
    ["implicit", "undefined"],
  ] as const)("say where they lie, and what they mean, %s VR and %s lengths", async (transferSyntax, sequenceLength) => {
    const images = await imagesOf(instance, { transferSyntax, sequenceLength });
    const both = { rowDirection: [1, 0, 0], columnDirection: [0, 1, 0], spacing: [0.5, 0.75], sliceThickness: 4, echoTimeMs: 12.5, stackId: "A", temporalPosition: 4 };
    expect(images).toMatchObject([
      { ...both, frameNumber: 1, imagePosition: [-10, 20, 5], modalityLut: { scale: 2, offset: -3 }, dimensionIndexValues: [1, 4] },
      { ...both, frameNumber: 2, imagePosition: [-10, 20, 1], modalityLut: { scale: 3, offset: 0.5 }, dimensionIndexValues: [1, 4] },
    ]);
  });

  test("tell the kind of a complex image, and the direction of its gradient or that it has none", async () => {
    const type = (component: string) => sq(0x00189226, [cs(0x00089007, "ORIGINAL\\PRIMARY\\M\\NONE"), cs(0x00089208, component)]);
    const diffusion = (kind: string, ...gradient: readonly number[]) =>
      sq(0x00189117, [cs(0x00189075, kind), fd(0x00189087, gradient.length === 0 ? 0 : 1000), ...(gradient.length === 0 ? [] : [sq(0x00189076, [fd(0x00189089, ...gradient)])])]);
    const images = await imagesOf(
      builtInstance(3, [
        shared(IOP, MEASURES),
        perFrame([position(0), type("PHASE"), diffusion("NONE")], [position(0), type("MAGNITUDE"), diffusion("DIRECTIONAL", 0, 0.5, -1)], [position(0), diffusion("ISOTROPIC")]),
      ]),
    );
    expect(images.map(({ imageType }) => imageType)).toEqual(["ORIGINAL\\PRIMARY\\M\\NONE\\PHASE", "ORIGINAL\\PRIMARY\\M\\NONE\\MAGNITUDE", undefined]);
    expect(images.map(({ bValue }) => bValue)).toEqual([0, 1000, 0]);
    expect(images.map(({ diffusionDirection }) => diffusionDirection)).toEqual([undefined, "0 0.5 -1", "ISOTROPIC"]);
  });

  test("take the instance's own position only where there is one frame", async () => {
    const own = [ds(0x00200032, 1, 2, 3), shared(IOP, MEASURES)];
    expect((await imagesOf(builtInstance(1, [...own, perFrame([])])))[0]?.imagePosition).toEqual([1, 2, 3]);
    expect(await faultOf(builtInstance(2, [...own, perFrame([], [])]))).toMatchObject({ code: "MISSING_ATTRIBUTE", details: { tag: "(0020,0032)" } });
  });

  test.each([1, 3])("are refused where 2 frames have %d items", async (items) => {
    const fault = await faultOf(builtInstance(2, [shared(IOP, MEASURES), perFrame(...Array.from({ length: items }, () => [position(0)]))]));
    expect(fault).toMatchObject({ code: "MALFORMED_FILE", details: { tag: "(5200,9230)" } });
    expect(fault.details?.["offset"]).toBeGreaterThan(132);
  });

  test("are refused where a number is none, with its place", async () => {
    const wrong = { tag: 0x00200032, vr: "DS" as const, text: "1\\2\\1O3" };
    const fault = await faultOf(builtInstance(1, [shared(IOP, MEASURES), perFrame([sq(0x00209113, [wrong])])]));
    expect(fault).toMatchObject({ code: "MALFORMED_FILE", details: { tag: "(0020,0032)" } });
    expect(fault.message).not.toContain("1O3");
  });

  test("note what only informs and cannot be read, once", async () => {
    const when = sq(0x00209111, [{ tag: 0x00189074, vr: "DT" as const, text: "20140122996327" }]);
    const images = await imagesOf(builtInstance(2, [shared(IOP, MEASURES), perFrame([position(0), when], [position(1), when])]));
    expect(images.map(({ unreadable }) => unreadable)).toEqual([[0x00189074], [0x00189074]]);
  });

  test("take time that grows with their number alone", async () => {
    const groups = [us(0x00209156, 1)];
    const build = (frames: number) => builtInstance(frames, [shared(IOP, MEASURES), perFrame(...Array.from({ length: frames }, (_, k) => [position(k), sq(0x00209111, groups)]))]);
    // The best of three: other programs take time too.
    const bestMs = async (frames: number): Promise<number> => {
      const dataSet = build(frames);
      let best = Number.POSITIVE_INFINITY;
      for (let run = 0; run < 3; run++) {
        const started = performance.now();
        expect(await imagesOf(dataSet)).toHaveLength(frames);
        best = Math.min(best, performance.now() - started);
      }
      return best;
    };
    await bestMs(500);
    // 8 times the frames; quadratic work would take 64 times as long.
    expect((await bestMs(4000)) / (await bestMs(500))).toBeLessThan(32);
  });
});
