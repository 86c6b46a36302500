/** How a line of voxels goes on beyond its ends; the names are SciPy's. */
export const BOUNDARY_MODES = ["reflect", "nearest", "mirror", "constant", "wrap"] as const;

/** One of {@link BOUNDARY_MODES}. */
export type BoundaryMode = (typeof BOUNDARY_MODES)[number];

/**
 * For each place from −radius to size + radius − 1 the index of the voxel that is taken there. `map[radius + i]` belongs to
 * place i. The index `size` stands for the constant outside.
 */
export function boundaryMap(size: number, radius: number, mode: BoundaryMode): Int32Array {
  return Int32Array.from({ length: size + 2 * radius }, (_, n) => sourceIndex(n - radius, size, mode));
}

function sourceIndex(place: number, size: number, mode: BoundaryMode): number {
  if (place >= 0 && place < size) return place;
  switch (mode) {
    case "constant":
      return size;
    case "nearest":
      return place < 0 ? 0 : size - 1;
    case "wrap":
      return modulo(place, size);
    case "reflect": {
      const n = modulo(place, 2 * size);
      return n < size ? n : 2 * size - 1 - n;
    }
    case "mirror": {
      if (size === 1) return 0;
      const n = modulo(place, 2 * size - 2);
      return n < size ? n : 2 * size - 2 - n;
    }
  }
}

function modulo(n: number, period: number): number {
  return ((n % period) + period) % period;
}
