import { HilumError } from "@hilum/core";

const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
/** Room for what kernels keep for themselves at the low end of the memory. */
const RESERVED_BYTES = 4096;
const ALIGNMENT = 64;

/** One block of shared memory for all buffers of a job: allocated once, never grown, handed out from the bottom. */
export interface VoxelMemory {
  readonly memory: WebAssembly.Memory;
  /** @returns `length` float32 values, aligned to a cache line. */
  float32(length: number): Float32Array;
  /** @returns `length` bytes, aligned to a cache line. */
  bytes(length: number): Uint8Array;
}

/** How many bytes {@link createVoxelMemory} needs for buffers of these sizes. */
export function voxelMemoryBytes(bufferBytes: readonly number[]): number {
  return bufferBytes.reduce((sum, bytes) => sum + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT, RESERVED_BYTES);
}

/**
 * Makes the memory of a job. It is a shared WebAssembly memory, so that kernels work on slabs in place and threads see them.
 * @throws {HilumError} MEMORY_BUDGET_EXCEEDED above 4 GiB, or when the machine has no more.
 */
export function createVoxelMemory(bytes: number): VoxelMemory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  if (pages > MAX_PAGES)
    throw new HilumError("MEMORY_BUDGET_EXCEEDED", `The job needs ${bytes} bytes of buffers, more than the 4 GiB that one job can have.`);
  let memory: WebAssembly.Memory;
  try {
    memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw new HilumError("MEMORY_BUDGET_EXCEEDED", `The machine has no room for ${bytes} bytes of buffers.`, { cause });
  }
  let next = RESERVED_BYTES;
  const take = (length: number): number => {
    const start = next;
    next += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
    return start;
  };
  return {
    memory,
    float32: (length) => new Float32Array(memory.buffer, take(length * 4), length),
    bytes: (length) => new Uint8Array(memory.buffer, take(length), length),
  };
}
