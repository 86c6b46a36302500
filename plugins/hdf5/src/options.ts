import { z } from "zod";

/** Options of the HDF5 writer. */
export const WRITE_OPTIONS = z.strictObject({
  metadata: z
    .enum(["none", "safe", "full"])
    .default("safe")
    .meta({
      description:
        "What goes in from the source's header: nothing; an allow-list without persons, dates, identifiers and free text, UIDs as SHA-256; or everything, so that DICOM can be made of the file alone.",
    }),
  compression: z
    .enum(["none", "gzip"])
    .default("none")
    .meta({ description: "Compression of the volume: none (one contiguous block) or gzip level 4 (one slice a chunk)." }),
});

/** Options of the HDF5 writer, defaults filled in. */
export type WriteOptions = z.infer<typeof WRITE_OPTIONS>;

/** What goes in from the source's header. */
export type MetadataRule = WriteOptions["metadata"];

/** Options of the HDF5 reader: none. */
export const READ_OPTIONS = z.strictObject({});
