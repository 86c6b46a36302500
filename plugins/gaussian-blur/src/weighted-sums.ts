// The two hot loops. Mirrored taps are added before they are multiplied, and two pairs are taken at a time, which halves the
// traffic to the sum. The order of the additions is the same for every voxel, whatever slab it comes in.

/**
 * sum[n] = Σ over the taps of weight · tap[n], for `length` values from `at` on.
 * @param taps 2 r + 1 slices, the middle one at index r
 * @param weights half kernel, r + 1 values
 */
export function sumSlices(sum: Float64Array, at: number, length: number, taps: readonly Float32Array[], weights: Float64Array): void {
  const radius = weights.length - 1;
  const end = at + length;
  const middle = taps[radius] as Float32Array;
  const w = weights[0] as number;
  for (let n = at; n < end; n++) sum[n] = w * (middle[n] as number);
  let t = 1;
  for (; t < radius; t += 2) {
    const a = taps[radius - t] as Float32Array;
    const b = taps[radius + t] as Float32Array;
    const c = taps[radius - t - 1] as Float32Array;
    const d = taps[radius + t + 1] as Float32Array;
    const u = weights[t] as number;
    const v = weights[t + 1] as number;
    for (let n = at; n < end; n++)
      sum[n] = (sum[n] as number) + u * ((a[n] as number) + (b[n] as number)) + v * ((c[n] as number) + (d[n] as number));
  }
  if (t === radius) {
    const a = taps[0] as Float32Array;
    const b = taps[2 * radius] as Float32Array;
    const u = weights[t] as number;
    for (let n = at; n < end; n++) sum[n] = (sum[n] as number) + u * ((a[n] as number) + (b[n] as number));
  }
}

/**
 * sum[at + n] = Σ over the taps of weight · source[tap + n], for n < length.
 * @param taps offsets in `source`; those of this sum are the 2 r + 1 from `first` on
 * @param weights half kernel, r + 1 values
 */
export function sumRows(
  sum: Float64Array,
  at: number,
  length: number,
  source: Float64Array,
  taps: Int32Array,
  first: number,
  weights: Float64Array,
): void {
  const radius = weights.length - 1;
  const middle = first + radius;
  const m = taps[middle] as number;
  const w = weights[0] as number;
  for (let n = 0; n < length; n++) sum[at + n] = w * (source[m + n] as number);
  let t = 1;
  for (; t < radius; t += 2) {
    const a = taps[middle - t] as number;
    const b = taps[middle + t] as number;
    const c = taps[middle - t - 1] as number;
    const d = taps[middle + t + 1] as number;
    const u = weights[t] as number;
    const v = weights[t + 1] as number;
    for (let n = 0; n < length; n++)
      sum[at + n] =
        (sum[at + n] as number) +
        u * ((source[a + n] as number) + (source[b + n] as number)) +
        v * ((source[c + n] as number) + (source[d + n] as number));
  }
  if (t === radius) {
    const a = taps[first] as number;
    const b = taps[middle + radius] as number;
    const u = weights[t] as number;
    for (let n = 0; n < length; n++)
      sum[at + n] = (sum[at + n] as number) + u * ((source[a + n] as number) + (source[b + n] as number));
  }
}
