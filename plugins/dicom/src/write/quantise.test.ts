import { IDENTITY_MAP, isHilumError, type LinearMap } from "@hilum/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quantise, type KeptPixels, type QuantiseCounts, type StoredFormat } from "./quantise.ts";

const SIGNED_16: StoredFormat = { bitsAllocated: 16, bitsStored: 16, highBit: 15, signed: true, modalityLut: IDENTITY_MAP };

function stored(voxels: readonly number[], format: StoredFormat, toReal: LinearMap = IDENTITY_MAP, padding?: KeptPixels) {
  const counts: QuantiseCounts = { clippedVoxels: 0, maxQuantisationError: 0 };
  const out = new Uint8Array((voxels.length * format.bitsAllocated) / 8);
  const range = quantise(Float32Array.from(voxels), toReal, format, out, counts, padding);
  const view = new DataView(out.buffer);
  const read = (i: number): number => {
    if (format.bitsAllocated === 8) return format.signed ? view.getInt8(i) : view.getUint8(i);
    return format.signed ? view.getInt16(2 * i, true) : view.getUint16(2 * i, true);
  };
  return { values: voxels.map((_, i) => read(i)), range, ...counts };
}

describe("quantise", () => {
  it("rounds half to even", () => {
    expect(stored([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4999, 2.5001], SIGNED_16).values).toEqual([0, 2, 2, 0, -2, -2, 2, 3]);
  });

  it("undoes the map to real values first and the Modality LUT then", () => {
    // real = voxel · 100 − 10; stored = (real + 1024) / 2
    const format = { ...SIGNED_16, modalityLut: { scale: 2, offset: -1024 } };
    expect(stored([0, 1, -20], format, { scale: 100, offset: -10 }).values).toEqual([507, 557, -493]);
  });

  it.each<[string, StoredFormat, number[]]>([
    ["16 bits, signed", SIGNED_16, [-32768, 32767]],
    ["16 bits, unsigned", { ...SIGNED_16, signed: false }, [0, 65535]],
    ["12 of 16 bits, signed", { ...SIGNED_16, bitsStored: 12, highBit: 11 }, [-2048, 2047]],
    ["12 of 16 bits, unsigned", { ...SIGNED_16, bitsStored: 12, highBit: 11, signed: false }, [0, 4095]],
    ["8 bits, unsigned", { ...SIGNED_16, bitsAllocated: 8, bitsStored: 8, highBit: 7, signed: false }, [0, 255]],
    ["8 bits, signed", { ...SIGNED_16, bitsAllocated: 8, bitsStored: 8, highBit: 7 }, [-128, 127]],
  ])("saturates at %s, never wraps, and counts", (_title, format, limits) => {
    const result = stored([-1e30, 1e30], format);
    expect(result.values).toEqual(limits);
    expect(result.clippedVoxels).toBe(2);
    expect(result.range).toEqual({ smallest: limits[0], largest: limits[1] });
  });

  it("clips a value that rounds to one past the limit", () => {
    const format = { ...SIGNED_16, bitsStored: 12, highBit: 11, signed: false };
    expect(stored([4095.4, 4095.5, -0.5, -0.6], format)).toMatchObject({ values: [4095, 4095, 0, 0], clippedVoxels: 2 });
  });

  it("lays stored bits below the high bit and leaves the other bits of unsigned images zero", () => {
    // 10 bits stored, High Bit 13: four bits above bit 0.
    const format = { ...SIGNED_16, bitsStored: 10, highBit: 13, signed: false };
    expect(stored([1, 1023], format).values).toEqual([1 << 4, 1023 << 4]);
  });

  it("recovers every stored value of a 16-bit image from its float32 real value", () => {
    const maps = [IDENTITY_MAP, { scale: 2, offset: -4096 }, { scale: 0.287997, offset: 0 }, { scale: 0.0010346139, offset: 0 }, { scale: -1.5, offset: 7 }];
    for (const modalityLut of maps) {
      const all = Array.from({ length: 65536 }, (_, i) => i - 32768);
      const real = all.map((value) => value * modalityLut.scale + modalityLut.offset);
      expect(stored(real, { ...SIGNED_16, modalityLut }).values).toEqual(all);
    }
  });

  it("decodes to within half a slope of what was asked wherever it does not clip", () => {
    const slope = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
    const offset = fc.double({ min: -1e4, max: 1e4, noNaN: true });
    const voxels = fc.array(fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.float({ noNaN: true, min: -50_000, max: 50_000 })), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(slope, offset, voxels, (scale, intercept, asked) => {
        const result = stored(asked, { ...SIGNED_16, modalityLut: { scale, offset: intercept } });
        const limit = (scale / 2) * (1 + 1e-9);
        // Within half a step of the limits both a rounding and a clipping are right.
        const decoded = result.values.map((value) => value * scale + intercept);
        const far = asked.map((value, i) => {
          const exact = (value - intercept) / scale;
          if (exact < -32768.5) return result.values[i] === -32768;
          if (exact > 32767.5) return result.values[i] === 32767;
          return Math.abs((decoded[i] as number) - value) <= limit + Math.abs(intercept) * 1e-12;
        });
        expect(far).not.toContain(false);
        expect(result.maxQuantisationError).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it("reports the largest rounding in real units", () => {
    expect(stored([10, 10.5, 11.9], { ...SIGNED_16, modalityLut: { scale: 2, offset: 0 } }).maxQuantisationError).toBeCloseTo(0.5, 6);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("refuses %s", (bad) => {
    let thrown: unknown;
    try {
      stored([1, bad, 2, bad], SIGNED_16);
    } catch (error) {
      thrown = error;
    }
    expect(isHilumError(thrown) && thrown.code).toBe("NON_FINITE_VOXELS");
    expect(isHilumError(thrown) && thrown.details).toEqual({ voxels: 2 });
  });

  it("gives padding voxels back as the template stores them, whatever is asked, without counting them", () => {
    const mask = Uint8Array.of(1, 0, 1, 1, 0, 1);
    const templatePixels = new Uint8Array(12);
    const view = new DataView(templatePixels.buffer);
    [-2000, 1, -2000, -1999, 1, -2000].forEach((value, i) => view.setInt16(2 * i, value, true));
    const result = stored([Number.NaN, 40000, 5, 1e30, 8, 9], SIGNED_16, IDENTITY_MAP, { mask, templatePixels });
    expect(result.values).toEqual([-2000, 32767, -2000, -1999, 8, -2000]);
    expect(result).toMatchObject({ clippedVoxels: 1, maxQuantisationError: 0, range: { smallest: -2000, largest: 32767 } });
  });

  it("gives what arithmetic in double gives, for every layout, length and mask, and leaves the voxels alone", () => {
    const voxel = fc.oneof(fc.float({ noNaN: true, min: -300, max: 300 }), fc.float({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -600, max: 600 }).map((n) => n / 2));
    const layout = fc
      .record({ bitsAllocated: fc.constantFrom(8, 16), signed: fc.boolean(), bits: fc.nat(), high: fc.nat() })
      .map(({ bitsAllocated, signed, bits, high }) => {
        const bitsStored = 1 + (bits % bitsAllocated);
        return { bitsAllocated, bitsStored, highBit: bitsStored - 1 + (high % (bitsAllocated - bitsStored + 1)), signed };
      });
    const map = fc.record({ scale: fc.constantFrom(1, 2, 0.37, -1.5), offset: fc.constantFrom(0, 0.5, -1024) });
    const cell = fc.tuple(voxel, fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1), fc.nat(0xffff));
    fc.assert(
      fc.property(layout, map, map, fc.array(cell, { minLength: 1, maxLength: 60 }), fc.boolean(), (bits, toReal, modalityLut, cells, masked) => {
        const voxels = Float32Array.from(cells, ([x]) => x);
        const before = voxels.slice();
        const mask = Uint8Array.from(cells, ([, padding]) => padding);
        const width = bits.bitsAllocated / 8;
        const templatePixels = new Uint8Array(cells.length * width);
        cells.forEach(([, , word], i) => templatePixels.set(width === 2 ? [word & 0xff, word >> 8] : [word & 0xff], i * width));
        const counts: QuantiseCounts = { clippedVoxels: 0, maxQuantisationError: 0 };
        const out = new Uint8Array(cells.length * width);
        const range = quantise(voxels, toReal, { ...bits, modalityLut }, out, counts, masked ? { mask, templatePixels } : undefined);

        const lowest = bits.signed ? -(2 ** (bits.bitsStored - 1)) : 0;
        const highest = lowest + 2 ** bits.bitsStored - 1;
        const shift = bits.highBit + 1 - bits.bitsStored;
        let [clipped, worst] = [0, 0];
        const expected = [...before].map((x, i) => {
          if (masked && mask[i] === 1) {
            const kept = ((cells[i]?.[2] ?? 0) >> shift) % 2 ** bits.bitsStored;
            return kept > highest ? kept - 2 ** bits.bitsStored : kept;
          }
          const exact = (x * toReal.scale + toReal.offset - modalityLut.offset) / modalityLut.scale;
          const down = Math.floor(exact);
          const isUp = exact - down > 0.5 || (exact - down === 0.5 && down % 2 !== 0);
          const rounded = isUp ? down + 1 : down;
          const nearest = Math.min(highest, Math.max(lowest, rounded));
          if (nearest === rounded) worst = Math.max(worst, Math.abs(rounded - exact));
          else clipped++;
          return nearest;
        });
        const view = new DataView(out.buffer);
        const written = expected.map((_, i) => (width === 2 ? view.getUint16(2 * i, true) : view.getUint8(i)));
        expect(written).toEqual(expected.map((value) => (value << shift) & (2 ** bits.bitsAllocated - 1)));
        expect(range).toEqual({ smallest: Math.min(...expected) + 0, largest: Math.max(...expected) + 0 });
        expect(counts).toEqual({ clippedVoxels: clipped, maxQuantisationError: worst * Math.abs(modalityLut.scale) });
        expect(voxels).toEqual(before);
      }),
      { numRuns: 500 },
    );
  });

  it("takes only the stored bits of a template's padding: overlay bits above them go", () => {
    const format = { ...SIGNED_16, bitsStored: 12, highBit: 11, signed: false };
    const templatePixels = Uint8Array.of(0x34, 0xf2);
    expect(stored([7], format, IDENTITY_MAP, { mask: Uint8Array.of(1), templatePixels }).values).toEqual([0x234]);
  });
});
