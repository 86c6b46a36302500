import type { SeriesSpec, Sink } from "@hilum/core";
import { codecContext, encodeDataSet, memorySink, type DataSet, type EncodingOptions } from "@hilum/testing";
import { createElementTable } from "../scan/element-table.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import { rawText } from "../scan/values.ts";
import { dicomWriter } from "./dicom-writer.ts";
import { slabsOf, type HandBuiltSeries } from "./hand-built-series.test-support.ts";
import type { DicomWriteOptions } from "./write-options.ts";

/** For tests: a step that blurs. */
export const BLUR = {
  processor: "gaussian-blur",
  program: "blur 0.2.0",
  config: { sigmaMm: 1 },
  derivation: { description: "3D Gaussian blur, sigma 1 mm", code: { value: "113088", scheme: "DCM", meaning: "Gaussian blur" } },
};
/** For tests: what Derivation Description says of {@link BLUR}. */
export const DESCRIPTION = "3D Gaussian blur, sigma 1 mm (blur 0.2.0); written by Hilum (@hilum/plugin-dicom 0.1.0). Not for clinical use.";

/** For tests: what a user gets who chooses nothing. */
export const DEFAULT_OPTIONS: DicomWriteOptions = { seriesNumberOffset: 1000, rescale: "template-range" };

/** For tests: what differs from writing a blurred series with its own voxels and template. */
export interface Changes {
  readonly spec?: (series: SeriesSpec) => SeriesSpec;
  readonly voxels?: readonly Float32Array[];
  readonly masks?: readonly Uint8Array[];
  readonly options?: Partial<DicomWriteOptions>;
  readonly sink?: Sink;
}

/** For tests: writes a hand-built series with itself as template; the files in the order of their names' creation. */
export async function write(built: Pick<HandBuiltSeries, "series" | "voxels">, changes: Changes = {}) {
  const blurred: SeriesSpec = { ...built.series, history: [BLUR] };
  const series = changes.spec?.(blurred) ?? blurred;
  const memory = memorySink();
  const context = codecContext();
  const request = { series, template: built.series, options: { ...DEFAULT_OPTIONS, ...changes.options } };
  const summary = await dicomWriter.write(
    request,
    slabsOf(series, changes.voxels ?? built.voxels, changes.masks),
    changes.sink ?? memory.sink,
    context,
  );
  return { warnings: context.warnings, summary, files: memory.files, bytes: [...memory.files.values()].map((file) => Buffer.from(file.bytes())) };
}

/** For tests: the data set of a Part 10 file. */
export function dataSetOf(bytes: Buffer): Buffer {
  return bytes.subarray(144 + bytes.readUInt32LE(140));
}

/** For tests: the text of top-level elements of a Part 10 file. */
export function textsOf(bytes: Buffer, explicitVr = true): (tag: number) => string | undefined {
  const table = createElementTable();
  scanDataSet(bytes, { bytesStart: 0, from: 144 + bytes.readUInt32LE(140), fileSize: bytes.length, explicitVr }, table);
  return (tag) => rawText({ bytes, table }, tag);
}

/** For tests: whether the data set of a file holds the bytes of these elements, one after the other. */
export function holds(file: Buffer | undefined, elements: DataSet, encoding: EncodingOptions): boolean {
  return file !== undefined && dataSetOf(file).includes(Buffer.from(encodeDataSet(elements, encoding)));
}
