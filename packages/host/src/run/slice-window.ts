import { slabOver, sliceLengthOf, type Slab, type SliceRange, type VolumeSpec } from "@hilum/core";
import type { VoxelMemory } from "../voxel-memory.ts";

/** Fills a slab that lies in a window's buffer. */
export type FillSlab = (into: Slab) => Promise<void>;

/**
 * A window of consecutive slices of one phase over one buffer. It moves forward only; what a neighbourhood still needs stays,
 * so that each slice is made once a pass.
 */
export class SliceWindow {
  readonly #fill: FillSlab;
  readonly #memory: VoxelMemory;
  readonly #voxels: Float32Array;
  readonly #mask: Uint8Array | undefined;
  readonly #sliceLength: number;
  readonly #maskLength: number;
  readonly #capacity: number;
  #phase = -1;
  #start = 0;
  #count = 0;

  constructor(spec: VolumeSpec, capacity: number, memory: VoxelMemory, fill: FillSlab) {
    this.#fill = fill;
    this.#memory = memory;
    this.#capacity = capacity;
    this.#sliceLength = sliceLengthOf(spec);
    this.#maskLength = spec.geometry.size[0] * spec.geometry.size[1];
    this.#voxels = memory.float32(capacity * this.#sliceLength);
    this.#mask = spec.masked ? memory.bytes(capacity * this.#maskLength) : undefined;
  }

  /** Bytes of each buffer that a window of this capacity takes from a job's memory. */
  static bufferBytes(spec: VolumeSpec, capacity: number): readonly number[] {
    const voxels = capacity * sliceLengthOf(spec) * 4;
    return spec.masked ? [voxels, capacity * spec.geometry.size[0] * spec.geometry.size[1]] : [voxels];
  }

  /** The slices of a range, which may not start before the range asked for last, until the next call. */
  async slab(phase: number, range: SliceRange): Promise<Slab> {
    if (range.count > this.#capacity) throw new RangeError(`a window of ${this.#capacity} slices cannot hold ${range.count}`);
    const held = this.#start + this.#count;
    if (phase !== this.#phase || range.start < this.#start || range.start >= held) {
      this.#phase = phase;
      this.#start = range.start;
      this.#count = 0;
    } else if (range.start > this.#start) {
      const dropped = range.start - this.#start;
      this.#voxels.copyWithin(0, dropped * this.#sliceLength, this.#count * this.#sliceLength);
      this.#mask?.copyWithin(0, dropped * this.#maskLength, this.#count * this.#maskLength);
      this.#start = range.start;
      this.#count -= dropped;
    }
    const missing = range.start + range.count - (this.#start + this.#count);
    if (missing > 0) {
      await this.#fill(this.#slab({ start: this.#start + this.#count, count: missing }));
      this.#count += missing;
    }
    return this.#slab(range);
  }

  /** The window's buffers as a slab to work in, until the next call. What the window held is gone. */
  room(phase: number, range: SliceRange): Slab {
    if (range.count > this.#capacity) throw new RangeError(`a window of ${this.#capacity} slices cannot hold ${range.count}`);
    this.#phase = phase;
    this.#start = range.start;
    this.#count = 0;
    return this.#slab(range);
  }

  #slab(range: SliceRange): Slab {
    const from = range.start - this.#start;
    const to = from + range.count;
    return slabOver(
      { phase: this.#phase, ...range, sliceLength: this.#sliceLength },
      this.#voxels.subarray(from * this.#sliceLength, to * this.#sliceLength),
      this.#mask?.subarray(from * this.#maskLength, to * this.#maskLength),
      this.#memory.memory,
    );
  }
}
