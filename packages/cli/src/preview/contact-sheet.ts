import { setImmediate as nextTurn } from "node:timers/promises";
import { isHilumError, type ImageSeries } from "@hilum/core";
import { middlePlanes, middleSlice, windowOf, type Plane } from "./middle-planes.ts";
import { checkPicturable, whiteIsLow } from "./photometric.ts";

/** The longest side of a volume is so many pixels long. */
const SIDE = 256;
const GAP = 4;
const BACKGROUND = 40;
const CROSS = 90;
/** Pictures of one sheet; of more phases or series, as many, evenly chosen. */
const MOST_PICTURES = 64;

/** A phase of a series that a sheet shows; of what no picture shows, its place alone. */
interface Shown {
  readonly series: ImageSeries | undefined;
  readonly phase: number;
}

/**
 * A picture of the middle of series: 8 bit grey, or RGB where one has colours. Of one series, a row of three planes for each phase;
 * of several, the middle slice of the first phase of each, in a grid row by row in their order, where a cross stands for each that
 * no picture shows. Planes have their physical aspect ratio, nearest voxel, and each phase its own
 * window, but colours of 8 bits have none; padding is black.
 * @param series undefined where one is refused.
 * @returns the bytes of a PNG, without any text.
 * @throws {HilumError} UNSUPPORTED_VOXEL_FORMAT for one series that no picture shows.
 */
export async function contactSheet(series: readonly (ImageSeries | undefined)[], signal: AbortSignal): Promise<Uint8Array> {
  const [only, ...others] = series;
  const alone = only !== undefined && others.length === 0;
  if (alone) checkPicturable(only);
  const shown = evenlyChosen(alone ? only.phases.map((_, phase): Shown => ({ series: only, phase })) : series.map((one): Shown => ({ series: picturable(one), phase: 0 })));
  const channels = shown.some((one) => one.series?.volume.voxel.samplesPerVoxel === 3) ? 3 : 1;
  const pictures: Picture[] = [];
  for (const { series: one, phase } of shown) {
    // Every picture lets the event loop turn, so that an interrupt is heard.
    await nextTurn();
    signal.throwIfAborted();
    if (one === undefined) pictures.push(cross(channels));
    else pictures.push(pictureOf(one, alone ? await middlePlanes(one, phase, signal) : [await middleSlice(one, phase)], channels));
  }
  const { width, height, data } = grid(pictures, alone ? 1 : Math.ceil(Math.sqrt(pictures.length)), channels);
  const { encode } = await import("fast-png");
  return encode({ width, height, data, channels, depth: 8 });
}

/** The series, where a picture shows it. */
function picturable(series: ImageSeries | undefined): ImageSeries | undefined {
  if (series === undefined) return undefined;
  try {
    checkPicturable(series);
    return series;
  } catch (error) {
    if (!isHilumError(error)) throw error;
    return undefined;
  }
}

/** What stands where no picture is. */
function cross(channels: 1 | 3): Picture {
  const data = new Uint8Array(SIDE * SIDE * channels).fill(BACKGROUND);
  for (let n = 0; n < SIDE; n++) for (const x of [n, SIDE - 1 - n]) data.fill(CROSS, (n * SIDE + x) * channels, (n * SIDE + x + 1) * channels);
  return { width: SIDE, height: SIDE, data };
}

function evenlyChosen(all: readonly Shown[]): readonly Shown[] {
  if (all.length <= MOST_PICTURES) return all;
  return Array.from({ length: MOST_PICTURES }, (_, n) => all[Math.round((n * (all.length - 1)) / (MOST_PICTURES - 1))] as Shown);
}

/** Lays pictures out row by row. */
function grid(pictures: readonly Picture[], columns: number, channels: 1 | 3): Picture {
  const cellWidth = Math.max(...pictures.map((one) => one.width));
  const rows = Array.from({ length: Math.ceil(pictures.length / columns) }, (_, n) => pictures.slice(n * columns, (n + 1) * columns));
  const heights = rows.map((row) => Math.max(...row.map((one) => one.height)));
  const width = Math.min(columns, pictures.length) * (cellWidth + GAP) + GAP;
  const height = heights.reduce((sum, one) => sum + one + GAP, GAP);
  const data = new Uint8Array(width * height * channels).fill(BACKGROUND);
  let top = GAP;
  for (const [index, row] of rows.entries()) {
    for (const [column, picture] of row.entries()) {
      const stride = picture.width * channels;
      const left = GAP + column * (cellWidth + GAP);
      for (let y = 0; y < picture.height; y++) data.set(picture.data.subarray(y * stride, (y + 1) * stride), ((top + y) * width + left) * channels);
    }
    top += (heights[index] as number) + GAP;
  }
  return { width, height, data };
}

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

function pictureOf(series: ImageSeries, planes: readonly Plane[], channels: 1 | 3): Picture {
  const { componentType, samplesPerVoxel } = series.volume.voxel;
  // Colours of 8 bits are seen as they are.
  const [low, high] = samplesPerVoxel === 3 && componentType === "uint8" ? [0, 255] : windowOf(planes);
  const [black, white] = whiteIsLow(series) ? [high, low] : [low, high];
  const longest = Math.max(...planes.map(({ width, height, spacing }) => Math.max(width * spacing[0], height * spacing[1])));
  const sizes = planes.map(({ width, height, spacing }) => [pixels(width * spacing[0], longest), pixels(height * spacing[1], longest)] as const);
  const width = sizes.reduce((sum, [across]) => sum + across + GAP, -GAP);
  const height = Math.max(...sizes.map(([, down]) => down));
  const data = new Uint8Array(width * height * channels).fill(BACKGROUND);
  let left = 0;
  for (const [index, plane] of planes.entries()) {
    const [across, down] = sizes[index] as readonly [number, number];
    for (let y = 0; y < down; y++)
      for (let x = 0; x < across; x++) {
        const voxel = nearest(y, down, plane.height) * plane.width + nearest(x, across, plane.width);
        for (let c = 0; c < channels; c++) {
          const value = plane.values[voxel * plane.samples + (plane.samples === 3 ? c : 0)] as number;
          data[(y * width + left + x) * channels + c] = grey(value, black, white);
        }
      }
    left += across + GAP;
  }
  return { width, height, data };
}

function pixels(mm: number, longestMm: number): number {
  return Math.max(1, Math.round((mm * SIDE) / longestMm));
}

function nearest(pixel: number, of: number, voxels: number): number {
  return Math.floor(((pixel + 0.5) * voxels) / of);
}

function grey(value: number, black: number, white: number): number {
  if (Number.isNaN(value)) return 0;
  if (white === black) return value > black ? 255 : 0;
  return Math.round(Math.max(0, Math.min(1, (value - black) / (white - black))) * 255);
}
