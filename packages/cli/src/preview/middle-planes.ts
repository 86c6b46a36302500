import { setImmediate as nextTurn } from "node:timers/promises";
import { slabOver, type ImageSeries, type Vec3 } from "@hilum/core";
import { toRgb } from "./photometric.ts";

/** Reading for longer than this without a turn of the event loop would make an interrupt wait. */
const TURN_INTERVAL_MS = 25;

/** A plane of voxels: real values row by row, samples side by side; NaN where a voxel is padding or no finite number. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  /** Distance of columns, then of rows, mm. */
  readonly spacing: readonly [number, number];
  readonly samples: number;
  readonly values: Float32Array;
}

/**
 * The three planes through the middle voxel of a phase: (i, j) as stored, and (i, k) and (j, k) as a radiologist holds them (see
 * {@link upright}). Reads the phase slice by slice and keeps no more than these planes.
 * @throws {HilumError} as the series' `read`, and the signal's reason.
 */
export async function middlePlanes(series: ImageSeries, phase: number, signal: AbortSignal): Promise<readonly Plane[]> {
  const [columns, rows, slices] = series.volume.geometry.size;
  const [si, sj, sk] = series.volume.geometry.spacing;
  const [ofRow, ofColumn, ofStack] = series.volume.geometry.direction;
  const down: Vec3 = [-ofStack[0], -ofStack[1], -ofStack[2]];
  const alongRows = emptyPlane(series, columns, slices, [si, sk]);
  const alongColumns = emptyPlane(series, rows, slices, [sj, sk]);
  const slice = emptyPlane(series, columns, rows, [si, sj]);
  const across = emptyPlane(series, columns, rows, [si, sj]);
  const read = sliceReader(series, phase);
  let turned = performance.now();
  for (let k = 0; k < slices; k++) {
    if (performance.now() - turned > TURN_INTERVAL_MS) {
      await nextTurn();
      turned = performance.now();
    }
    signal.throwIfAborted();
    await read(k, slice);
    const line = slices - 1 - k;
    for (let i = 0; i < columns; i++) copy(slice, (rows >> 1) * columns + i, alongRows, line * columns + i);
    for (let j = 0; j < rows; j++) copy(slice, j * columns + (columns >> 1), alongColumns, line * rows + j);
    if (k === slices >> 1) across.values.set(slice.values);
  }
  return [across, upright(alongRows, ofRow, down), upright(alongColumns, ofColumn, down)];
}

/**
 * A plane turned so that its feet are below or, where it has none, its back is; the patient's left, or else back, is at the right.
 * @param right where in the patient (LPS) the plane goes from left to right.
 * @param down where it goes from top to bottom.
 */
export function upright(plane: Plane, right: Vec3, down: Vec3): Plane {
  const [across, along] = [mainAxis(right), mainAxis(down)];
  if (across === along) return plane;
  const turned = across > along;
  const [rightwards, downwards] = turned ? [down[along], right[across]] : [right[across], down[along]];
  const mirrored = rightwards < 0;
  const upsideDown = Math.max(across, along) === 2 ? downwards > 0 : downwards < 0;
  const [width, height] = turned ? [plane.height, plane.width] : [plane.width, plane.height];
  const into: Plane = { ...plane, width, height, spacing: turned ? [plane.spacing[1], plane.spacing[0]] : plane.spacing, values: new Float32Array(plane.values.length) };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [u, v] = [mirrored ? width - 1 - x : x, upsideDown ? height - 1 - y : y];
      copy(plane, turned ? u * plane.width + v : v * plane.width + u, into, y * width + x);
    }
  return into;
}

/** The axis of the patient that a direction is nearest to. */
function mainAxis(direction: Vec3): 0 | 1 | 2 {
  const [x, y, z] = [Math.abs(direction[0]), Math.abs(direction[1]), Math.abs(direction[2])];
  if (z >= x && z >= y) return 2;
  return y >= x ? 1 : 0;
}

/** The (i, j) plane through the middle of a phase. @throws {HilumError} as the series' `read`. */
export async function middleSlice(series: ImageSeries, phase: number): Promise<Plane> {
  const { size, spacing } = series.volume.geometry;
  const plane = emptyPlane(series, size[0], size[1], [spacing[0], spacing[1]]);
  await sliceReader(series, phase)(size[2] >> 1, plane);
  return plane;
}

function emptyPlane(series: ImageSeries, width: number, height: number, spacing: readonly [number, number]): Plane {
  const samples = series.volume.voxel.samplesPerVoxel;
  return { width, height, spacing, samples, values: new Float32Array(width * height * samples) };
}

function sliceReader(series: ImageSeries, phase: number): (k: number, into: Plane) => Promise<void> {
  const [columns, rows] = series.volume.geometry.size;
  const mask = series.volume.masked ? new Uint8Array(columns * rows) : undefined;
  return async (k, { values, samples }) => {
    mask?.fill(0);
    await series.read(slabOver({ phase, start: k, count: 1, sliceLength: values.length }, values, mask));
    toRgb(series, values);
    for (let n = 0; n < values.length; n++) if (mask?.[Math.floor(n / samples)] === 1 || !Number.isFinite(values[n])) values[n] = Number.NaN;
  };
}

function copy(from: Plane, at: number, into: Plane, to: number): void {
  for (let s = 0; s < from.samples; s++) into.values[to * from.samples + s] = from.values[at * from.samples + s] as number;
}

/**
 * The window of planes: their values at 1 % and 99 % (the nearest below, and above), so that few bright voxels do not darken the rest.
 * @returns [black, white]; equal where all values are.
 */
export function windowOf(planes: readonly Plane[]): readonly [number, number] {
  const total = planes.reduce((sum, { values }) => sum + values.length, 0);
  const all = new Float32Array(total);
  let count = 0;
  for (const { values } of planes) for (const value of values) if (!Number.isNaN(value)) all[count++] = value;
  if (count === 0) return [0, 0];
  const sorted = all.subarray(0, count).sort();
  return [sorted[Math.floor((count - 1) * 0.01)] as number, sorted[Math.ceil((count - 1) * 0.99)] as number];
}
