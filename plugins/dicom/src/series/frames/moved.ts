import type { Vec3 } from "@hilum/core";

/** A position after steps, each a direction and a distance along it, mm. */
export function moved([x, y, z]: Vec3, ...steps: readonly (readonly [direction: Vec3, distance: number])[]): Vec3 {
  let at: Vec3 = [x, y, z];
  for (const [direction, distance] of steps)
    at = [at[0] + direction[0] * distance, at[1] + direction[1] * distance, at[2] + direction[2] * distance];
  return at;
}
