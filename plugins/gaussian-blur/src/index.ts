import { definePlugin, type JobDefinition } from "@hilum/core";
import { gaussianBlur } from "./gaussian-blur.ts";

export type { BlurConfig } from "./blur-config.ts";
export type { BoundaryMode } from "./boundary.ts";
export { gaussianBlur } from "./gaussian-blur.ts";

/** The version of this plugin. */
export const VERSION = "0.1.0";

/** Normalises each phase to [0, 1], blurs it, and brings the intensities back. */
export const gaussianBlurJob: JobDefinition = {
  name: "gaussian-blur",
  title: "3D Gaussian blur",
  aliases: ["3dblur"],
  preprocess: [{ processor: "normalise", config: { scope: "phase" } }],
  process: [{ processor: "gaussian-blur" }],
  postprocess: [{ invert: "normalise" }],
};

/** Gaussian blur, as a processor and as a job entry. */
export default definePlugin({
  name: "@hilum/plugin-gaussian-blur",
  version: VERSION,
  module: import.meta.url,
  processors: [gaussianBlur],
  jobs: [gaussianBlurJob],
});
