import { setImmediate as nextTurn } from "node:timers/promises";
import { HilumError, slabOver, type ImageSeries } from "@hilum/core";

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
 * The three planes through the middle voxel of a phase: (i, j) as stored, and (i, k) and (j, k) with the last slice on top. Reads
 * the phase slice by slice and keeps no more than these planes.
 * @throws {HilumError} as the series' `read`, and the signal's reason.
 */
export async function middlePlanes(series: ImageSeries, phase: number, signal: AbortSignal): Promise<readonly Plane[]> {
  const [columns, rows, slices] = series.volume.geometry.size;
  const [si, sj, sk] = series.volume.geometry.spacing;
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
  return [across, alongRows, alongColumns];
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

/** Refuses what no picture shows. @throws {HilumError} UNSUPPORTED_VOXEL_FORMAT. */
export function checkPicturable(series: ImageSeries): void {
  const { samplesPerVoxel } = series.volume.voxel;
  if (samplesPerVoxel !== 1 && samplesPerVoxel !== 3)
    throw new HilumError("UNSUPPORTED_VOXEL_FORMAT", `A voxel of ${samplesPerVoxel} samples cannot be shown in a picture.`, { remedy: "Leave --preview out." });
}
