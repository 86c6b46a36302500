import type { SeriesSpec } from "@hilum/core";
import type { DicomWriteOptions } from "./write-options.ts";
import { WRITER } from "./writer-identity.ts";

/**
 * What UIDs depend on besides their source and the pixels: the steps, the options and the program. Not the time, so that a rerun gives
 * the same UIDs, nor how the same pixels are compressed.
 */
export function processingOf({ history }: SeriesSpec, options: DicomWriteOptions): string {
  return JSON.stringify({ history, options: { ...options, compress: undefined }, writer: WRITER.program });
}
