import { HilumError, isHilumError, type CodecContext, type Source, type SourceFile } from "@hilum/core";
import { KeptHeads } from "../scan/kept-heads.ts";
import { fileForm } from "../scan/file-form.ts";
import { HeadReader, type FileMeta } from "../scan/read-head.ts";
import { Tag } from "../scan/tags.ts";
import { requireReadable } from "../scan/transfer-syntaxes.ts";
import { rawText, uid } from "../scan/values.ts";
import { staysOpen } from "../series/dicom-instance.ts";
import { inFile, type FilePlace } from "../series/file-place.ts";
import type { ImageHeader } from "../series/image-header.ts";
import { isPlainImage } from "../series/plain-image.ts";
import { readImageHeader, type PaddingRule, type ScannedInstance } from "../series/read-image-header.ts";
import { readPixelLayout } from "../series/read-pixel-layout.ts";
import { readPlane } from "../series/read-plane.ts";
import { isImageStorage, reasonWithoutImage } from "../series/sop-classes.ts";
import { findElement } from "../scan/element-table.ts";
import { sameBytes } from "./same-bytes.ts";

/** The images of a source, and what else was in it. */
export interface FoundImages {
  /** One for each frame, and for each tile of a mosaic. */
  readonly images: readonly ImageHeader[];
  /** How many files were left out, by reason. */
  readonly skipped: ReadonlyMap<string, number>;
  /** Files that are byte for byte another file of the source. */
  readonly duplicatesDropped: number;
}

/** A file that cannot be read, whose series may still be told. */
interface UnreadFile {
  readonly fault: HilumError;
  readonly seriesInstanceUID: string | undefined;
}

/**
 * Finds the images of a source by content, never by name; reads headers only. What is damaged or unsupported is left out, with
 * a warning, where it is a series of its own beside readable ones.
 * @throws {HilumError} the fault of a file that belongs, or may belong, to a series of other files; MIXED_SERIES when two
 * different instances share a SOP Instance UID.
 */
export async function findImages(source: Source, padding: PaddingRule, context: CodecContext): Promise<FoundImages> {
  const reader = new HeadReader();
  const keptHeads = new KeptHeads();
  const images: ImageHeader[] = [];
  const byUid = new Map<string, ImageHeader>();
  const skipped = new Map<string, number>();
  const unread: UnreadFile[] = [];
  const skip = (reason: string): void => {
    skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
  };
  let duplicatesDropped = 0;
  let goingOn = 0;
  for (const [index, file] of source.files.entries()) {
    context.signal.throwIfAborted();
    const place = { file: index + 1, files: source.files.length };
    let isNeeded = false;
    try {
      const found = openInstance(reader, file, place, padding, keptHeads);
      if (typeof found === "string") {
        skip(found);
        continue;
      }
      const frames = isPlainImage(found.head, found.pixel) ? undefined : await readFrames(found);
      const image = frames === undefined ? readImageHeader(found, readPlane(found.head)) : (frames[0] as ImageHeader);
      if (isDuplicate(byUid.get(image.sopInstanceUID), image)) {
        duplicatesDropped++;
        continue;
      }
      byUid.set(image.sopInstanceUID, image);
      if (frames === undefined) images.push(image);
      else for (const frame of frames) images.push(frame);
      if (reader.goesOn) goingOn++;
      isNeeded = staysOpen(source.files);
    } catch (error) {
      if (!isHilumError(error)) throw error;
      const fault = inFile(error, place);
      if ((fault.category !== "data" && fault.category !== "unsupported") || fault.code === "MIXED_SERIES") throw fault;
      unread.push({ fault, seriesInstanceUID: seriesOf(reader) });
    } finally {
      if (!isNeeded) file.close();
    }
  }
  leaveOut(unread, new Set(images.map((image) => image.seriesInstanceUID)), skip, context);
  if (goingOn > 0)
    context.warn({
      code: "TRAILING_BYTES_LEFT_OUT",
      message: `${goingOn === 1 ? "1 file goes" : `${goingOn} files go`} on behind the data set, or ${goingOn === 1 ? "was" : "were"} cut inside of its trailing padding (FFFC,FFFC): what stands there was left out, the image is whole.`,
    });
  if (source.skippedEntries > 0) skipped.set("no regular file", source.skippedEntries);
  return { images, skipped, duplicatesDropped };
}

/** Counts and tells files that are series of their own. @throws {HilumError} the fault of the first that may be of another. */
function leaveOut(unread: readonly UnreadFile[], series: ReadonlySet<string>, skip: (reason: string) => void, context: CodecContext): void {
  const byCode = new Map<string, { readonly first: HilumError; files: number }>();
  for (const { fault, seriesInstanceUID } of unread) {
    if (seriesInstanceUID === undefined || series.size === 0 || series.has(seriesInstanceUID)) throw fault;
    skip(`${fault.category === "data" ? "damaged" : "unsupported"}, of another series`);
    const alike = byCode.get(fault.code);
    if (alike === undefined) byCode.set(fault.code, { first: fault, files: 1 });
    else alike.files++;
  }
  for (const [code, { first, files }] of byCode) {
    const what = first.category === "data" ? "damaged" : "unsupported";
    const count = files === 1 ? `1 ${what} file of a series of its own was` : `${files} ${what} files of series of their own were`;
    context.warn({ code, message: `${count} left out: ${first.message}` });
  }
}

/** Loaded when the first file is met that needs it. */
async function readFrames(instance: ScannedInstance): Promise<readonly ImageHeader[]> {
  const { readInstanceFrames } = await import("../series/frames/instance-frames.ts");
  return readInstanceFrames(instance);
}

/** An image's instance, scanned, or the reason why the file holds no image. */
function openInstance(reader: HeadReader, file: SourceFile, place: FilePlace, padding: PaddingRule, keptHeads: KeptHeads): ScannedInstance | string {
  const meta = reader.readMeta(file);
  if (meta === undefined) return "not DICOM";
  const mediaClass = meta.mediaStorageSOPClassUID ?? "";
  const reason = reasonWithoutImage(mediaClass);
  if (reason !== undefined) return reason;
  const form = readDataSet(reader, file, meta);
  const sopClassUID = uid(reader, Tag.SOPClassUID) ?? mediaClass;
  const reasonByClass = reasonWithoutImage(sopClassUID);
  if (reasonByClass !== undefined) return reasonByClass;
  if (!isImageStorage(sopClassUID) && !hasPixels(reader)) return "no Pixel Data";
  requireReadable(meta.transferSyntaxUID);
  return { file: form, place, meta, head: reader, pixel: readPixelLayout(reader), padding, keptHeads };
}

/** @throws {HilumError} UNSUPPORTED_TRANSFER_SYNTAX before any fault of a data set that nobody can understand without it. */
function readDataSet(reader: HeadReader, file: SourceFile, meta: FileMeta): SourceFile {
  try {
    const form = fileForm(file, meta);
    reader.readDataSet(form, meta);
    return form;
  } catch (error) {
    requireReadable(meta.transferSyntaxUID);
    throw error;
  }
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
    return rawText(reader, Tag.SeriesInstanceUID);
  } catch {
    return undefined;
  }
}
