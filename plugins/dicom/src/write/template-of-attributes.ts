import { HilumError, isHilumError, sliceLengthOf, type DicomJson, type SeriesSpec } from "@hilum/core";
import { KeptHeads } from "../scan/kept-heads.ts";
import { HeadReader } from "../scan/read-head.ts";
import { EXPLICIT_VR_LITTLE_ENDIAN } from "../scan/transfer-syntaxes.ts";
import type { DicomSeries } from "../series/dicom-instance.ts";
import type { ImageHeader } from "../series/image-header.ts";
import { readInstanceFrames } from "../series/frames/instance-frames.ts";
import { readPixelLayout } from "../series/read-pixel-layout.ts";
import { headerFile } from "./header-file.ts";
import { lentHeaders } from "./lent-headers.ts";
import { TEMPLATE_REMEDY } from "./template-remedy.ts";
import { isEnhanced } from "./written-classes.ts";

const SOP_CLASS_UID = "00080016";
const SOP_INSTANCE_UID = "00080018";
const NUMBER_OF_FRAMES = "00280008";
const BITS_ALLOCATED = "00280100";

/** Longest value that is no sequence of fragments, even (PS3.5 7.1). */
const MAX_PIXEL_BYTES = 0xffff_fffe;

/**
 * The headers of a series made of the attributes that it carries: of all of them, as an HDF5 file with `--metadata full` has them.
 * Each is encoded as a file in memory and read as any other file is, so that the writer knows one kind of template.
 * @throws {HilumError} INVALID_JOB where the series carries fewer attributes; UNSUPPORTED_WRITE where several frames were one
 * instance; as the reader, and as `encodeAttributes`, for what is wrong in them.
 */
export function templateOfAttributes(series: SeriesSpec): DicomSeries {
  const { shared, perFrame } = series.attributes("all");
  const ofFrames = series.frames.map(({ derivedFrom }, index): DicomJson | undefined => (derivedFrom.length === 0 ? undefined : { ...shared, ...perFrame[index] }));
  refuseTooLittle(ofFrames);
  const reader = new HeadReader();
  const keptHeads = new KeptHeads();
  return lentHeaders(series, ofFrames.map((attributes) => attributes && readHeader(attributes, series, reader, keptHeads)));
}

function refuseTooLittle(ofFrames: readonly (DicomJson | undefined)[]): void {
  const given = ofFrames.filter((attributes) => attributes !== undefined);
  const uids = given.map((attributes) => attributes[SOP_INSTANCE_UID]?.Value?.[0]);
  if (uids.length === 0 || uids.includes(undefined))
    throw new HilumError("INVALID_JOB", "A DICOM series takes all of its source's attributes, and the input does not carry them.", {
      remedy: `${TEMPLATE_REMEDY}; or make the file anew with --metadata full`,
    });
  const isOfMany = (attributes: DicomJson): boolean => isEnhanced(String(attributes[SOP_CLASS_UID]?.Value?.[0])) || Number(attributes[NUMBER_OF_FRAMES]?.Value?.[0] ?? 1) > 1;
  if (new Set(uids).size < uids.length || given.some(isOfMany))
    throw new HilumError("UNSUPPORTED_WRITE", "The input was made of frames of multi-frame instances or of mosaics, which are not made anew of their attributes.", { remedy: TEMPLATE_REMEDY });
}

function readHeader(attributes: DicomJson, series: SeriesSpec, reader: HeadReader, keptHeads: KeptHeads): ImageHeader {
  // Where the number is none, or absurd, the reader says so.
  const bits = Number(attributes[BITS_ALLOCATED]?.Value?.[0]) || 0;
  const file = headerFile(attributes, Math.min(Math.ceil((sliceLengthOf(series.volume) * bits) / 8), MAX_PIXEL_BYTES));
  const meta = { transferSyntaxUID: EXPLICIT_VR_LITTLE_ENDIAN, dataSetStart: 0 };
  try {
    reader.readDataSet(file, meta);
    const [header] = readInstanceFrames({ file, place: { file: 1, files: 1 }, meta, head: reader, pixel: readPixelLayout(reader), padding: "auto", keptHeads });
    return { ...(header as ImageHeader), attributes };
  } catch (error) {
    if (!isHilumError(error)) throw error;
    throw new HilumError(error.code, `The attributes that the input carries make no image: ${error.message}`, { details: error.details, remedy: TEMPLATE_REMEDY, cause: error });
  } finally {
    file.close();
  }
}
