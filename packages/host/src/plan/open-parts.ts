import { setImmediate as nextTurn } from "node:timers/promises";
import { HilumError, isHilumError, type CodecContext, type ImageSeries, type Json, type SeriesMetadata, type Source, type Warning } from "@hilum/core";
import type { ReadingCodec } from "./choose-codec.ts";

/** Opening for longer than this without a turn of the event loop would make an interrupt wait. */
const TURN_INTERVAL_MS = 25;

/** A part of a source that was opened, or could not be. */
export interface OpenedPart {
  /** How many parts there are, and which this is, from 1. */
  readonly part: number;
  readonly parts: number;
  readonly metadata: SeriesMetadata;
  /** Files of this part. */
  readonly files: number;
  /** Its series: one, or several where one Series Instance UID holds several stacks; none where there is a fault. */
  readonly series: readonly ImageSeries[];
  readonly fault?: HilumError;
  /** What the reader warned of while it opened this part. */
  readonly warnings: readonly Warning[];
}

/** Opens what a source is made of, one part after the other, so that a fault of one hides no other. */
export async function* openParts(
  codec: ReadingCodec,
  source: Source,
  options: unknown,
  contextWith: (warn: (warning: Warning) => void) => CodecContext,
  wanted: (metadata: SeriesMetadata) => boolean,
): AsyncGenerator<OpenedPart> {
  const { reader } = codec;
  const divided = (await reader.divide?.(source, contextWith(() => {}))) ?? [{ source, metadata: {} }];
  let turned = performance.now();
  for (const [index, { source: partSource, metadata }] of divided.entries()) {
    if (performance.now() - turned > TURN_INTERVAL_MS) {
      await nextTurn();
      turned = performance.now();
    }
    if (divided.length > 1 && !wanted(metadata)) continue;
    const warnings: Warning[] = [];
    const context = contextWith((warning) => warnings.push(warning));
    context.signal.throwIfAborted();
    const facts = { part: index + 1, parts: divided.length, metadata, files: partSource.files.length, warnings };
    let series: readonly ImageSeries[];
    try {
      series = await reader.open(partSource, options, context);
    } catch (error) {
      if (!isHilumError(error)) throw error;
      yield { ...facts, series: [], fault: error };
      continue;
    }
    // Many parts stay open together: only files that are read keep a handle of the operating system.
    if (divided.length > 1) for (const file of partSource.files) file.close();
    yield { ...facts, series };
  }
}

/** Whether a part holds no image at all, so that it is left out and counted by its reasons. */
export function countsAsSkipped(part: OpenedPart): boolean {
  return part.parts > 1 && part.fault?.code === "UNRECOGNIZED_FORMAT";
}

/** How many files of a part were left out, by reason, as its reader tells it. */
export function skippedIn({ fault, files }: OpenedPart): readonly (readonly [reason: string, count: number])[] {
  const told: Json | undefined = fault?.details["skipped"];
  if (typeof told !== "object" || told === null || Array.isArray(told)) return [["no image", files]];
  return Object.entries(told).filter((entry): entry is [string, number] => typeof entry[1] === "number");
}

/** Whether a text is the Series Instance UID of a series, or the SHA-256 of that. */
export function isCalled({ seriesInstanceUID, seriesInstanceUIDHash }: SeriesMetadata, name: string): boolean {
  return seriesInstanceUID === name || seriesInstanceUIDHash === name;
}

/** What is said where no series has the UID that is asked for. */
export function noSuchSeries(): HilumError {
  return new HilumError("INVALID_JOB", "There is no series with this Series Instance UID.", { remedy: LIST_REMEDY });
}

const LIST_REMEDY = "`hilum inspect` lists the series with their numbers; --json shows their UIDs.";
/** Tells a number of the list that `inspect` shows from a UID. */
const SERIES_NUMBER = /^[1-9]\d{0,8}$/;

/**
 * Opens one series of several.
 * @param wanted its Series Instance UID, the SHA-256 of that, or its number from 1 as a survey counts.
 * @throws {HilumError} INVALID_JOB where there is none such; AMBIGUOUS_INPUT where a UID has several stacks; the series' own fault.
 */
export async function openChosen(
  codec: ReadingCodec,
  source: Source,
  options: unknown,
  contextWith: (warn: (warning: Warning) => void) => CodecContext,
  wanted: string,
  warn: (warning: Warning) => void,
): Promise<ImageSeries> {
  const byNumber = SERIES_NUMBER.test(wanted);
  let number = 0;
  let chosen: ImageSeries | undefined;
  // What tells no series is opened in any case: it may be a damaged file of the one that is wanted.
  const among = (metadata: SeriesMetadata): boolean =>
    metadata.seriesInstanceUID === undefined || (chosen === undefined && (byNumber || isCalled(metadata, wanted)));
  const others: ImageSeries[] = [];
  try {
    for await (const part of openParts(codec, source, options, contextWith, among)) {
      if (countsAsSkipped(part)) continue;
      const here = part.fault === undefined ? part.series : [undefined];
      const matches = here.filter((series) => {
        number++;
        return byNumber ? number === Number(wanted) : isCalled(series?.metadata ?? part.metadata, wanted);
      });
      others.push(...part.series.filter((series) => !matches.includes(series)));
      if (matches.length > 1) {
        others.push(...part.series);
        throw new HilumError("AMBIGUOUS_INPUT", `The series with this UID holds ${matches.length} separate stacks, and a job takes one.`, {
          details: { stacks: matches.length },
          remedy: "Choose one by its number, as `hilum inspect` shows it.",
        });
      }
      if (matches.length === 1) {
        if (part.fault !== undefined) throw part.fault;
        chosen = matches[0];
        part.warnings.forEach(warn);
      } else if (part.fault !== undefined && part.metadata.seriesInstanceUID === undefined)
        warn({ code: part.fault.code, message: `A damaged file does not tell its series, and may belong to this one: ${part.fault.message}` });
    }
    if (chosen !== undefined) return chosen;
  } catch (error) {
    await chosen?.[Symbol.asyncDispose]();
    throw error;
  } finally {
    for (const series of others) await series[Symbol.asyncDispose]();
  }
  if (!byNumber) throw noSuchSeries();
  throw new HilumError("INVALID_JOB", `There is no series number ${wanted}; there are ${number}.`, { details: { series: number }, remedy: LIST_REMEDY });
}
