import { HilumError, type CodecContext, type FormatCodec, type ImageSeries, type SeriesMetadata, type Warning } from "@hilum/core";
import type { SurveyOptions } from "./host.ts";
import { openSource } from "./io/open-source.ts";
import { chooseReader, type ReadingCodec } from "./plan/choose-codec.ts";
import { countsAsSkipped, isCalled, noSuchSeries, openParts, skippedIn } from "./plan/open-parts.ts";
import type { Registry } from "./registry.ts";
import { validateConfig } from "./validate-config.ts";

/** A series of a survey: the series itself, or why it cannot be opened. */
export type SurveyedSeries = {
  /** From 1, in the order in which the source is listed: what `JobSpec.input.series` takes. */
  readonly number: number;
  readonly metadata: SeriesMetadata;
  /** Files that it was looked for in. */
  readonly files: number;
  readonly warnings: readonly Warning[];
} & ({ readonly series: ImageSeries; readonly fault?: undefined } | { readonly series?: undefined; readonly fault: HilumError });

/** Everything that a path holds. */
export interface Survey extends AsyncDisposable {
  readonly codec: ReadingCodec;
  readonly series: readonly SurveyedSeries[];
  /** Files that are no images, counted by reason. Where there is a single series, it tells them itself. */
  readonly skipped: ReadonlyMap<string, number>;
}

/** Opens every series of a source, and tells why others cannot be. */
export async function surveySource(
  codecs: Registry<FormatCodec>,
  path: string,
  { codec: codecId, options, series: wanted, onProgress }: SurveyOptions,
  contextWith: (warn: (warning: Warning) => void) => CodecContext,
): Promise<Survey> {
  const source = openSource(path);
  const codec = await chooseReader(codecs, source, codecId);
  const readerOptions = validateConfig(codec.reader.options, options, `the ${codec.title} input`);
  const found: SurveyedSeries[] = [];
  const skipped = new Map<string, number>();
  // Where one series is wanted, others before it are counted although they are not opened.
  const numberAt = (part: number): number => (wanted === undefined ? found.length + 1 : part + found.length);
  const dispose = async (): Promise<void> => {
    for (const { series } of found) await series?.[Symbol.asyncDispose]();
  };
  try {
    for await (const part of openParts(codec, source, readerOptions, contextWith, (metadata) => wanted === undefined || isCalled(metadata, wanted))) {
      onProgress?.(part.part, part.parts);
      const { metadata, files, warnings, fault } = part;
      if (countsAsSkipped(part)) for (const [reason, count] of skippedIn(part)) skipped.set(reason, (skipped.get(reason) ?? 0) + count);
      else if (fault !== undefined) found.push({ number: numberAt(part.part), metadata, files, warnings, fault });
      else for (const series of part.series) found.push({ number: numberAt(part.part), metadata: series.metadata, files, warnings, series });
      if (part.parts > 1 && part.part === part.parts && source.skippedEntries > 0) skipped.set("no regular file", source.skippedEntries);
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  const [only, ...others] = found;
  // Nothing but files that are no images: the reader's own words say it best.
  if (only === undefined && wanted !== undefined) throw noSuchSeries();
  if (only === undefined) throw new HilumError("UNRECOGNIZED_FORMAT", `None of ${source.files.length} files holds an image.`, { details: { skipped: Object.fromEntries(skipped) } });
  if (others.length === 0 && only.fault?.code === "UNRECOGNIZED_FORMAT") throw only.fault;
  return { codec, series: found, skipped, [Symbol.asyncDispose]: dispose };
}
