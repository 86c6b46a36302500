import { HilumError, type SeriesReader, type Source } from "@hilum/core";
import { z } from "zod";
import { assembleStacks } from "../series/assemble.ts";
import { createDicomSeries } from "./dicom-series.ts";
import { describeAssembly } from "./describe-assembly.ts";
import { findImages } from "./find-images.ts";

const options = z.strictObject({
  padding: z.enum(["auto", "mask", "data"]).default("auto").meta({
    description:
      "Voxels of Pixel Padding Value: `mask` leaves them out of statistics, `data` treats them like all others, `auto` masks CT and PT.",
  }),
});

/** Options of reading DICOM. */
export type DicomReadOptions = z.output<typeof options>;

/** Files that are looked at before a source is said not to be DICOM. */
const MAX_FILES_TO_DETECT = 64;
const PREAMBLE_BYTES = 128;

/**
 * Reads series of single-frame images: 8 or 16 bit grey, uncompressed little endian. Several series in a source come as
 * several image series, in order of their first file.
 */
export const dicomReader: SeriesReader<DicomReadOptions> = {
  options,
  detect: (source) => source.files.slice(0, MAX_FILES_TO_DETECT).some((_, index) => isPart10(source, index)),
  async open(source, { padding }, context) {
    try {
      const found = findImages(source, padding, context);
      if (found.images.length === 0)
        throw new HilumError("UNRECOGNIZED_FORMAT", `None of ${source.files.length} files holds a DICOM image.`, {
          details: { files: source.files.length, skipped: Object.fromEntries(found.skipped) },
        });
      return assembleStacks(found.images).map((stack) => createDicomSeries(stack, describeAssembly(stack, found, padding, context)));
    } catch (error) {
      for (const file of source.files) file.close();
      throw error;
    }
  },
};

/** Whether "DICM" stands behind the preamble (PS3.10 7.1). */
function isPart10({ files }: Source, index: number): boolean {
  const mark = Buffer.alloc(4);
  const file = files[index];
  try {
    return file !== undefined && file.read(mark, PREAMBLE_BYTES) === mark.length && mark.toString("latin1") === "DICM";
  } finally {
    file?.close();
  }
}
