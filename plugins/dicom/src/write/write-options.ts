import { z } from "zod";

/** How real values become stored values; see `stored-form.ts`. */
const RESCALE_POLICIES = ["template-range", "full-range", "mr-rwvm", "float"] as const;

/** How pixels are compressed; see `compression.ts`. */
const COMPRESSIONS = ["rle", "jpeg-ls", "j2k", "htj2k"] as const;

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
  rescale: z
    .enum(RESCALE_POLICIES)
    .default("template-range")
    .meta({
      description:
        "How real values become stored values: template-range keeps the template's slope and intercept and clips; full-range fits a new slope and intercept to each slice (CT, PET); mr-rwvm does so with a Real World Value Mapping (MR); float keeps the real values, as a Parametric Map for each phase.",
    }),
  compress: z
    .enum(COMPRESSIONS)
    .exactOptional()
    .meta({ description: "Compresses the pixels without loss, in this transfer syntax; without it they are not compressed." }),
});

/** Options of the DICOM writer, with every default filled in. */
export type DicomWriteOptions = z.output<typeof dicomWriteOptions>;
