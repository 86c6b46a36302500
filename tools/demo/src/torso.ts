const COLUMNS = 128;
const ROWS = 96;
const SLICES = 24;

/** Whether a point lies in an ellipsoid; all in shares of the volume, from −1 to 1. */
function inside(x: number, y: number, z: number, centre: readonly [number, number, number], radii: readonly [number, number, number]): boolean {
  return ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2 + ((z - centre[2]) / radii[2]) ** 2 < 1;
}

/** Something like a torso with lungs, a spine and a lesion that takes up contrast from phase to phase: a stored value from 0 to 4095. */
export function breathingTorso(phase: number, k: number, j: number, i: number): number {
  const [x, y, z] = [(2 * i + 1) / COLUMNS - 1, (2 * j + 1) / ROWS - 1, (2 * k + 1) / SLICES - 1];
  // A fixed hash of the place stands for the scanner's noise, so that every run makes the same bytes.
  const noise = ((Math.imul(i * 73_856_093 ^ j * 19_349_663 ^ k * 83_492_791 ^ phase * 2_654_435_761, 2_246_822_519) >>> 16) & 255) - 128;
  let value = 60;
  if (inside(x, y, z, [0, 0, 0], [0.86, 0.8, 1.4])) value = 900 + 150 * Math.cos(4 * x + 2 * z);
  if (inside(x, y, z, [-0.38, -0.1, -0.1], [0.27, 0.48, 0.9]) || inside(x, y, z, [0.38, -0.1, -0.1], [0.27, 0.48, 0.9])) value = 180;
  if (inside(x, y, z, [0, 0.52, 0], [0.12, 0.16, 2])) value = 1500;
  if (inside(x, y, z, [0.06, -0.2, 0], [0.14, 0.26, 0.6])) value = 1300 + 350 * phase;
  if (inside(x, y, z, [-0.6, 0.42, 0.1], [0.07, 0.1, 0.35])) value = 1000 + 900 * phase;
  return Math.max(0, Math.round(value + noise));
}
