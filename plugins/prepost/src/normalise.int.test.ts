import { execFileSync, spawnSync } from "node:child_process";
import { slabOver } from "@hilum/core";
import { describe, expect, it } from "vitest";
import { mapLinear } from "./map-linear.ts";
import { minMax } from "./min-max.ts";
import { normalise } from "./normalise.ts";

const PYTHON = "/usr/bin/python3";
const missing = spawnSync(PYTHON, ["-c", "import numpy"]).status === 0 ? "" : " (skipped: no system Python with numpy)";

// Voxels on stdin; quotient in float64 rounded to float32, and what gives the values back, on stdout.
const NUMPY = `
import sys, numpy as np
x = np.frombuffer(sys.stdin.buffer.read(), "<f4").astype("f8")
lo, hi = x.min(), x.max()
y = ((x - lo) / (hi - lo)).astype("<f4")
back = (y.astype("f8") * (hi - lo) + lo).astype("<f4")
sys.stdout.buffer.write(y.tobytes() + back.tobytes())
`;

describe.skipIf(missing !== "")(`normalise beside numpy${missing}`, () => {
  it.each([
    ["uint16", 1, 0],
    ["uint16 with slope 0.1 and intercept -1024", 0.1, -1024],
  ])("gives numpy's bits for every %s, there and back", (_, slope, intercept) => {
    const memory = new WebAssembly.Memory({ initial: 8, maximum: 8, shared: true });
    const place = { phase: 0, start: 0, count: 1, sliceLength: 65536 };
    const slab = slabOver(place, new Float32Array(memory.buffer, 0, 65536), undefined, memory);
    const there = slabOver(place, new Float32Array(memory.buffer, 65536 * 4, 65536), undefined, memory);
    for (let n = 0; n < 65536; n++) slab.voxels[n] = n * slope + intercept;
    const reply = execFileSync(PYTHON, ["-c", NUMPY], { input: Buffer.from(slab.voxels.slice().buffer), maxBuffer: 1 << 20 });
    const expected = new Uint32Array(new Uint8Array(reply).buffer);

    const { scale, offset } = normalise.toInput?.(minMax(slab, 0), { scope: "slice" }) ?? { scale: 0, offset: 0 };
    mapLinear(slab, there, 0, { origin: offset, scale: 1 / scale, offset: 0 });
    expect(differing(there.voxels, expected.subarray(0, 65536))).toBe(0);
    mapLinear(there, there, 0, { origin: 0, scale, offset });
    expect(differing(there.voxels, expected.subarray(65536))).toBe(0);
  });
});

function differing(values: Float32Array, expected: Uint32Array): number {
  const bits = new Uint32Array(values.slice().buffer);
  return bits.filter((each, n) => each !== expected[n]).length;
}
