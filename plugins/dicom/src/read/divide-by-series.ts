import { hash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { isHilumError, type CodecContext, type SeriesMetadata, type Source, type SourceFile, type SourcePart } from "@hilum/core";
import { fileForm } from "../scan/file-form.ts";
import { HeadReader } from "../scan/read-head.ts";
import { Tag } from "../scan/tags.ts";
import { textDecodingFor } from "../scan/text.ts";
import { code, isUid, rawBytes, rawText } from "../scan/values.ts";

/** Reading for longer than this without a turn of the event loop would make an interrupt wait. */
const TURN_INTERVAL_MS = 25;

/**
 * Divides a source by Series Instance UID, in order of the first file of each; files that tell none (no DICOM, or damaged before
 * the UID) are one part, the last. A source of a single series is one part with everything that is in it.
 */
export async function divideBySeries(source: Source, context: CodecContext): Promise<readonly SourcePart[]> {
  const reader = new HeadReader();
  const parts = new Map<string, { readonly metadata: SeriesMetadata; readonly files: SourceFile[] }>();
  const loose: SourceFile[] = [];
  let turned = performance.now();
  for (const file of source.files) {
    if (performance.now() - turned > TURN_INTERVAL_MS) {
      await nextTurn();
      turned = performance.now();
    }
    context.signal.throwIfAborted();
    const seriesInstanceUID = seriesOf(reader, file);
    if (seriesInstanceUID === undefined) loose.push(file);
    else {
      const part = parts.get(seriesInstanceUID);
      if (part === undefined) parts.set(seriesInstanceUID, { metadata: metadataOf(reader, seriesInstanceUID), files: [file] });
      else part.files.push(file);
    }
  }
  const [first, ...others] = parts.values();
  // Undivided: what else is there counts as it does where nobody divides.
  if (others.length === 0) return [{ source, metadata: first?.metadata ?? {} }];
  return [...parts.values(), ...(loose.length > 0 ? [{ metadata: {}, files: loose }] : [])].map(({ metadata, files }) => ({ source: { ...source, files, skippedEntries: 0 }, metadata }));
}

/** What is wrong inside a file is found again, and told, by whoever opens its part. */
function seriesOf(reader: HeadReader, file: SourceFile): string | undefined {
  try {
    const meta = reader.readMeta(file);
    if (meta === undefined) return undefined;
    reader.readDataSet(fileForm(file, meta), meta);
  } catch (error) {
    if (!isHilumError(error)) throw error;
  } finally {
    file.close();
  }
  return guarded(() => rawText(reader, Tag.SeriesInstanceUID));
}

function metadataOf(reader: HeadReader, seriesInstanceUID: string): SeriesMetadata {
  const modality = guarded(() => code(reader, Tag.Modality));
  const seriesDescription = guarded(() => descriptionOf(reader));
  return {
    ...(modality === undefined ? {} : { modality }),
    ...(seriesDescription === undefined ? {} : { seriesDescription }),
    ...(isUid(seriesInstanceUID) ? { seriesInstanceUID } : {}),
    seriesInstanceUIDHash: hash("sha256", seriesInstanceUID, "hex"),
  };
}

function descriptionOf(reader: HeadReader): string | undefined {
  const bytes = rawBytes(reader, Tag.SeriesDescription);
  if (bytes === undefined) return undefined;
  return textDecodingFor(rawText(reader, Tag.SpecificCharacterSet))(bytes).replaceAll("\0", "").trim() || undefined;
}

/** What a value says; undefined where it says nothing that is allowed. */
function guarded<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!isHilumError(error)) throw error;
    return undefined;
  }
}
