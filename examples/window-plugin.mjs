// A third-party plugin in one file: cuts intensities to a window.
//   npx hilum run window INPUT OUTPUT.h5 --plugin examples/window-plugin.mjs --set low=0 --set high=100
import { definePlugin } from "@hilum/core";
import { z } from "zod";

const window = {
  id: "window",
  title: "Cut to a window of intensities",
  config: z.strictObject({
    low: z.number().default(0).meta({ description: "everything below becomes this (real value)" }),
    high: z.number().default(1000).meta({ description: "everything above becomes this (real value)" }),
  }),
  run({ input, output, config: { low, high } }) {
    for (let at = 0; at < output.voxels.length; at++) output.voxels[at] = Math.min(high, Math.max(low, input.voxels[at]));
    output.mask?.set(input.mask);
  },
  derivation: ({ low, high }) => ({ description: `Intensities cut to ${low}..${high}` }),
};

export default definePlugin({
  name: "window-plugin",
  version: "1.0.0",
  module: import.meta.url,
  processors: [window],
  jobs: [{ name: "window", title: window.title, preprocess: [], process: [{ processor: "window" }], postprocess: [] }],
});
