import { definePlugin } from "@hilum/core";
import { hdf5Codec } from "./hdf5-codec.ts";
import { VERSION } from "./version.ts";

export { hdf5Codec } from "./hdf5-codec.ts";

/** The HDF5 plugin: codec "hdf5". */
export default definePlugin({
  name: "@hilum/plugin-hdf5",
  version: VERSION,
  module: import.meta.url,
  codecs: [hdf5Codec],
});
