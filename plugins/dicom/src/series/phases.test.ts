import { describe, expect, test } from "vitest";
import { imageAt } from "./image-header.test-support.ts";
import type { ImageHeader } from "./image-header.ts";
import { splitPhases } from "./phases.ts";
import { sortByPosition } from "./slice-positions.ts";

/** Images at z = 0, 2, 4 mm for each of `phases`, made by a function of phase and slice. */
function images(phases: number, changes: (phase: number, slice: number) => Partial<ImageHeader>): readonly ImageHeader[] {
  return Array.from({ length: phases * 3 }, (_, index) => {
    const [phase, slice] = [Math.floor(index / 3), index % 3];
    return imageAt(slice * 2, { sopInstanceUID: `1.${phase}.${slice}`, ...changes(phase, slice) });
  });
}

const OPTIONS = { onMissing: "pad", onDuplicate: "refuse", onTilt: "shear" } as const;
const split = (all: readonly ImageHeader[], forced?: string) => splitPhases(sortByPosition(all, OPTIONS), forced);
const uids = (result: ReturnType<typeof split>) => result.phases.map(({ slices }) => slices.map((image) => image?.sopInstanceUID));
const EXPECTED = [
  ["1.0.0", "1.0.1", "1.0.2"],
  ["1.1.0", "1.1.1", "1.1.2"],
];

test("makes one phase of one image at each position", () => {
  const result = split(images(1, () => ({})));
  expect([result.key, result.rejected, result.phases.length]).toEqual(["none", [], 1]);
});

test("groups by echo, in order of time and not of the echo's number", () => {
  const result = split(
    images(2, (phase, slice) => ({
      echoNumber: String(2 - phase),
      echoTimeMs: 10 - phase * 5,
      acquired: { seconds: 100 + phase * 50 + slice },
    })),
  );
  expect(result.key).toBe("Echo Numbers");
  expect(uids(result)).toEqual(EXPECTED);
  expect(result.phases.map(({ phase }) => phase)).toEqual([
    { label: "Echo Time 10 ms", value: 10 },
    { label: "Echo Time 5 ms", value: 5 },
  ]);
});

test("orders groups by their lowest instance number where times are equal", () => {
  const result = split(images(2, (phase, slice) => ({ bValue: phase === 0 ? 1000 : 0, instanceNumber: phase * 10 + slice })));
  expect(result.key).toBe("Diffusion b-value");
  expect(result.phases.map(({ phase }) => phase.value)).toEqual([1000, 0]);
});

test("groups diffusion by b-value and direction, the image without a direction too", () => {
  const result = split(
    images(3, (phase, slice) => ({
      bValue: phase === 0 ? 0 : 1000,
      instanceNumber: phase * 3 + slice,
      ...(phase === 0 ? {} : { diffusionDirection: phase === 1 ? "1 0 0" : "0 1 0" }),
    })),
  );
  expect(result.key).toBe("Diffusion b-value and direction");
  expect(result.rejected).toContainEqual({ key: "Diffusion b-value", reason: "2 groups of 3 and 6 images, for 3 phases" });
});

test("rejects a key whose values repeat at a position", () => {
  const result = split(
    images(2, (phase, slice) => ({ temporalPosition: slice === 1 ? 1 : phase + 1, instanceNumber: phase * 3 + slice })),
  );
  expect(result.rejected[0]).toEqual({ key: "Temporal Position Identifier", reason: "a value repeats at a slice position" });
  expect(result.key).toBe("Instance Number block");
  expect(uids(result)).toEqual(EXPECTED);
});

test("rejects blocks of instance numbers that contradict the times", () => {
  // Two instance numbers of slice 1 are exchanged: both blocks still hold every position once, and are wrong.
  const result = split(
    images(2, (phase, slice) => ({
      instanceNumber: (slice === 1 ? 1 - phase : phase) * 3 + slice,
      acquired: { seconds: phase * 60 + slice },
    })),
  );
  expect(result.key).toBe("Acquisition Time");
  expect(result.rejected).toContainEqual({ key: "Instance Number block", reason: "contradicts Acquisition Time" });
  expect(uids(result)).toEqual(EXPECTED);
  expect(result.phases.map(({ phase }) => phase)).toEqual([
    { label: "Acquisition Time +0 s", value: 0 },
    { label: "Acquisition Time +60 s", value: 60 },
  ]);
});

test("ranks by Content Time where Acquisition Time is the same", () => {
  const result = split(images(2, (phase, slice) => ({ acquired: { seconds: 5 }, content: { seconds: phase * 9 + slice } })));
  expect(result.key).toBe("Content Time");
  expect(uids(result)).toEqual(EXPECTED);
});

test("ranks across midnight by the date", () => {
  const result = split(images(2, (phase) => ({ acquired: { day: 100 + phase, seconds: phase === 0 ? 86_390 : 20 } })));
  expect(uids(result)).toEqual(EXPECTED);
  expect(result.phases[1]?.phase.value).toBe(30);
});

describe("across midnight without dates", () => {
  // 23:59:50 and 00:00:20: thirty seconds later, whatever the order of the numbers.
  const acquired = (phase: number) => ({ seconds: phase === 0 ? 86_390 : 20 });

  test("phases are in order of the times that went past it", () => {
    for (const numbers of [(phase: number, slice: number) => phase * 3 + slice, (_: number, slice: number) => slice]) {
      const result = split(images(2, (phase, slice) => ({ acquired: acquired(phase), instanceNumber: numbers(phase, slice) })));
      expect(uids(result)).toEqual(EXPECTED);
      expect(result.phases[1]?.phase.value).toBe(30);
    }
  });

  test("a date of some images alone says nothing", () => {
    const result = split(images(2, (phase, slice) => ({ acquired: { ...acquired(phase), day: slice === 0 ? 100 : undefined }, instanceNumber: phase * 3 + slice })));
    expect(uids(result)).toEqual(EXPECTED);
  });

  test.each([
    ["half a day between two images", 64_800, () => ({})],
    ["more than that, by Instance Numbers that begin in the morning,", 64_801, (phase: number, slice: number) => ({ instanceNumber: phase * 3 + slice })],
  ] as const)("%s is a pause", (_, evening, numbers) => {
    // 06:00:00 and 18:00:00, or a second later.
    const result = split(images(2, (phase, slice) => ({ acquired: { seconds: phase === 0 ? 21_600 : evening }, ...numbers(phase, slice) })));
    expect(result.phases.map(({ phase }) => phase.value)).toEqual([0, evening - 21_600]);
    expect(uids(result)).toEqual(EXPECTED);
  });
});

test("ranks by Instance Number where the images of a position follow each other", () => {
  const result = split(images(2, (phase, slice) => ({ instanceNumber: slice * 2 + phase })));
  expect([result.key, uids(result)]).toEqual(["Instance Number", EXPECTED]);
});

test("refuses Instance Numbers of no order where there are no times, or equal ones", () => {
  const chance = [5, 2, 1, 6, 3, 4];
  for (const acquired of [{}, { seconds: 0 }])
    expect(() => split(images(2, (phase, slice) => ({ instanceNumber: chance[phase * 3 + slice], acquired })))).toThrow(
      expect.objectContaining({ code: "IRREGULAR_GEOMETRY" }),
    );
});

test("refuses images that nothing tells apart", () => {
  expect(() => split(images(2, () => ({})))).toThrow(
    expect.objectContaining({ code: "IRREGULAR_GEOMETRY", details: expect.objectContaining({ kind: "duplicate position" }) as unknown }),
  );
});

/** Four phases: two echoes, each as magnitude and as phase. */
const ECHO_AND_PART = (phase: number, slice: number): Partial<ImageHeader> => ({
  echoTimeMs: phase < 2 ? 5 : 10,
  imageType: phase % 2 === 0 ? "ORIGINAL\\PRIMARY\\M" : "ORIGINAL\\PRIMARY\\P",
  instanceNumber: phase * 3 + slice,
});

test("groups by a pair of identifiers where neither of them splits", () => {
  const result = split(images(4, ECHO_AND_PART));
  expect(result.key).toBe("Echo Time × Image Type");
  expect(uids(result)).toEqual([0, 1, 2, 3].map((phase) => [0, 1, 2].map((slice) => `1.${phase}.${slice}`)));
  expect(result.phases[1]?.phase.label).toBe("Echo Time 5 ms, Image Type ORIGINAL\\PRIMARY\\P");
  expect(result.rejected).toContainEqual({ key: "Image Type", reason: "2 groups of 6 images, for 4 phases" });
});

test("groups frames of one instance by their Dimension Index Values", () => {
  const result = split(images(2, (phase, slice) => ({ dimensionIndexValues: [phase + 1], frameNumber: 1 + phase * 3 + slice, instanceNumber: 7 })));
  expect([result.key, uids(result)]).toEqual(["Dimension Index Values", EXPECTED]);
});

test("takes each of several multi-frame instances of a series for a phase", () => {
  const pixel = { ...imageAt(0).pixel, frames: 3 };
  const result = split(images(2, (phase, slice) => ({ pixel, sopInstanceUID: `1.${phase}`, frameNumber: slice + 1, instanceNumber: phase + 1 })));
  expect(result.key).toBe("Instance");
  expect(result.phases.map(({ slices }) => slices.map((image) => `${image?.sopInstanceUID}/${image?.frameNumber}`))).toEqual([
    ["1.0/1", "1.0/2", "1.0/3"],
    ["1.1/1", "1.1/2", "1.1/3"],
  ]);
});

test("orders frames of one instance by their number where times are absent", () => {
  // Volume by volume, the second volume first in its key's order.
  const pixel = { ...imageAt(0).pixel, frames: 6 };
  const result = split(images(2, (phase, slice) => ({ pixel, bValue: 1000 - phase * 1000, sopInstanceUID: "1.9", frameNumber: 1 + phase * 3 + slice, instanceNumber: 1 })));
  expect(result.phases.map(({ slices }) => slices.map((image) => image?.frameNumber))).toEqual([[1, 2, 3], [4, 5, 6]]);
});

describe("a forced key", () => {
  const twice = (phase: number, slice: number): Partial<ImageHeader> => ({ echoNumber: `${phase}`, acquisitionNumber: 1 - phase, instanceNumber: slice * 2 + phase });

  test("is taken in place of the first that splits, whatever its case", () => {
    expect(split(images(2, twice)).key).toBe("Echo Numbers");
    expect(split(images(2, twice), "acquisition number").key).toBe("Acquisition Number");
    expect(split(images(4, ECHO_AND_PART), "Echo Time × Image Type").phases).toHaveLength(4);
    expect(split(images(2, twice), "Instance Number").key).toBe("Instance Number");
  });

  test("is refused with the keys there are where it does not split", () => {
    expect(() => split(images(2, twice), "Instance Number block")).toThrow(
      expect.objectContaining({
        code: "INVALID_CONFIG",
        details: {
          key: "Instance Number block",
          reason: "a value repeats at a slice position",
          keys: ["Echo Numbers", "Acquisition Number", "Instance Number"],
        },
      }),
    );
    expect(() => split(images(2, twice), "Echo Nunbers")).toThrow(/Did you mean Echo Numbers/);
  });

  test("says nothing where there is one phase", () => {
    expect(split(images(1, () => ({})), "Echo Time").key).toBe("none");
  });
});

describe("where an image of one phase is missing", () => {
  const without = (phase: number, slice: number, all: readonly ImageHeader[]) => all.filter(({ sopInstanceUID }) => sopInstanceUID !== `1.${phase}.${slice}`);

  test("an identifier tells which", () => {
    const result = split(without(0, 1, images(2, (phase, slice) => ({ temporalPosition: phase, instanceNumber: phase * 3 + slice }))));
    expect([result.key, uids(result)]).toEqual(["Temporal Position Identifier", [["1.0.0", undefined, "1.0.2"], ["1.1.0", "1.1.1", "1.1.2"]]]);
  });

  test("no rank does", () => {
    const ranked = images(2, (phase, slice) => ({ instanceNumber: phase * 3 + slice, acquired: { seconds: phase * 60 + slice } }));
    expect(split(ranked).phases).toHaveLength(2);
    expect(() => split(without(0, 0, ranked))).toThrow(
      expect.objectContaining({ code: "IRREGULAR_GEOMETRY", details: expect.objectContaining({ kind: "missing image" }) as unknown }),
    );
  });
});
