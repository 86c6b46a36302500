import type { Slab } from "@hilum/core";
import { simdKernelFor } from "./simd-kernel.ts";

/** The map y = (x − origin) · scale + offset. */
export interface LinearStep {
  readonly origin: number;
  readonly scale: number;
  readonly offset: number;
}

/** Fills slice `k` of `output` with the mapped samples of slice `k` of `input`, computed in double and rounded once, and copies the mask. */
export function mapLinear(input: Slab, output: Slab, k: number, { origin, scale, offset }: LinearStep): void {
  const from = input.slice(k);
  const to = output.slice(k);
  const kernel = input.memory === output.memory ? simdKernelFor(output) : undefined;
  if (kernel === undefined) for (let n = 0; n < from.length; n++) to[n] = ((from[n] as number) - origin) * scale + offset;
  else kernel.mapLinear(from.byteOffset, to.byteOffset, from.length, origin, scale, offset);
  const mask = input.sliceMask(k);
  if (mask !== undefined) output.sliceMask(k)?.set(mask);
}
