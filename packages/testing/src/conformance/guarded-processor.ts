import type { AnyJobProcessor, ProcessorCall, Slab } from "@hilum/core";

/** A processor under watch. */
export interface GuardedProcessor {
  readonly processor: AnyJobProcessor;
  /** What the processor did that it must not do, in the order of calls. */
  readonly violations: readonly string[];
}

/**
 * Poisons every output before a call (voxels NaN, mask 255) and looks afterwards whether all of it was filled and the input
 * is as it was.
 */
export function guardedProcessor(processor: AnyJobProcessor): GuardedProcessor {
  const violations: string[] = [];
  type Call = ProcessorCall<unknown, unknown>;
  const guarded = (name: "run" | "undo") => async (call: Call) => {
    const before = copyOf(call.input);
    call.output.voxels.fill(Number.NaN);
    call.output.mask?.fill(255);
    await processor[name]?.(call);
    if (!sameBytes(before.voxels, call.input.voxels)) violations.push(`${name} changed the voxels of its input`);
    if (!sameBytes(before.mask, call.input.mask)) violations.push(`${name} changed the mask of its input`);
    if (call.output.voxels.some(Number.isNaN)) violations.push(`${name} left samples of its output unfilled, or made NaN of them`);
    if (call.output.mask?.some((value) => value > 1) === true) violations.push(`${name} left the mask of its output unfilled`);
  };
  const changed: Partial<AnyJobProcessor> = { run: guarded("run"), ...(processor.undo === undefined ? {} : { undo: guarded("undo") }) };
  return {
    violations,
    // A processor may be an instance of a class, so its methods are called on it and never copied.
    processor: new Proxy(processor, {
      get: (target, key) => {
        const own: unknown = Reflect.get(changed, key);
        if (own !== undefined) return own;
        const member: unknown = Reflect.get(target, key);
        return typeof member === "function" ? member.bind(target) : member;
      },
    }),
  };
}

function copyOf(slab: Slab): Pick<Slab, "voxels" | "mask"> {
  return { voxels: slab.voxels.slice(), ...(slab.mask === undefined ? {} : { mask: slab.mask.slice() }) };
}

/** Compares bits, so that NaN equals itself and −0 differs from 0. */
export function sameBytes(a: Float32Array | Uint8Array | undefined, b: Float32Array | Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

function bytesOf(array: Float32Array | Uint8Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
