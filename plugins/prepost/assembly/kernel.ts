// AssemblyScript. Compiled by build-kernel.mjs. It works on voxels where they lie, in the host's memory, so it must hold no
// static data (a data segment would overwrite the host's buffers) and must never store outside the range it is given.

/** Results of the last `minMax` or `minMaxOfImage`: NaN where a voxel was NaN, ∞ and −∞ where there was no voxel. */
export let minimum: f32 = 0;
export let maximum: f32 = 0;

/** Smallest and largest of `count` float32 at address `voxels`. */
export function minMax(voxels: usize, count: u32): void {
  // Two chains each, so that one comparison need not wait for the last.
  let low0 = f32x4.splat(f32(Infinity));
  let low1 = low0;
  let high0 = f32x4.splat(-f32(Infinity));
  let high1 = high0;
  let nan = i32x4.splat(0);
  let i: u32 = 0;
  for (; i + 8 <= count; i += 8) {
    const at = voxels + (usize(i) << 2);
    const a = v128.load(at);
    const b = v128.load(at, 16);
    // pmin and pmax are one instruction and pass over NaN, which is therefore counted on its own.
    low0 = f32x4.pmin(low0, a);
    high0 = f32x4.pmax(high0, a);
    low1 = f32x4.pmin(low1, b);
    high1 = f32x4.pmax(high1, b);
    nan = v128.or(nan, v128.or(f32x4.ne(a, a), f32x4.ne(b, b)));
  }
  keep(f32x4.pmin(low0, low1), f32x4.pmax(high0, high1), nan);
  for (; i < count; i++) include(load<f32>(voxels + (usize(i) << 2)));
}

/** The same without the voxels whose byte at address `mask` is not 0. */
export function minMaxOfImage(voxels: usize, mask: usize, count: u32): void {
  const none = f32x4.splat(f32(Infinity));
  const noneHigh = f32x4.splat(-f32(Infinity));
  let low0 = none;
  let low1 = none;
  let high0 = noneHigh;
  let high1 = noneHigh;
  let nan = i32x4.splat(0);
  let i: u32 = 0;
  for (; i + 8 <= count; i += 8) {
    const at = voxels + (usize(i) << 2);
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const image = i16x8.eq(v128.load_ext<u8>(mask + i), i16x8.splat(0));
    const inA = i32x4.extend_low_i16x8_s(image);
    const inB = i32x4.extend_high_i16x8_s(image);
    low0 = f32x4.pmin(low0, v128.bitselect(a, none, inA));
    high0 = f32x4.pmax(high0, v128.bitselect(a, noneHigh, inA));
    low1 = f32x4.pmin(low1, v128.bitselect(b, none, inB));
    high1 = f32x4.pmax(high1, v128.bitselect(b, noneHigh, inB));
    nan = v128.or(nan, v128.or(v128.and(f32x4.ne(a, a), inA), v128.and(f32x4.ne(b, b), inB)));
  }
  keep(f32x4.pmin(low0, low1), f32x4.pmax(high0, high1), nan);
  for (; i < count; i++) if (load<u8>(mask + i) === 0) include(load<f32>(voxels + (usize(i) << 2)));
}

function keep(low: v128, high: v128, nan: v128): void {
  if (v128.any_true(nan)) {
    minimum = f32(NaN);
    maximum = f32(NaN);
    return;
  }
  minimum = min(
    min(f32x4.extract_lane(low, 0), f32x4.extract_lane(low, 1)),
    min(f32x4.extract_lane(low, 2), f32x4.extract_lane(low, 3)),
  );
  maximum = max(
    max(f32x4.extract_lane(high, 0), f32x4.extract_lane(high, 1)),
    max(f32x4.extract_lane(high, 2), f32x4.extract_lane(high, 3)),
  );
}

// Scalar min and max hold on to NaN.
function include(x: f32): void {
  minimum = min(minimum, x);
  maximum = max(maximum, x);
}

/** to[n] = (from[n] − origin) · scale + offset for `count` float32, in double and rounded once. `from` may be `to`. */
export function mapLinear(from: usize, to: usize, count: u32, origin: f64, scale: f64, offset: f64): void {
  const o = f64x2.splat(origin);
  const s = f64x2.splat(scale);
  const f = f64x2.splat(offset);
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) {
    const x = v128.load(from + (usize(i) << 2));
    const a = f32x4.demote_f64x2_zero(f64x2.add(f64x2.mul(f64x2.sub(f64x2.promote_low_f32x4(x), o), s), f));
    const b = f32x4.demote_f64x2_zero(
      f64x2.add(f64x2.mul(f64x2.sub(f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 1)), o), s), f),
    );
    v128.store(to + (usize(i) << 2), v128.shuffle<i64>(a, b, 0, 2));
  }
  for (; i < count; i++) {
    const at = usize(i) << 2;
    store<f32>(to + at, f32((f64(load<f32>(from + at)) - origin) * scale + offset));
  }
}
