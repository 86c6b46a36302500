import { definePlugin } from "@hilum/core";
import { normalise } from "./normalise.ts";

export { normalise } from "./normalise.ts";
export type { NormaliseConfig } from "./normalise.ts";
export type { MinMax } from "./min-max.ts";

/** The version of this plugin. */
export const VERSION = "0.1.0";

/** Processors that bring intensities into a fixed range before other steps, and back after them. */
export default definePlugin({
  name: "@hilum/plugin-prepost",
  version: VERSION,
  module: import.meta.url,
  processors: [normalise],
});
