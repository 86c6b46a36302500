import { hash } from "node:crypto";
import { HilumError, norm, subtract, type Frame, type ImageSeries, type SeriesSpec, type Vec3 } from "@hilum/core";
import { isUid } from "../scan/values.ts";
import { isDicomSeries, type DicomInstance, type DicomSeries } from "../series/dicom-instance.ts";
import type { DicomWriteOptions } from "./write-options.ts";
import { isMultiFrame, takesPolicy } from "./written-classes.ts";

/** A series of DICOM files, and for each frame to be written the instance whose header it takes. */
export interface TemplateMatch {
  readonly template: DicomSeries;
  /** One for each frame of the series, in its order; undefined for a frame that stands for a missing slice, and is not written. */
  readonly instances: readonly (DicomInstance | undefined)[];
  /** The instance with a SOP Instance UID whose SHA-256 (hexadecimal) is given. */
  readonly bySopInstanceUIDHash: ReadonlyMap<string, DicomInstance>;
}

/** Image positions and spacings that differ by no more than this are equal, mm. */
const POSITION_TOLERANCE_MM = 0.01;
/** Components of the unit vectors of Image Orientation that differ by no more than this are equal. */
const ORIENTATION_TOLERANCE = 1e-4;

const NEEDS_TEMPLATE = "give --template DIR, the DICOM directory that the file was made from";

/**
 * Finds the template instance of every frame: by the hash of the SOP Instance UID that the frame was made from, or, where
 * the source kept no hashes, by the same place in [phase, slice] order. Either way the frame has to lie where the instance
 * lies.
 *
 * @throws {HilumError} INVALID_JOB without a DICOM template; TEMPLATE_MISMATCH; UNSUPPORTED_VOXEL_FORMAT and UNSUPPORTED_WRITE
 * for templates that nothing can be written into.
 */
export function matchTemplate(series: SeriesSpec, template: ImageSeries | undefined, policy: DicomWriteOptions["rescale"]): TemplateMatch {
  if (template === undefined || !isDicomSeries(template))
    throw new HilumError("INVALID_JOB", "A DICOM series is written into the headers of a template, and the job has none.", { remedy: NEEDS_TEMPLATE });
  checkGeometry(series, template);
  checkWritable(template.instances, policy);
  const rowOfHash = new Map(template.instances.map((instance, row) => [hash("sha256", instance.sopInstanceUID, "hex"), row]));
  const rows = rowsOf(series, template, rowOfHash);
  return {
    template,
    instances: rows.map((row) => (row === undefined ? undefined : template.instances[row])),
    bySopInstanceUIDHash: new Map([...rowOfHash].map(([digest, row]) => [digest, template.instances[row] as DicomInstance])),
  };
}

/** For each frame the row of its instance in the template; undefined for one that was padded in. */
function rowsOf(series: SeriesSpec, template: DicomSeries, rowOfHash: ReadonlyMap<string, number>): readonly (number | undefined)[] {
  // A slice that was padded into the template has a frame and no instance.
  const placed = template.frames.filter(({ derivedFrom }) => derivedFrom.length > 0);
  const gaps = template.frames.filter(({ derivedFrom }) => derivedFrom.length === 0);
  const isPadded = (frame: Frame): boolean =>
    frame.derivedFrom.length === 0 && gaps.some(({ phase, imagePosition }) => phase === frame.phase && liesAt(frame, imagePosition));
  const frames = gaps.length === 0 ? series.frames : series.frames.filter((frame) => !isPadded(frame));
  const hashes = frames.map((frame) => frame.derivedFrom[0]?.sopInstanceUIDHash ?? "");
  const byPlace = hashes.every((digest) => digest === "");
  if (byPlace && frames.length !== template.instances.length)
    throw mismatch("have different numbers of frames", { frames: frames.length, instances: template.instances.length });
  // Nothing but their place tells the frames: what tells the phases has to be in the same order too.
  if (byPlace && series.phases.some(({ label, value }, phase) => label !== template.phases[phase]?.label || value !== template.phases[phase]?.value))
    throw mismatch("tell their phases otherwise, or in another order", { phases: series.phases.length });
  const rows = hashes.map((digest, row) => (byPlace ? row : rowOfHash.get(digest)));
  const found = rows.filter((row) => row !== undefined);
  if (found.length < rows.length)
    throw mismatch("do not belong together: frames were made from instances that the template lacks", { frames: rows.length, found: found.length });
  if (new Set(found).size < found.length)
    throw mismatch("do not belong together: several frames were made from one instance", { frames: rows.length, instances: new Set(found).size });
  const moved = frames.filter((frame, index) => {
    const place = placed[found[index] as number]?.imagePosition;
    return place === undefined || !liesAt(frame, place);
  }).length;
  if (moved > 0) throw mismatch("have frames at different positions", { frames: rows.length, atOtherPositions: moved });
  if (frames.length === series.frames.length) return found;
  let next = 0;
  return series.frames.map((frame) => (isPadded(frame) ? undefined : found[next++]));
}

function liesAt({ imagePosition }: Frame, place: Vec3): boolean {
  return norm(subtract(imagePosition, place)) <= POSITION_TOLERANCE_MM;
}

function checkGeometry(series: SeriesSpec, template: DicomSeries): void {
  const wanted = series.volume.geometry;
  const given = template.volume.geometry;
  if (wanted.size[0] !== given.size[0] || wanted.size[1] !== given.size[1])
    throw mismatch("have different rows or columns", {
      columns: wanted.size[0],
      rows: wanted.size[1],
      templateColumns: given.size[0],
      templateRows: given.size[1],
    });
  if (differs(wanted.direction[0], given.direction[0]) || differs(wanted.direction[1], given.direction[1]))
    throw mismatch("have different orientations");
  // Over the whole image, so that the last voxel is where it should be too.
  for (const axis of [0, 1] as const)
    if (!(Math.abs(wanted.spacing[axis] - given.spacing[axis]) * wanted.size[axis] <= POSITION_TOLERANCE_MM))
      throw mismatch("have different pixel spacings");
}

function differs(a: Vec3, b: Vec3): boolean {
  return !(norm(subtract(a, b)) <= ORIENTATION_TOLERANCE);
}

function checkWritable(instances: readonly DicomInstance[], policy: DicomWriteOptions["rescale"]): void {
  const refuse = (code: "UNSUPPORTED_VOXEL_FORMAT" | "UNSUPPORTED_WRITE", what: string, fault: (instance: DicomInstance) => boolean, remedy?: string): void => {
    const count = instances.filter(fault).length;
    if (count === 0) return;
    throw new HilumError(code, `${count} of ${instances.length} images of the template ${what}.`, { details: { images: count }, ...(remedy === undefined ? {} : { remedy }) });
  };
  refuse(
    "UNSUPPORTED_WRITE",
    "are frames of a multi-frame instance; only single-frame images are written",
    ({ pixel, sopClassUID }) => pixel.frames > 1 || isMultiFrame(sopClassUID),
  );
  refuse("UNSUPPORTED_WRITE", "are named by UIDs that break the rules of DICOM, and nothing can refer to them", ({ sopInstanceUID, seriesInstanceUID }) => !isUid(sopInstanceUID) || !isUid(seriesInstanceUID));
  refuse("UNSUPPORTED_WRITE", "are parts of a mosaic; only whole images are written", ({ region }) => region !== undefined);
  refuse("UNSUPPORTED_WRITE", "are in colour; only greyscale is written", ({ pixel }) => pixel.samplesPerPixel !== 1 || !/^MONOCHROME[12]$/.test(pixel.photometricInterpretation));
  refuse("UNSUPPORTED_WRITE", "hold Float Pixel Data; only integers are written", ({ pixel }) => pixel.float);
  refuse("UNSUPPORTED_WRITE", "have a Modality LUT Sequence, which cannot be inverted", ({ modalityTable }) => modalityTable !== undefined);
  refuse("UNSUPPORTED_VOXEL_FORMAT", "are not of 8 or 16 bits", ({ pixel }) => {
    const allocated = pixel.bitsAllocated === 8 || pixel.bitsAllocated === 16;
    return !allocated || pixel.bitsStored < 1 || pixel.highBit >= pixel.bitsAllocated || pixel.highBit < pixel.bitsStored - 1;
  });
  refuse(
    "UNSUPPORTED_WRITE",
    "have a Rescale Slope that cannot be inverted",
    ({ modalityLut: { scale, offset } }) => !Number.isFinite(offset) || !Number.isFinite(scale) || scale === 0,
  );
  refuse(
    "UNSUPPORTED_WRITE",
    `are of a class that is not written with "rescale" set to ${policy}`,
    ({ sopClassUID }) => !takesPolicy(sopClassUID, policy),
    "choose full-range for CT and PET, mr-rwvm for MR, or template-range",
  );
}

function mismatch(what: string, details: Record<string, number> = {}): HilumError {
  return new HilumError("TEMPLATE_MISMATCH", `The series and its template ${what}.`, { details });
}
