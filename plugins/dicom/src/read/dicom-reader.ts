import { HilumError, type SeriesReader, type Source } from "@hilum/core";
import { z } from "zod";
import { assembleStacks } from "../series/assemble.ts";
import { createDicomSeries } from "./dicom-series.ts";
import { describeAssembly, warnOfAssembly } from "./describe-assembly.ts";
import { divideBySeries } from "./divide-by-series.ts";
import { findImages } from "./find-images.ts";
import { isBareDataSet } from "../scan/read-head.ts";

const options = z.strictObject({
  padding: z.enum(["auto", "mask", "data"]).default("auto").meta({
    description:
      "Voxels of Pixel Padding Value: `mask` leaves them out of statistics, `data` treats them like all others, `auto` masks CT and PT.",
  }),
  phaseKey: z.string().min(1).optional().meta({
    description: 'What tells the phases apart, by its name in the plan, e.g. "Echo Time" or "Acquisition Time"; without it, the first that does.',
  }),
  onMissing: z.enum(["refuse", "pad"]).default("refuse").meta({
    description: "Missing slices: `refuse` them, or `pad` with masked slices, which are never written as DICOM.",
  }),
  onDuplicate: z.enum(["refuse", "first", "last"]).default("refuse").meta({
    description: "Several images for one slice: `refuse` them, or take the `first` or `last` by Instance Number.",
  }),
  onTilt: z.enum(["shear", "refuse"]).default("shear").meta({
    description: "A stack sheared by gantry tilt: keep the `shear` in its directions, or `refuse` it.",
  }),
  plan: z.looseObject({}).optional().meta({
    description: "A saved assembly plan of one series: which image is which slice, with options of its own in place of these.",
  }),
});

/** Options of reading DICOM; what is not said has its default. */
export type DicomReadOptions = z.input<typeof options>;

/** Files that are looked at before a source is said not to be DICOM. */
const MAX_FILES_TO_DETECT = 64;
const PREAMBLE_BYTES = 128;

/**
 * Reads series of DICOM images. Several series in a source come as several image series, in order of their first file; with a
 * saved plan, the one that it describes.
 */
export const dicomReader: SeriesReader<DicomReadOptions> = {
  options,
  divide: divideBySeries,
  detect(source) {
    const looked = source.files.slice(0, MAX_FILES_TO_DETECT);
    return looked.some((_, index) => isPart10(source, index)) || looked.some(isBareDataSet);
  },
  async open(source, given, context) {
    try {
      const { plan, ...said } = options.parse(given);
      // Plans are rare, and what checks them takes time to load.
      const saved = plan === undefined ? undefined : await import("../series/saved-plan.ts");
      const planned = saved?.readPlan(plan);
      const { padding, ...assembly } = planned?.options ?? said;
      const found = await findImages(source, padding, context);
      if (found.images.length === 0)
        throw new HilumError("UNRECOGNIZED_FORMAT", `None of ${source.files.length} files holds a DICOM image.`, {
          details: { files: source.files.length, skipped: Object.fromEntries(found.skipped) },
        });
      const stacks = saved === undefined || planned === undefined ? assembleStacks(found.images, assembly) : [saved.assembleByPlan(found.images, planned)];
      warnOfAssembly(stacks, found, context);
      return stacks.map((stack, index) =>
        createDicomSeries(stack, (frames) => describeAssembly(stack, frames, { index: index + 1, padding, found }), (warning) => context.warn(warning)),
      );
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
