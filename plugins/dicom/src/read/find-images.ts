import { HilumError, isHilumError, type CodecContext, type Source, type SourceFile } from "@hilum/core";
import { KeptHeads } from "../scan/kept-heads.ts";
import { EXPLICIT_VR_LITTLE_ENDIAN, HeadReader, IMPLICIT_VR_LITTLE_ENDIAN } from "../scan/read-head.ts";
import { Tag } from "../scan/tags.ts";
import { uid } from "../scan/values.ts";
import { staysOpen } from "../series/dicom-instance.ts";
import type { ImageHeader } from "../series/image-header.ts";
import { readImageHeader, type PaddingRule } from "../series/read-image-header.ts";
import { isImageStorage, reasonWithoutImage } from "../series/sop-classes.ts";
import { findElement } from "../scan/element-table.ts";
import { sameBytes } from "./same-bytes.ts";

/** The images of a source, and what else was in it. */
export interface FoundImages {
  readonly images: readonly ImageHeader[];
  /** How many files were left out, by reason. */
  readonly skipped: ReadonlyMap<string, number>;
  /** Files that are byte for byte another file of the source. */
  readonly duplicatesDropped: number;
}

/** A damaged file, whose series may still be told. */
interface DamagedFile {
  readonly fault: HilumError;
  readonly seriesInstanceUID: string | undefined;
}

/**
 * Finds the images of a source by content, never by name; reads headers only.
 * @throws {HilumError} the fault of a file that belongs, or may belong, to a series of other files; MIXED_SERIES when two
 * different instances share a SOP Instance UID; UNSUPPORTED_TRANSFER_SYNTAX, UNSUPPORTED_VOXEL_FORMAT.
 */
export function findImages(source: Source, padding: PaddingRule, context: CodecContext): FoundImages {
  const reader = new HeadReader();
  const keptHeads = new KeptHeads();
  const images: ImageHeader[] = [];
  const byUid = new Map<string, ImageHeader>();
  const skipped = new Map<string, number>();
  const damaged: DamagedFile[] = [];
  const skip = (reason: string): void => {
    skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
  };
  let duplicatesDropped = 0;
  for (const [index, file] of source.files.entries()) {
    context.signal.throwIfAborted();
    let isNeeded = false;
    try {
      const found = readFile(reader, file, padding, keptHeads);
      if (typeof found === "string") skip(found);
      else if (isDuplicate(byUid.get(found.sopInstanceUID), found)) duplicatesDropped++;
      else {
        byUid.set(found.sopInstanceUID, found);
        images.push(found);
        isNeeded = staysOpen(source.files);
      }
    } catch (error) {
      if (!isHilumError(error)) throw error;
      const fault = inFile(error, index, source.files.length);
      if (fault.category !== "data" || fault.code === "MIXED_SERIES") throw fault;
      damaged.push({ fault, seriesInstanceUID: seriesOf(reader) });
    } finally {
      if (!isNeeded) file.close();
    }
  }
  const series = new Set(images.map((image) => image.seriesInstanceUID));
  for (const { fault, seriesInstanceUID } of damaged) {
    if (seriesInstanceUID === undefined || series.size === 0 || series.has(seriesInstanceUID)) throw fault;
    skip("damaged, of another series");
    context.warn({ code: fault.code, message: `A damaged file of a series of its own was left out: ${fault.message}` });
  }
  if (source.skippedEntries > 0) skipped.set("no regular file", source.skippedEntries);
  return { images, skipped, duplicatesDropped };
}

/** The header of an image, or the reason why the file is none. */
function readFile(reader: HeadReader, file: SourceFile, padding: PaddingRule, keptHeads: KeptHeads): ImageHeader | string {
  const meta = reader.readMeta(file);
  if (meta === undefined) return "not DICOM";
  const mediaClass = meta.mediaStorageSOPClassUID ?? "";
  const reason = reasonWithoutImage(mediaClass);
  if (reason !== undefined) return reason;
  if (meta.transferSyntaxUID !== EXPLICIT_VR_LITTLE_ENDIAN && meta.transferSyntaxUID !== IMPLICIT_VR_LITTLE_ENDIAN)
    throw new HilumError("UNSUPPORTED_TRANSFER_SYNTAX", `Transfer syntax ${meta.transferSyntaxUID} cannot be read yet.`, {
      details: { transferSyntaxUID: meta.transferSyntaxUID },
    });
  reader.readDataSet(file, meta);
  const sopClassUID = uid(reader, Tag.SOPClassUID) ?? mediaClass;
  const reasonByClass = reasonWithoutImage(sopClassUID);
  if (reasonByClass !== undefined) return reasonByClass;
  if (!isImageStorage(sopClassUID) && !hasPixels(reader)) return "no Pixel Data";
  return readImageHeader(file, meta, reader, padding, keptHeads);
}

function hasPixels({ table }: HeadReader): boolean {
  return [Tag.PixelData, Tag.FloatPixelData, Tag.DoubleFloatPixelData].some((tag) => findElement(table, tag) >= 0);
}

/** Whether an image is one that was found before. @throws {HilumError} MIXED_SERIES when only its UID is. */
function isDuplicate(earlier: ImageHeader | undefined, later: ImageHeader): boolean {
  if (earlier === undefined) return false;
  if (sameBytes(earlier.file, later.file)) return true;
  throw new HilumError("MIXED_SERIES", "Two different files have the same SOP Instance UID (0008,0018).", {
    details: { tag: "(0008,0018)" },
    remedy: "Keep the file that belongs to the series and remove the other.",
  });
}

function seriesOf(reader: HeadReader): string | undefined {
  try {
    return uid(reader, Tag.SeriesInstanceUID);
  } catch {
    return undefined;
  }
}

/** The same error, which also tells the file by its place: its name could be a patient's. */
function inFile(error: HilumError, index: number, count: number): HilumError {
  if (count === 1) return error;
  return new HilumError(error.code, `File ${index + 1} of ${count} in order of names: ${error.message}`, {
    details: { ...error.details, file: index + 1 },
    remedy: error.remedy,
    cause: error,
  });
}
