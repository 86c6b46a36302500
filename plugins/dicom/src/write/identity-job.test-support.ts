import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { slabOver, sliceLengthOf, type ImageSeries, type ProcessingStep, type SeriesSpec, type Slab, type WriteSummary } from "@hilum/core";
import { codecContext, memorySink, memorySource, saveFiles } from "@hilum/testing";
import { dicomReader, type DicomReadOptions } from "../read/dicom-reader.ts";
import { dicomWriter } from "./dicom-writer.ts";
import type { DicomWriteOptions } from "./write-options.ts";

const BLUR: ProcessingStep = {
  processor: "gaussian-blur",
  program: "@hilum/plugin-gaussian-blur 0.1.0",
  config: { sigmaMm: 1 },
  derivation: { description: "3D Gaussian blur, sigma 1 mm", code: { value: "113088", scheme: "DCM", meaning: "Gaussian blur" } },
};

/**
 * For tests: writes the first series of a directory into its own headers, as if it had been blurred.
 * @returns the output directory and what the writer says.
 */
export async function writeIdentity(source: string, rescale: DicomWriteOptions["rescale"], reading: Partial<DicomReadOptions> = {}): Promise<{ output: string; summary: WriteSummary | undefined }> {
  const context = codecContext();
  const [series] = (await dicomReader.open(openDirectory(source), { padding: "auto", ...reading }, context)) as [ImageSeries];
  const derived: SeriesSpec = { ...series, history: [BLUR] };
  const { sink, files } = memorySink();
  const summary = await dicomWriter.write({ series: derived, template: series, options: { seriesNumberOffset: 1000, rescale } }, slabsOf(series), sink, context);
  const output = mkdtempSync(join(tmpdir(), "hilum-dicom-writer-"));
  saveFiles(output, [...files].map(([name, file]) => ({ name, bytes: file.bytes() })));
  return { output, summary };
}

function openDirectory(directory: string) {
  const names = readdirSync(directory).filter((name) => statSync(join(directory, name)).isFile());
  return memorySource(
    names.map((name) => ({ name, bytes: readFileSync(join(directory, name)) })),
    { kind: "directory" },
  );
}

async function* slabsOf(series: ImageSeries): AsyncGenerator<Slab> {
  const { size } = series.volume.geometry;
  const sliceLength = sliceLengthOf(series.volume);
  const depth = 7;
  const lent = new Float32Array(depth * sliceLength);
  const lentMask = new Uint8Array(depth * size[0] * size[1]);
  for (const [phase] of series.phases.entries())
    for (let start = 0; start < size[2]; start += depth) {
      const count = Math.min(depth, size[2] - start);
      const mask = series.volume.masked ? lentMask.subarray(0, count * size[0] * size[1]) : undefined;
      const slab = slabOver({ phase, start, count, sliceLength }, lent.subarray(0, count * sliceLength), mask);
      await series.read(slab);
      yield slab;
    }
}
