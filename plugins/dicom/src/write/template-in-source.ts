import { hash } from "node:crypto";
import { HilumError, isHilumError, type CodecContext, type ImageSeries, type SeriesSpec, type Source } from "@hilum/core";
import { dicomReader } from "../read/dicom-reader.ts";
import { findImages } from "../read/find-images.ts";
import { lentHeaders } from "./lent-headers.ts";
import { liesAt } from "./match-template.ts";

/**
 * The headers of the instances that the frames of a series were made from, of all that a source holds: whatever else is in it,
 * and however the series was put in order (slices padded in, duplicates left out, phases chosen). Where the frames name no
 * instance of it, the source is read as any other, and its order has to be the same.
 * @throws {HilumError} AMBIGUOUS_INPUT where it then holds several series; as the reader.
 */
export async function templateInSource(series: SeriesSpec, source: Source, context: CodecContext): Promise<ImageSeries> {
  const { images } = await findImages(source, "auto", context);
  const nameOf = (digest: string, frameNumber: number): string => `${digest} ${frameNumber}`;
  const byName = Map.groupBy(images, (image) => nameOf(hash("sha256", image.sopInstanceUID, "hex"), image.frameNumber));
  const headers = series.frames.map((frame) => {
    const [first] = frame.derivedFrom;
    const named = first === undefined ? undefined : byName.get(nameOf(first.sopInstanceUIDHash, first.frameNumber));
    // Images of one mosaic have one name.
    return named?.length === 1 ? named[0] : named?.find(({ imagePosition }) => liesAt(frame, imagePosition));
  });
  if (headers.some((header) => header !== undefined)) return lentHeaders(series, headers);
  const [only, ...others] = await inOwnOrder(source, context);
  for (const other of others) await other[Symbol.asyncDispose]();
  if (only !== undefined && others.length === 0) return only;
  await only?.[Symbol.asyncDispose]();
  throw new HilumError("AMBIGUOUS_INPUT", `The template holds ${others.length + 1} series, and none of them is named by the input.`, {
    details: { series: others.length + 1 },
    remedy: "Give a directory that holds one series, the one that the file was made from.",
  });
}

/** @throws {HilumError} as the reader; where it takes options to put a template in order, the input does not remember which. */
async function inOwnOrder(source: Source, context: CodecContext): Promise<readonly ImageSeries[]> {
  try {
    return await dicomReader.open(source, {}, context);
  } catch (error) {
    if (!isHilumError(error) || error.code !== "IRREGULAR_GEOMETRY") throw error;
    throw new HilumError(error.code, `The input names no instance of the template, whose own order is not regular: ${error.message}`, {
      details: error.details,
      remedy: "Make the input anew with --metadata safe or full, so that it names what it was made from.",
      cause: error,
    });
  }
}
