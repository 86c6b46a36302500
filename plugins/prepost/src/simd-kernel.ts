import type { Slab } from "@hilum/core";
import { KERNEL_BASE64 } from "./kernel.generated.ts";

/** The functions of assembly/kernel.ts over one memory. Addresses are bytes from the start of the memory, counts are float32. */
export interface SimdKernel {
  minMax(voxels: number, count: number): void;
  minMaxOfImage(voxels: number, mask: number, count: number): void;
  readonly minimum: { readonly value: number };
  readonly maximum: { readonly value: number };
  mapLinear(from: number, to: number, count: number, origin: number, scale: number, offset: number): void;
}

let compiled: WebAssembly.Module | undefined;
const instances = new WeakMap<WebAssembly.Memory, SimdKernel>();

/** The kernel that works in place on a slab, or undefined where the slab lies outside shared WebAssembly memory. */
export function simdKernelFor(slab: Slab): SimdKernel | undefined {
  const { memory } = slab;
  // The kernel is compiled for shared memory; another does not link.
  if (memory === undefined || !(memory.buffer instanceof SharedArrayBuffer)) return undefined;
  let kernel = instances.get(memory);
  if (kernel === undefined) {
    compiled ??= new WebAssembly.Module(new Uint8Array(Buffer.from(KERNEL_BASE64, "base64")));
    kernel = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as SimdKernel;
    instances.set(memory, kernel);
  }
  return kernel;
}
