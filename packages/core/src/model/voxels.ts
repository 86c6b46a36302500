import type { VolumeGeometry } from "./geometry.ts";

/** How a source stores its voxels. Between codecs and processors voxels are always float32. */
export type ComponentType = "uint1" | "uint8" | "int8" | "uint16" | "int16" | "uint32" | "int32" | "float32" | "float64";

/** y = x · scale + offset. */
export interface LinearMap {
  readonly scale: number;
  readonly offset: number;
}

/** The map that changes nothing. */
export const IDENTITY_MAP: LinearMap = Object.freeze({ scale: 1, offset: 0 });

/** What one voxel is. */
export interface VoxelFormat {
  /** How the source stores a sample; informs writers and people, and says nothing of the slabs, which are float32. */
  readonly componentType: ComponentType;
  /** Samples in a voxel: 1 for grey, 3 for colour. Samples lie side by side. */
  readonly samplesPerVoxel: number;
  /** Units of the real values, e.g. "HU" or "BQML"; absent where the source does not say. */
  readonly units?: string;
  /** True where samples are indices into a palette: names of colours, and no amounts. Steps that do more than map them are refused. */
  readonly indexed?: boolean;
}

/** One volume before any voxel is read: where it lies and what its voxels are. */
export interface VolumeSpec {
  readonly geometry: VolumeGeometry;
  readonly voxel: VoxelFormat;
  /** True where some voxels may be padding, so that slabs carry a mask. */
  readonly masked: boolean;
}

/** `count` consecutive slices, the first of them `start` (0-based within the phase). */
export interface SliceRange {
  readonly start: number;
  readonly count: number;
}

/**
 * Consecutive slices of one phase. The buffers are the host's and are lent: they are valid until the call that received
 * them returns (or, for a writer, until it asks for the next slab), and are then filled again.
 */
export interface Slab extends SliceRange {
  /** Index of the phase in its series. */
  readonly phase: number;
  /** Samples in one slice: columns · rows · samples per voxel. */
  readonly sliceLength: number;
  /** All slices in order, each row by row, column fastest, samples side by side; `count · sliceLength` values. */
  readonly voxels: Float32Array;
  /** Where the volume is masked: one byte a voxel, 1 = padding, 0 = image; `count · columns · rows` values. */
  readonly mask?: Uint8Array;
  /**
   * The WebAssembly memory that `voxels` and `mask` lie in, so that a WebAssembly kernel can work on them in place
   * (its pointers are their `byteOffset`). Absent for slabs over ordinary buffers: a kernel then needs a plain path.
   */
  readonly memory?: WebAssembly.Memory;
  /** The samples of slice `k`, counted from the first slice of the PHASE. */
  slice(k: number): Float32Array;
  /** The mask of slice `k` of the phase, where there is one. */
  sliceMask(k: number): Uint8Array | undefined;
}

/** Smallest and largest value of some voxels. */
export type VoxelRange = readonly [smallest: number, largest: number];

/** Samples in one slice of a volume: columns · rows · samples per voxel. */
export function sliceLengthOf(spec: VolumeSpec): number {
  return spec.geometry.size[0] * spec.geometry.size[1] * spec.voxel.samplesPerVoxel;
}

/** A slab over given buffers. `voxels` holds `count` slices; `mask`, if given, one byte a voxel of them; `memory`, what both lie in. */
export function slabOver(
  place: SliceRange & { readonly phase: number; readonly sliceLength: number },
  voxels: Float32Array,
  mask?: Uint8Array,
  memory?: WebAssembly.Memory,
): Slab {
  const { phase, start, count, sliceLength } = place;
  const maskLength = mask === undefined ? 0 : mask.length / count;
  const offsetOf = (k: number): number => {
    if (!Number.isInteger(k) || k < start || k >= start + count)
      throw new RangeError(`slice ${k} is outside the slab ${start}..${start + count - 1}`);
    return k - start;
  };
  return {
    phase,
    start,
    count,
    sliceLength,
    voxels,
    ...(mask === undefined ? {} : { mask }),
    ...(memory === undefined ? {} : { memory }),
    slice: (k) => voxels.subarray(offsetOf(k) * sliceLength, (offsetOf(k) + 1) * sliceLength),
    sliceMask: (k) => mask?.subarray(offsetOf(k) * maskLength, (offsetOf(k) + 1) * maskLength),
  };
}
