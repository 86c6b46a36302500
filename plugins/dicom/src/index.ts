import { definePlugin } from "@hilum/core";
import { dicomCodec } from "./codec.ts";

export { dicomCodec };

/** The DICOM plugin: one codec, `dicom`. */
export default definePlugin({
  name: "@hilum/plugin-dicom",
  version: "0.1.0",
  module: import.meta.url,
  codecs: [dicomCodec],
});
