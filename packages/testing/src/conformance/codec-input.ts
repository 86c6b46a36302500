import type { NamedFile } from "../named-file.ts";
import { phantomFile } from "../phantom-codec.ts";
import { createPhantom, type Phantom, type PhantomOptions } from "../phantom.ts";
import { scanSeries, type ScanOptions } from "../synthetic-scanner.ts";

/** Files to convert, and the series that they hold. */
export interface CodecInput {
  /** A few words for the titles of tests. */
  readonly name: string;
  readonly kind: "file" | "directory";
  readonly files: readonly NamedFile[];
  readonly expected: Phantom;
}

/** A phantom as input, for every codec that writes without a template. */
export function phantomInput(name: string, options: PhantomOptions): CodecInput {
  return { name, kind: "file", files: [phantomFile("input", options)], expected: createPhantom(options) };
}

/** A scan as input, for codecs that read or need DICOM. */
export function scanInput(name: string, options: ScanOptions): CodecInput {
  return { name, kind: "directory", ...scanSeries(options) };
}

/** Phantoms of every shape: what a codec has to keep. */
export const PHANTOM_INPUTS: readonly CodecInput[] = [
  phantomInput("one axial phase of integers", {}),
  phantomInput("three oblique phases", { phases: 3, orientation: "oblique", componentType: "uint16", bitsStored: 12, seed: 1 }),
  phantomInput("one slice", { size: [5, 4, 1], componentType: "uint8", seed: 2 }),
  phantomInput("a slope per slice, sagittal", { rescale: "per-slice", orientation: "sagittal", phases: 2, modality: "PT", seed: 3 }),
  phantomInput("fractions", { componentType: "float32", size: [6, 9, 4], seed: 4 }),
  phantomInput("padding", { padding: "mask", rescale: "hounsfield", modality: "CT", seed: 5 }),
];
