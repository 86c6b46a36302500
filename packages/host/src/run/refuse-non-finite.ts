import { HilumError, type Slab } from "@hilum/core";
import type { ResolvedStep } from "../plan/resolve-steps.ts";

/** Whether a job could make NaN or infinity of finite values: a step that can be undone cannot. */
export function mayMakeNonFinite(steps: readonly ResolvedStep[]): boolean {
  return steps.some((step) => step.undoes === undefined && step.processor.undo === undefined);
}

/** @throws {HilumError} NON_FINITE_VOXELS, naming the slice, when a slab holds NaN or infinity. */
export function refuseNonFinite(slab: Slab): void {
  for (let k = slab.start; k < slab.start + slab.count; k++)
    if (!allFinite(slab.slice(k)))
      throw new HilumError("NON_FINITE_VOXELS", `The result holds NaN or infinity in slice ${k} of phase ${slab.phase}.`, {
        details: { phase: slab.phase, slice: k },
      });
}

function allFinite(voxels: Float32Array): boolean {
  // 0 · x is NaN for every x that is not finite, and a sum keeps it: no branch in the loop.
  let sum = 0;
  for (let at = 0; at < voxels.length; at++) sum += 0 * (voxels[at] as number);
  return sum === 0;
}
