import { KERNEL_BASE64 } from "./kernel.generated.ts";

/** Decodes `count` stored samples in place; see assembly/kernel.ts. */
export type DecodeKernel = (
  voxels: number,
  count: number,
  up: number,
  down: number,
  scale: number,
  offset: number,
  exact: boolean,
  mask: number,
  first: number,
  last: number,
) => void;

/** Finds the range of `count` stored samples; see assembly/kernel.ts. */
export type RangeKernel = (stored: number, count: number, up: number, down: number, padded: boolean, first: number, last: number) => void;

/** Makes stored values of `count` voxels in place; see assembly/kernel.ts. */
export type QuantiseKernel = (
  voxels: number,
  count: number,
  scale: number,
  offset: number,
  intercept: number,
  slope: number,
  low: number,
  high: number,
  shift: number,
  mask: number,
  kept: number,
) => void;

interface Result {
  readonly value: number;
}

/** The functions of assembly/kernel.ts over one memory. Addresses are bytes from the start of the memory; 0 is no address. */
export interface SimdKernel {
  readonly decodeInt8: DecodeKernel;
  readonly decodeUint8: DecodeKernel;
  readonly decodeInt16: DecodeKernel;
  readonly decodeUint16: DecodeKernel;
  readonly rangeInt8: RangeKernel;
  readonly rangeUint8: RangeKernel;
  readonly rangeInt16: RangeKernel;
  readonly rangeUint16: RangeKernel;
  readonly quantiseTo8: QuantiseKernel;
  readonly quantiseTo16: QuantiseKernel;
  readonly clipped: Result;
  readonly nonFinite: Result;
  readonly smallest: Result;
  readonly largest: Result;
  readonly worst: Result;
}

let compiled: WebAssembly.Module | undefined;
const instances = new WeakMap<WebAssembly.Memory, SimdKernel>();

/** The kernel that works in place in a memory, or undefined where that is not shared: the kernel does not link to another. */
export function simdKernelIn(memory: WebAssembly.Memory): SimdKernel | undefined {
  let kernel = instances.get(memory);
  if (kernel !== undefined) return kernel;
  if (!(memory.buffer instanceof SharedArrayBuffer)) return undefined;
  compiled ??= new WebAssembly.Module(new Uint8Array(Buffer.from(KERNEL_BASE64, "base64")));
  kernel = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as SimdKernel;
  instances.set(memory, kernel);
  return kernel;
}
