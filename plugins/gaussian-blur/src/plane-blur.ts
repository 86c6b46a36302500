import { boundaryMap, type BoundaryMode } from "./boundary.ts";
import { sumRows } from "./weighted-sums.ts";

/** Blurs a plane along its rows and columns. */
export interface PlaneBlur {
  /** To be filled with the plane, row by row: rows · columns · samples values. */
  readonly plane: Float64Array;
  /** Row `j` of the blurred plane; lent until the next call. */
  row(j: number): Float64Array;
}

/** What {@link createPlaneBlur} takes. */
export interface PlaneBlurOptions {
  readonly columns: number;
  readonly rows: number;
  readonly samples: number;
  /** Half kernels along x and y. */
  readonly kernels: readonly [Float64Array, Float64Array];
  readonly mode: BoundaryMode;
  /** The value beyond the ends in mode "constant". */
  readonly constant: number;
}

/** Makes the buffers of a blur for planes of one size. */
export function createPlaneBlur({ columns, rows, samples, kernels, mode, constant }: PlaneBlurOptions): PlaneBlur {
  const [alongX, alongY] = kernels;
  const rowLength = columns * samples;
  const radius = alongX.length - 1;
  const margin = radius * samples;

  const all = new Float64Array((rows + 1) * rowLength);
  // The row past the last one is the constant: boundaryMap names it by the index `rows`.
  all.fill(constant, rows * rowLength);
  const rowTaps = boundaryMap(rows, alongY.length - 1, mode).map((row) => row * rowLength);

  const extended = new Float64Array(rowLength + 2 * margin);
  const columnTaps = Int32Array.from({ length: 2 * radius + 1 }, (_, t) => t * samples);
  const columnMap = boundaryMap(columns, radius, mode);
  const blurred = new Float64Array(rowLength);

  const extend = (place: number): void => {
    const column = columnMap[place] as number;
    for (let c = 0; c < samples; c++)
      extended[place * samples + c] = column === columns ? constant : (extended[margin + column * samples + c] as number);
  };

  return {
    plane: all.subarray(0, rows * rowLength),
    row(j) {
      sumRows(extended, margin, rowLength, all, rowTaps, j, alongY);
      for (let place = 0; place < radius; place++) {
        extend(place);
        extend(radius + columns + place);
      }
      sumRows(blurred, 0, rowLength, extended, columnTaps, 0, alongX);
      return blurred;
    },
  };
}
