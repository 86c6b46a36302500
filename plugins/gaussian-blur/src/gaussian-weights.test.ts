import { describe, expect, it } from "vitest";
import { gaussianWeights } from "./gaussian-weights.ts";

describe("gaussianWeights", () => {
  it("is exp(-x² / 2σ²) over its sum: for sigma 1 and radius 1, 1 / (1 + 2 e^-0.5) in the middle", () => {
    // e^-0.5 = 0.6065306597126334; 1 / 2.2130613194252668 = 0.4518627782...
    const [middle, side] = gaussianWeights(1, 1);
    expect(middle).toBeCloseTo(0.45186276187760605, 14);
    expect(side).toBeCloseTo(0.274068619061197, 14);
  });

  it("sums to 1 over both halves", () => {
    for (const sigma of [0.1, 0.5, 1, 3.7, 40]) {
      const weights = gaussianWeights(sigma, Math.ceil(4 * sigma));
      const sum = weights.reduce((total, w, t) => total + (t === 0 ? w : 2 * w), 0);
      expect(sum).toBeCloseTo(1, 14);
    }
  });

  it("is the identity for sigma 0, for radius 0, and for a sigma whose square is no double", () => {
    expect([...gaussianWeights(0, 5)]).toEqual([1]);
    expect([...gaussianWeights(2, 0)]).toEqual([1]);
    expect([...gaussianWeights(1e-200, 2)]).toEqual([1, 0, 0]);
  });
});
