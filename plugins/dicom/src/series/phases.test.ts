import { expect, test } from "vitest";
import { imageAt } from "./image-header.test-support.ts";
import type { ImageHeader } from "./image-header.ts";
import { splitPhases } from "./phases.ts";
import { sortByPosition } from "./stack-geometry.ts";

/** Images at z = 0, 2, 4 mm for each of `phases`, made by a function of phase and slice. */
function images(phases: number, changes: (phase: number, slice: number) => Partial<ImageHeader>): readonly ImageHeader[] {
  return Array.from({ length: phases * 3 }, (_, index) => {
    const [phase, slice] = [Math.floor(index / 3), index % 3];
    return imageAt(slice * 2, { sopInstanceUID: `1.${phase}.${slice}`, ...changes(phase, slice) });
  });
}

const split = (all: readonly ImageHeader[]) => splitPhases(sortByPosition(all));
const uids = (result: ReturnType<typeof split>) => result.phases.map(({ slices }) => slices.map((image) => image.sopInstanceUID));
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
  expect(result.rejected).toContainEqual({ key: "Diffusion b-value", reason: "2 values over 3 phases" });
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

test("ranks by Instance Number where the images of a position follow each other", () => {
  const result = split(images(2, (phase, slice) => ({ instanceNumber: slice * 2 + phase })));
  expect([result.key, uids(result)]).toEqual(["Instance Number", EXPECTED]);
});

test("refuses images that nothing tells apart", () => {
  expect(() => split(images(2, () => ({})))).toThrow(expect.objectContaining({ code: "IRREGULAR_GEOMETRY" }));
});
