// AssemblyScript. Compiled by build-kernel.mjs. It works in memory that others own, so it must hold no static data (a data
// segment would overwrite their buffers) and must never store outside of the range it is given.

/**
 * Turns `count` stored samples at the end of `count` float32 at address `voxels` into real values, in place and forwards: the
 * writes never overtake the reads, since no stored sample is wider than a voxel.
 *
 * @param up, down the shifts, in 16 bits, that cut the bits beside Bits Stored away (and extend the sign).
 * @param exact whether float32 arithmetic gives every real value exactly; else it is in double and rounded once.
 * @param mask address of one byte a voxel that becomes 1 where the stored value lies in first … last; 0 for none.
 */
function decode<T>(voxels: usize, count: u32, up: i32, down: i32, scale: f64, offset: f64, exact: bool, mask: usize, first: i32, last: i32): void {
  const stored = voxels + usize(count) * (4 - sizeof<T>());
  const low = i16x8.splat(i16(first));
  const high = i16x8.splat(i16(last));
  const ones = i16x8.splat(1);
  const scales = f64x2.splat(scale);
  const offsets = f64x2.splat(offset);
  const shortScales = f32x4.splat(f32(scale));
  const shortOffsets = f32x4.splat(f32(offset));
  let i: u32 = 0;
  for (; i + 8 <= count; i += 8) {
    const values = shifted<T>(load8<T>(stored + usize(i) * sizeof<T>()), up, down);
    if (mask !== 0) {
      const padding = isSigned<T>()
        ? v128.and(i16x8.ge_s(values, low), i16x8.le_s(values, high))
        : v128.and(i16x8.ge_u(values, low), i16x8.le_u(values, high));
      v128.store64_lane(mask + i, i8x16.narrow_i16x8_u(v128.and(padding, ones), ones), 0);
    }
    const a = isSigned<T>() ? i32x4.extend_low_i16x8_s(values) : i32x4.extend_low_i16x8_u(values);
    const b = isSigned<T>() ? i32x4.extend_high_i16x8_s(values) : i32x4.extend_high_i16x8_u(values);
    const to = voxels + (usize(i) << 2);
    if (exact) {
      v128.store(to, f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(a), shortScales), shortOffsets));
      v128.store(to, f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(b), shortScales), shortOffsets), 16);
    } else {
      v128.store(to, real(a, scales, offsets));
      v128.store(to, real(b, scales, offsets), 16);
    }
  }
  for (; i < count; i++) {
    const x = i32(load<T>(stored + usize(i) * sizeof<T>())) << (up + 16);
    const value = isSigned<T>() ? x >> (down + 16) : i32(u32(x) >> (down + 16));
    if (mask !== 0) store<u8>(mask + i, u8(value >= first && value <= last));
    store<f32>(voxels + (usize(i) << 2), f32(f64(value) * scale + offset));
  }
}

/** Eight samples in 16 bits each. */
function load8<T>(at: usize): v128 {
  return sizeof<T>() === 1 ? v128.load_ext<T>(at) : v128.load(at);
}

function real(x: v128, scales: v128, offsets: v128): v128 {
  const a = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(x), scales), offsets);
  const b = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(v128.shuffle<i64>(x, x, 1, 1)), scales), offsets);
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 2);
}

export function decodeInt8(voxels: usize, count: u32, up: i32, down: i32, scale: f64, offset: f64, exact: bool, mask: usize, first: i32, last: i32): void {
  decode<i8>(voxels, count, up, down, scale, offset, exact, mask, first, last);
}

export function decodeUint8(voxels: usize, count: u32, up: i32, down: i32, scale: f64, offset: f64, exact: bool, mask: usize, first: i32, last: i32): void {
  decode<u8>(voxels, count, up, down, scale, offset, exact, mask, first, last);
}

export function decodeInt16(voxels: usize, count: u32, up: i32, down: i32, scale: f64, offset: f64, exact: bool, mask: usize, first: i32, last: i32): void {
  decode<i16>(voxels, count, up, down, scale, offset, exact, mask, first, last);
}

export function decodeUint16(voxels: usize, count: u32, up: i32, down: i32, scale: f64, offset: f64, exact: bool, mask: usize, first: i32, last: i32): void {
  decode<u16>(voxels, count, up, down, scale, offset, exact, mask, first, last);
}

/**
 * Finds the smallest and the largest of `count` stored samples at address `stored`, without those in first … last where
 * there is padding; smallest > largest where none is left. Shifts as of `decode`.
 */
function range<T>(stored: usize, count: u32, up: i32, down: i32, padded: bool, first: i32, last: i32): void {
  const none = i16x8.splat(isSigned<T>() ? i16.MAX_VALUE : -1);
  const noneHigh = i16x8.splat(isSigned<T>() ? i16.MIN_VALUE : 0);
  const low = i16x8.splat(i16(first));
  const width = i16x8.splat(i16(last - first));
  let least = none;
  let most = noneHigh;
  let i: u32 = 0;
  for (; i + 16 <= count; i += 16) {
    const at = stored + usize(i) * sizeof<T>();
    const a = shifted<T>(load8<T>(at), up, down);
    const b = shifted<T>(load8<T>(at + 8 * sizeof<T>()), up, down);
    if (padded) {
      // What lies below the first wraps round, and is above the last.
      const inA = i16x8.le_u(i16x8.sub(a, low), width);
      const inB = i16x8.le_u(i16x8.sub(b, low), width);
      if (v128.any_true(v128.or(inA, inB))) {
        least = smaller<T>(least, smaller<T>(v128.bitselect(none, a, inA), v128.bitselect(none, b, inB)));
        most = larger<T>(most, larger<T>(v128.bitselect(noneHigh, a, inA), v128.bitselect(noneHigh, b, inB)));
        continue;
      }
    }
    least = smaller<T>(least, smaller<T>(a, b));
    most = larger<T>(most, larger<T>(a, b));
  }
  for (let step = 0; step < 3; step++) {
    least = smaller<T>(least, rotated(least, step));
    most = larger<T>(most, rotated(most, step));
  }
  smallest = isSigned<T>() ? i32(i16x8.extract_lane_s(least, 0)) : i32(i16x8.extract_lane_u(least, 0));
  largest = isSigned<T>() ? i32(i16x8.extract_lane_s(most, 0)) : i32(i16x8.extract_lane_u(most, 0));
  for (; i < count; i++) {
    const x = i32(load<T>(stored + usize(i) * sizeof<T>())) << (up + 16);
    const value = isSigned<T>() ? x >> (down + 16) : i32(u32(x) >> (down + 16));
    if (padded && value >= first && value <= last) continue;
    smallest = min(smallest, value);
    largest = max(largest, value);
  }
}

/** Without the bits beside Bits Stored. */
function shifted<T>(x: v128, up: i32, down: i32): v128 {
  const cut = i16x8.shl(x, up);
  return isSigned<T>() ? i16x8.shr_s(cut, down) : i16x8.shr_u(cut, down);
}

function smaller<T>(a: v128, b: v128): v128 {
  return isSigned<T>() ? i16x8.min_s(a, b) : i16x8.min_u(a, b);
}

function larger<T>(a: v128, b: v128): v128 {
  return isSigned<T>() ? i16x8.max_s(a, b) : i16x8.max_u(a, b);
}

/** Eight lanes moved by four, two or one, for `step` of 0, 1 and 2. */
function rotated(x: v128, step: i32): v128 {
  if (step === 0) return v128.shuffle<i16>(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
  if (step === 1) return v128.shuffle<i16>(x, x, 2, 3, 0, 1, 6, 7, 4, 5);
  return v128.shuffle<i16>(x, x, 1, 0, 3, 2, 5, 4, 7, 6);
}

export function rangeInt8(stored: usize, count: u32, up: i32, down: i32, padded: bool, first: i32, last: i32): void {
  range<i8>(stored, count, up, down, padded, first, last);
}

export function rangeUint8(stored: usize, count: u32, up: i32, down: i32, padded: bool, first: i32, last: i32): void {
  range<u8>(stored, count, up, down, padded, first, last);
}

export function rangeInt16(stored: usize, count: u32, up: i32, down: i32, padded: bool, first: i32, last: i32): void {
  range<i16>(stored, count, up, down, padded, first, last);
}

export function rangeUint16(stored: usize, count: u32, up: i32, down: i32, padded: bool, first: i32, last: i32): void {
  range<u16>(stored, count, up, down, padded, first, last);
}

/**
 * Results of the last `quantise…`: counts of voxels, the range of what was stored, the largest rounding in stored units.
 * The range is that of the last `range…` as well.
 */
export let clipped: u32 = 0;
export let nonFinite: u32 = 0;
export let smallest: i32 = 0;
export let largest: i32 = 0;
export let worst: f64 = 0;

/**
 * Turns `count` float32 at address `voxels` into stored values at the same address, side by side:
 * (voxel · scale + offset − intercept) / slope, rounded half to even, saturated at low … high, shifted up by `shift`.
 *
 * @param mask address of one byte a voxel, 1 where the value of `kept` is stored instead; 0 for none.
 * @param kept address of stored values, as wide as those that are made and not yet shifted.
 */
function quantise<T>(voxels: usize, count: u32, scale: f64, offset: f64, intercept: f64, slope: f64, low: i32, high: i32, shift: i32, mask: usize, kept: usize): void {
  clipped = 0;
  nonFinite = 0;
  smallest = high;
  largest = low;
  worst = 0;
  const scales = f64x2.splat(scale);
  const offsets = f64x2.splat(offset);
  const intercepts = f64x2.splat(intercept);
  const slopes = f64x2.splat(slope);
  const lows = f64x2.splat(f64(low));
  const highs = f64x2.splat(f64(high));
  let least = i32x4.splat(high);
  let most = i32x4.splat(low);
  let error = f64x2.splat(0);
  // A division takes longer than all the rest together.
  const divides = slope !== 1;
  let i: u32 = 0;
  for (; i + 8 <= count; i += 8) {
    const from = voxels + (usize(i) << 2);
    const x = v128.load(from);
    const y = v128.load(from, 16);
    let a = asked(x, scales, offsets, intercepts);
    let b = asked(v128.shuffle<i64>(x, x, 1, 1), scales, offsets, intercepts);
    let c = asked(y, scales, offsets, intercepts);
    let d = asked(v128.shuffle<i64>(y, y, 1, 1), scales, offsets, intercepts);
    if (divides) {
      a = f64x2.div(a, slopes);
      b = f64x2.div(b, slopes);
      c = f64x2.div(c, slopes);
      d = f64x2.div(d, slopes);
    }
    const a1 = f64x2.nearest(a);
    const b1 = f64x2.nearest(b);
    const c1 = f64x2.nearest(c);
    const d1 = f64x2.nearest(d);
    const fits = v128.and(
      v128.and(v128.and(f64x2.ge(a1, lows), f64x2.le(a1, highs)), v128.and(f64x2.ge(b1, lows), f64x2.le(b1, highs))),
      v128.and(v128.and(f64x2.ge(c1, lows), f64x2.le(c1, highs)), v128.and(f64x2.ge(d1, lows), f64x2.le(d1, highs))),
    );
    if (!i64x2.all_true(fits) || (mask !== 0 && load<u64>(mask + i) !== 0)) {
      for (let n = i; n < i + 8; n++) quantiseOne<T>(voxels, n, scale, offset, intercept, slope, low, high, shift, mask, kept);
      continue;
    }
    error = f64x2.pmax(
      error,
      f64x2.pmax(
        f64x2.pmax(f64x2.abs(f64x2.sub(a1, a)), f64x2.abs(f64x2.sub(b1, b))),
        f64x2.pmax(f64x2.abs(f64x2.sub(c1, c)), f64x2.abs(f64x2.sub(d1, d))),
      ),
    );
    const p = v128.shuffle<i64>(i32x4.trunc_sat_f64x2_s_zero(a1), i32x4.trunc_sat_f64x2_s_zero(b1), 0, 2);
    const q = v128.shuffle<i64>(i32x4.trunc_sat_f64x2_s_zero(c1), i32x4.trunc_sat_f64x2_s_zero(d1), 0, 2);
    least = i32x4.min_s(least, i32x4.min_s(p, q));
    most = i32x4.max_s(most, i32x4.max_s(p, q));
    const words = i16x8.shl(v128.shuffle<i16>(p, q, 0, 2, 4, 6, 8, 10, 12, 14), shift);
    const to = voxels + usize(i) * sizeof<T>();
    if (sizeof<T>() === 2) v128.store(to, words);
    else v128.store64_lane(to, v128.shuffle<i8>(words, words, 0, 2, 4, 6, 8, 10, 12, 14, 0, 0, 0, 0, 0, 0, 0, 0), 0);
  }
  for (; i < count; i++) quantiseOne<T>(voxels, i, scale, offset, intercept, slope, low, high, shift, mask, kept);
  worst = max(worst, max(f64x2.extract_lane(error, 0), f64x2.extract_lane(error, 1)));
  smallest = min(
    smallest,
    min(min(i32x4.extract_lane(least, 0), i32x4.extract_lane(least, 1)), min(i32x4.extract_lane(least, 2), i32x4.extract_lane(least, 3))),
  );
  largest = max(
    largest,
    max(max(i32x4.extract_lane(most, 0), i32x4.extract_lane(most, 1)), max(i32x4.extract_lane(most, 2), i32x4.extract_lane(most, 3))),
  );
}

/** The first two of four float32 in stored units, but for the slope. */
function asked(x: v128, scales: v128, offsets: v128, intercepts: v128): v128 {
  return f64x2.sub(f64x2.add(f64x2.mul(f64x2.promote_low_f32x4(x), scales), offsets), intercepts);
}

function quantiseOne<T>(voxels: usize, n: u32, scale: f64, offset: f64, intercept: f64, slope: f64, low: i32, high: i32, shift: i32, mask: usize, kept: usize): void {
  let value: i32;
  if (mask !== 0 && load<u8>(mask + n) !== 0) {
    // What lies beside the stored bits goes; low < 0 tells a signed image.
    const bits = 32 - clz(u32(high) - u32(low));
    const aligned = (i32(load<T>(kept + usize(n) * sizeof<T>())) >>> shift) << (32 - bits);
    value = low < 0 ? aligned >> (32 - bits) : i32(u32(aligned) >> (32 - bits));
  } else {
    const exact = (f64(load<f32>(voxels + (usize(n) << 2))) * scale + offset - intercept) / slope;
    const rounded = nearest(exact);
    if (rounded >= f64(low) && rounded <= f64(high)) {
      value = i32(rounded);
      worst = max(worst, abs(rounded - exact));
    } else if (abs(exact) < Infinity) {
      value = exact < f64(low) ? low : high;
      clipped++;
    } else {
      nonFinite++;
      return;
    }
  }
  smallest = min(smallest, value);
  largest = max(largest, value);
  store<T>(voxels + usize(n) * sizeof<T>(), <T>(value << shift));
}

export function quantiseTo8(voxels: usize, count: u32, scale: f64, offset: f64, intercept: f64, slope: f64, low: i32, high: i32, shift: i32, mask: usize, kept: usize): void {
  quantise<u8>(voxels, count, scale, offset, intercept, slope, low, high, shift, mask, kept);
}

export function quantiseTo16(voxels: usize, count: u32, scale: f64, offset: f64, intercept: f64, slope: f64, low: i32, high: i32, shift: i32, mask: usize, kept: usize): void {
  quantise<u16>(voxels, count, scale, offset, intercept, slope, low, high, shift, mask, kept);
}
