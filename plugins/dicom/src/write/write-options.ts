import { z } from "zod";

/** What can be chosen about a DICOM series that is written. */
export const dicomWriteOptions = z.strictObject({
  seriesNumberOffset: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1000)
    .meta({ description: "Added to the template's Series Number, so that the derived series stands behind its source." }),
  seriesDescription: z
    .string()
    .max(64)
    .regex(/^[\x20-\x5b\x5d-\x7e]+$/)
    .exactOptional()
    .meta({ description: "Series Description, at most 64 ASCII characters; by default the template's with what was done." }),
});

/** Options of the DICOM writer, with every default filled in. */
export type DicomWriteOptions = z.output<typeof dicomWriteOptions>;
