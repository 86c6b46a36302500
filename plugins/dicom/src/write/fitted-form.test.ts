import { IDENTITY_MAP, type LinearMap } from "@hilum/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalString } from "./decimal-string.ts";
import { fullRangeForm, realRangeOf, realWorldForm } from "./fitted-form.ts";
import { quantise, type QuantiseCounts } from "./quantise.ts";
import type { StoredForm } from "./stored-form.ts";

/** Real values by PS3.3 C.11.1 from the words that were stored, with the slope and intercept as the header has them. */
function decoded(voxels: Float32Array, form: StoredForm, toReal: LinearMap = IDENTITY_MAP) {
  const counts: QuantiseCounts = { clippedVoxels: 0, maxQuantisationError: 0 };
  const out = Buffer.alloc(2 * voxels.length);
  quantise(voxels, toReal, form.format, out, counts);
  const { scale, offset } = form.format.modalityLut;
  const stored = [...voxels].map((_, i) => (form.format.signed ? out.readInt16LE(2 * i) : out.readUInt16LE(2 * i)));
  return { real: stored.map((value) => value * scale + offset), stored, ...counts };
}

const FORMS: readonly (readonly [string, (voxels: Float32Array) => StoredForm])[] = [
  ["full-range", (voxels) => fullRangeForm(realRangeOf(voxels, IDENTITY_MAP, undefined), false)],
  ["full-range of PET", (voxels) => fullRangeForm(realRangeOf(voxels, IDENTITY_MAP, undefined), true)],
  ["mr-rwvm", (voxels) => realWorldForm(realRangeOf(voxels, IDENTITY_MAP, undefined))],
];

/** Values of one magnitude from 1e-30 to 1e30, of either sign, beside zeros; single ones and constants among them. */
const slices = fc.tuple(fc.integer({ min: -30, max: 30 }), fc.array(fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constant(0), fc.constant(0.7)), { minLength: 1, maxLength: 40 })).map(
  ([exponent, mantissas]) => Float32Array.from(mantissas, (mantissa) => mantissa * 10 ** exponent),
);
/** Values that lie close together and far from zero: the hardest for an intercept of 16 characters. */
const narrow = fc
  .tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.integer({ min: -30, max: 30 }), fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 20 }))
  .map(([mantissa, exponent, steps]) => Float32Array.from(steps, (step) => mantissa * 10 ** exponent * (1 + step * 1e-7)));

describe.each(FORMS)("a form by %s", (_policy, formOf) => {
  it("decodes every voxel to within half a slope as written, and clips none", () => {
    fc.assert(
      fc.property(fc.oneof(slices, narrow), (voxels) => {
        const form = formOf(voxels);
        const { real, stored, clippedVoxels } = decoded(voxels, form);
        // The sums of the decoder are in double too: a thousandth of a slope is theirs.
        const limit = form.format.modalityLut.scale * 0.501;
        expect([...voxels].filter((asked, i) => !(Math.abs((real[i] as number) - asked) <= limit))).toEqual([]);
        expect(clippedVoxels).toBe(0);
        expect(stored).not.toContain(form.padding);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("leaves %s to be refused", (bad) => {
    const voxels = Float32Array.of(1, bad, 3);
    expect(() => decoded(voxels, formOf(voxels))).toThrow(expect.objectContaining({ code: "NON_FINITE_VOXELS", details: { voxels: 1 } }));
  });
});

describe("full-range", () => {
  it.each(FORMS.slice(0, 2))("has a slope and an intercept that a Decimal String of 16 characters holds exactly (%s)", (_policy, formOf) => {
    fc.assert(
      fc.property(fc.oneof(slices, narrow), (voxels) => {
        const { scale, offset } = formOf(voxels).format.modalityLut;
        for (const number of [scale, offset]) {
          expect(decimalString(number).length).toBeLessThanOrEqual(16);
          expect(Number(decimalString(number))).toBe(number);
        }
      }),
    );
  });

  it("of PET has intercept 0 and the slope of the largest magnitude over 32767, rounded up to 16 characters", () => {
    const { format, padding } = fullRangeForm([-1, 10_000], true);
    // 10000 / 32767 = 0.305185094759972…
    expect(format).toEqual({ bitsAllocated: 16, bitsStored: 16, highBit: 15, signed: true, modalityLut: { scale: 0.30518509475998, offset: 0 } });
    expect(padding).toBe(-32768);
  });

  it("of CT has the middle of the range as intercept, and steps of its 65534th part", () => {
    // (3071 + 1024) / 65534 = 0.0624866481521042…
    expect(fullRangeForm([-1024, 3071], false).format.modalityLut).toEqual({ scale: 0.06248664815211, offset: 1023.5 });
  });

  it("of zeros, of one value and of nothing but padding has slope 1", () => {
    expect(fullRangeForm([0, 0], true).format.modalityLut).toEqual({ scale: 1, offset: 0 });
    expect(fullRangeForm([7, 7], false).format.modalityLut).toEqual({ scale: 1, offset: 7 });
    expect(fullRangeForm(undefined, false).format.modalityLut).toEqual({ scale: 1, offset: 0 });
  });
});

describe("mr-rwvm", () => {
  it("maps the range to 1 … 65535, unsigned, and leaves 0 to padding", () => {
    const { format, padding, declaredBy } = realWorldForm([0, 65_534]);
    expect(format).toEqual({ bitsAllocated: 16, bitsStored: 16, highBit: 15, signed: false, modalityLut: { scale: 1, offset: -1 } });
    expect([padding, declaredBy]).toEqual([0, "real world value mapping"]);
  });
});

describe("realRangeOf", () => {
  it("maps voxels to real values, downwards too, and passes over padding", () => {
    expect(realRangeOf(Float32Array.of(1, 2, 99), { scale: -2, offset: 10 }, Uint8Array.of(0, 0, 1))).toEqual([6, 8]);
    expect(realRangeOf(Float32Array.of(5), IDENTITY_MAP, Uint8Array.of(1))).toBeUndefined();
  });
});
