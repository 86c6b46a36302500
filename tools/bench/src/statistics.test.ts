import { describe, expect, test } from "vitest";
import { quantile, slope } from "./statistics.ts";

describe("quantile", () => {
  test("takes the value at the nearest rank, whatever the order", () => {
    const values = [50, 15, 40, 20, 35];
    expect([0.05, 0.3, 0.4, 0.5, 1].map((share) => quantile(values, share))).toEqual([15, 20, 20, 35, 50]);
  });

  test("sorts as numbers and leaves the values as they are", () => {
    const values = [10, 9, 100];
    expect(quantile(values, 0.99)).toBe(100);
    expect(values).toEqual([10, 9, 100]);
  });

  test("is not a number where there are no values", () => {
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe("slope", () => {
  test("is that of the line of least squares", () => {
    expect(slope([[0, 1], [1, 3], [2, 5]])).toBe(2);
    // Means 1 and 2; covariance 2 over variance 2.
    expect(slope([[0, 1], [1, 2], [2, 3]])).toBe(1);
    expect(slope([[0, 0], [1, 3], [2, 0], [3, 3]])).toBeCloseTo(0.6, 12);
  });

  test("is not a number for a single point", () => {
    expect(slope([[5, 7]])).toBeNaN();
  });
});
