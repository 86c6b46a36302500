/**
 * One half of a sampled Gaussian: `weights[t]` stands for the samples at distance t on both sides, exp(−t² / 2σ²) divided by
 * the sum over −radius … radius.
 * @param sigma standard deviation, voxels; 0 gives the identity whatever the radius
 * @param radius voxels on each side
 */
export function gaussianWeights(sigma: number, radius: number): Float64Array {
  if (sigma === 0 || radius === 0) return Float64Array.of(1);
  const weights = new Float64Array(radius + 1);
  let sum = 0;
  // From the outside in, so that the small terms are added first.
  for (let t = radius; t >= 0; t--) {
    const w = Math.exp(-0.5 * (t / sigma) ** 2);
    weights[t] = w;
    sum += t === 0 ? w : 2 * w;
  }
  return weights.map((w) => w / sum);
}
