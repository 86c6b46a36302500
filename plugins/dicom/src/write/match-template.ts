import { hash } from "node:crypto";
import { HilumError, norm, subtract, type ImageSeries, type SeriesSpec, type Vec3 } from "@hilum/core";
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from "../scan/read-head.ts";
import { isDicomSeries, type DicomInstance, type DicomSeries } from "../series/dicom-instance.ts";

/** A series of DICOM files, and for each frame to be written the instance whose header it takes. */
export interface TemplateMatch {
  readonly template: DicomSeries;
  /** One for each frame of the series to be written, in its order. */
  readonly instances: readonly DicomInstance[];
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
 * @throws {HilumError} INVALID_JOB without a DICOM template; TEMPLATE_MISMATCH; UNSUPPORTED_TRANSFER_SYNTAX,
 * UNSUPPORTED_VOXEL_FORMAT and UNSUPPORTED_WRITE for templates that nothing can be written into.
 */
export function matchTemplate(series: SeriesSpec, template: ImageSeries | undefined): TemplateMatch {
  if (template === undefined || !isDicomSeries(template))
    throw new HilumError("INVALID_JOB", "A DICOM series is written into the headers of a template, and the job has none.", { remedy: NEEDS_TEMPLATE });
  checkGeometry(series, template);
  const rowOfHash = new Map(template.instances.map((instance, row) => [hash("sha256", instance.sopInstanceUID, "hex"), row]));
  const rows = rowsOf(series, template, rowOfHash);
  const instances = rows.map((row) => template.instances[row] as DicomInstance);
  checkWritable(instances);
  return {
    template,
    instances,
    bySopInstanceUIDHash: new Map([...rowOfHash].map(([digest, row]) => [digest, template.instances[row] as DicomInstance])),
  };
}

function rowsOf(series: SeriesSpec, template: DicomSeries, rowOfHash: ReadonlyMap<string, number>): readonly number[] {
  const hashes = series.frames.map((frame) => frame.derivedFrom[0]?.sopInstanceUIDHash ?? "");
  const byPlace = hashes.every((digest) => digest === "");
  if (byPlace && series.frames.length !== template.instances.length)
    throw mismatch("have different numbers of frames", { frames: series.frames.length, instances: template.instances.length });
  const rows = hashes.map((digest, row) => (byPlace ? row : rowOfHash.get(digest)));
  const found = rows.filter((row) => row !== undefined);
  if (found.length < rows.length)
    throw mismatch("do not belong together: frames were made from instances that the template lacks", { frames: rows.length, found: found.length });
  if (new Set(found).size < found.length)
    throw mismatch("do not belong together: several frames were made from one instance", { frames: rows.length, instances: new Set(found).size });
  const moved = series.frames.filter((frame, index) => {
    const place = template.frames[found[index] as number]?.imagePosition;
    return place === undefined || !(norm(subtract(frame.imagePosition, place)) <= POSITION_TOLERANCE_MM);
  }).length;
  if (moved > 0) throw mismatch("have frames at different positions", { frames: rows.length, atOtherPositions: moved });
  return found;
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

function checkWritable(instances: readonly DicomInstance[]): void {
  const count = (fault: (instance: DicomInstance) => boolean): number => instances.filter(fault).length;
  const otherSyntax = count(
    ({ transferSyntaxUID }) => transferSyntaxUID !== IMPLICIT_VR_LITTLE_ENDIAN && transferSyntaxUID !== EXPLICIT_VR_LITTLE_ENDIAN,
  );
  if (otherSyntax > 0)
    throw new HilumError("UNSUPPORTED_TRANSFER_SYNTAX", `${otherSyntax} instances of the template are not in an uncompressed little endian transfer syntax.`, {
      details: { instances: otherSyntax },
    });
  const otherPixels = count(({ pixel }) => {
    const grey = pixel.samplesPerPixel === 1 && /^MONOCHROME[12]$/.test(pixel.photometricInterpretation);
    const allocated = pixel.bitsAllocated === 8 || pixel.bitsAllocated === 16;
    return !grey || !allocated || pixel.bitsStored < 1 || pixel.highBit >= pixel.bitsAllocated || pixel.highBit < pixel.bitsStored - 1;
  });
  if (otherPixels > 0)
    throw new HilumError("UNSUPPORTED_VOXEL_FORMAT", `${otherPixels} instances of the template are not 8 or 16 bit greyscale.`, {
      details: { instances: otherPixels },
    });
  const noInverse = count(({ modalityLut }) => !Number.isFinite(modalityLut.offset) || !Number.isFinite(modalityLut.scale) || modalityLut.scale === 0);
  if (noInverse > 0)
    throw new HilumError("UNSUPPORTED_WRITE", `${noInverse} instances of the template have a Rescale Slope that cannot be inverted.`, {
      details: { instances: noInverse },
    });
}

function mismatch(what: string, details: Record<string, number> = {}): HilumError {
  return new HilumError("TEMPLATE_MISMATCH", `The series and its template ${what}.`, { details });
}
