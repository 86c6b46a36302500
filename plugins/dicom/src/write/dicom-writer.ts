import { isHilumError, type SeriesWriter, type WriteRequest } from "@hilum/core";
import { matchTemplate } from "./match-template.ts";
import { dicomWriteOptions, type DicomWriteOptions } from "./write-options.ts";

/**
 * Writes a derived series, one file for each instance of the template that has frames in it: the template's files with new
 * pixels, new UIDs and what PS3.3 asks of derived images; every other element keeps its bytes. Enhanced multi-frame MR, CT and PET
 * stay what they are, with their frames in the template's order; each tile of a Siemens mosaic becomes a single-frame instance.
 * With `rescale` float a series becomes Parametric Maps, one for each phase, of the template's patient and places.
 * Colours, palette indices, single bits and floating point go back as the template lays them.
 * Templates in big endian, deflated and compressed transfer syntaxes become uncompressed explicit little endian; what lossy
 * compression took stays told.
 *
 * Real values become stored values by the policy `rescale` (rounded half to even, saturated): with the Modality LUT of the
 * template's instance, or with one that fits the slice; `compress` then compresses them without loss. UIDs follow from the template,
 * the steps and the pixels, so that a rerun gives the same. Pixels go to their place in the file as they come; the Series Instance
 * UID is known only behind the last of them, so the head of every file is written then: until it is, nobody takes the file for DICOM.
 * When all is written the gate reads every file back.
 *
 * The template is found in a directory by what the frames were made from, or made of all the attributes that the series carries.
 * A slice that the reader padded in for a missing one is left out.
 * Facts: `instances`, `clippedVoxels`, `maxQuantisationError` (real units, of voxels that were not clipped and are not the template's), `rescale`,
 * `smallestSlope` and `largestSlope` (real units for each stored unit; of integers), `compress`.
 * Errors: those of template matching (INVALID_JOB, TEMPLATE_MISMATCH, UNSUPPORTED_*), NON_FINITE_VOXELS, VERIFICATION_FAILED.
 */
export const dicomWriter: SeriesWriter<DicomWriteOptions> = {
  options: dicomWriteOptions,
  output: "directory",

  async openTemplate(series, source, context) {
    if (source === undefined) return (await import("./template-of-attributes.ts")).templateOfAttributes(series);
    return (await import("./template-in-source.ts")).templateInSource(series, source, context);
  },

  check({ series, template, options }) {
    try {
      matchTemplate(series, template, options);
      return [];
    } catch (error) {
      if (!isHilumError(error)) throw error;
      return [{ code: error.code, message: error.message, remedy: error.remedy }];
    }
  },

  async write(request, slabs, sink, context) {
    // Reading a series needs neither.
    const [{ writeSeries }, { createSeriesGate }] = await Promise.all([import("./write-series.ts"), import("./gate/check-series.ts")]);
    const { expected, openAgain, facts } = await writeSeries(request, slabs, sink, context);
    const gate = createSeriesGate(expected);
    for (const { name } of expected.instances) {
      context.signal.throwIfAborted();
      const file = await openAgain(name);
      await gate.check({ name, read: (into, position) => file.read(into, position) });
      await file.close();
    }
    gate.end();
    if (Number(facts["clippedVoxels"]) > 0)
      context.warn({
        code: "VOXELS_CLIPPED",
        message: `${Number(facts["clippedVoxels"])} voxels lie outside of what the template's bits and slope can store, and became the nearest that can${whatKeepsThem(request)}.`,
      });
    const instances = expected.instances.flatMap(({ name, frames, sopInstanceUID }) =>
      [...new Set(frames.map((frame) => frame.sourceSOPInstanceUID))].map((sourceSOPInstanceUID) => ({ name, sourceSOPInstanceUID, sopInstanceUID })),
    );
    return { facts, instances };
  },
};

/** The policy that clips nothing, where this template allows one. */
function whatKeepsThem({ options, ...request }: WriteRequest<DicomWriteOptions>): string {
  const policy = (["full-range", "mr-rwvm", "float"] as const).find((rescale) => dicomWriter.check?.({ ...request, options: { ...options, rescale } }).length === 0);
  return policy === undefined ? "" : `; --rescale ${policy} keeps them`;
}
