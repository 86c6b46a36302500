import { hash } from "node:crypto";
import { HilumError, norm, subtract, type Frame, type FrameRef, type ImageSeries, type SeriesSpec, type Vec3 } from "@hilum/core";
import { isSubsampled } from "../pixels/unpack.ts";
import { isUid } from "../scan/values.ts";
import { isDicomSeries, type DicomInstance, type DicomSeries } from "../series/dicom-instance.ts";
import { isCodedRightly } from "./compression.ts";
import { isInvertible } from "./invert-modality-table.ts";
import { outputInstances, type OutputFrame, type OutputInstance } from "./output-instances.ts";
import { TEMPLATE_REMEDY } from "./template-remedy.ts";
import type { DicomWriteOptions } from "./write-options.ts";
import { isEnhanced, takesPolicy } from "./written-classes.ts";

/** A series of DICOM files, and the instances that are written into their headers. */
export interface TemplateMatch {
  readonly template: DicomSeries;
  /** In order of their first frames; a frame that stands for a missing slice is in none. */
  readonly outputs: readonly OutputInstance[];
  /** The instance with a SOP Instance UID whose SHA-256 (hexadecimal) is given. */
  readonly bySopInstanceUIDHash: ReadonlyMap<string, DicomInstance>;
}

/** Image positions and spacings that differ by no more than this are equal, mm. */
const POSITION_TOLERANCE_MM = 0.01;
/** Components of the unit vectors of Image Orientation that differ by no more than this are equal. */
const ORIENTATION_TOLERANCE = 1e-4;

/** Photometric Interpretations beside greyscale that decoding leaves as they are. */
const SAME_WHEN_NATIVE: ReadonlySet<string> = new Set(["PALETTE COLOR", "RGB", "YBR_FULL"]);
const KEEPING_FORM = "choose template-range";

/**
 * Finds the template's frame of every frame: by the hash of the SOP Instance UID that the frame was made from and its number in
 * it, or, where the source kept no hashes, by the same place in [phase, slice] order. Either way the frame has to lie where the
 * template's lies; this also tells the tiles of a mosaic. Instances of several frames are written whole or not at all.
 *
 * @throws {HilumError} INVALID_JOB without a DICOM template; TEMPLATE_MISMATCH; UNSUPPORTED_VOXEL_FORMAT and UNSUPPORTED_WRITE
 * for templates that nothing can be written into.
 */
export function matchTemplate(series: SeriesSpec, template: ImageSeries | undefined, options: Pick<DicomWriteOptions, "rescale" | "compress">): TemplateMatch {
  if (template === undefined || !isDicomSeries(template))
    throw new HilumError("INVALID_JOB", "A DICOM series is written into the headers of a template, and the job has none.", { remedy: TEMPLATE_REMEDY });
  checkGeometry(series, template);
  checkWritable(template.instances, options);
  const hashes = hashesOf(template.instances);
  const outputs = outputInstances(series.frames, outputFrames(series, template, hashes));
  checkWhole(outputs);
  return { template, outputs, bySopInstanceUIDHash: new Map(template.instances.map((instance, row) => [hashes[row] as string, instance])) };
}

/** SHA-256 of the SOP Instance UID of each; frames of one instance follow each other. */
function hashesOf(instances: readonly DicomInstance[]): readonly string[] {
  let [last, digest] = ["", ""];
  return instances.map(({ sopInstanceUID }) => {
    if (sopInstanceUID !== last) [last, digest] = [sopInstanceUID, hash("sha256", sopInstanceUID, "hex")];
    return digest;
  });
}

/** A header tells of all frames of its instance. */
function checkWhole(outputs: readonly OutputInstance[]): void {
  const torn = outputs.filter(({ frames: [first, ...others] }) => first.template.region === undefined && others.length + 1 !== first.template.pixel.frames);
  if (torn.length > 0)
    throw new HilumError("UNSUPPORTED_WRITE", `${torn.length} of ${outputs.length} instances of the template have frames that the series lacks; multi-frame instances are written whole.`, {
      details: { instances: torn.length },
    });
}

/** The frames to be written: all but those that were padded in. */
function outputFrames(series: SeriesSpec, template: DicomSeries, templateHashes: readonly string[]): readonly OutputFrame[] {
  // A slice that was padded into the template has a frame and no instance.
  const placed = template.frames.filter(({ derivedFrom }) => derivedFrom.length > 0);
  const gaps = template.frames.filter(({ derivedFrom }) => derivedFrom.length === 0);
  const isPadded = (frame: Frame): boolean =>
    frame.derivedFrom.length === 0 && gaps.some(({ phase, imagePosition }) => phase === frame.phase && liesAt(frame, imagePosition));
  const frames = gaps.length === 0 ? series.frames : series.frames.filter((frame) => !isPadded(frame));
  const byPlace = frames.every(({ derivedFrom: [source] }) => (source?.sopInstanceUIDHash ?? "") === "");
  if (byPlace && frames.length !== template.instances.length)
    throw mismatch("have different numbers of frames", { frames: frames.length, instances: template.instances.length });
  // Nothing but their place tells the frames: what tells the phases has to be in the same order too.
  if (byPlace && series.phases.some(({ label, value }, phase) => label !== template.phases[phase]?.label || value !== template.phases[phase]?.value))
    throw mismatch("tell their phases otherwise, or in another order", { phases: series.phases.length });
  const rowsByName = groupedRows(template.instances.map(({ frameNumber }, row) => nameOf({ sopInstanceUIDHash: templateHashes[row] as string, frameNumber })));
  const rows = frames.map((frame, row) => {
    if (byPlace) return row;
    const [source] = frame.derivedFrom;
    // The tiles of a mosaic have one name, and nothing but their place tells them.
    const named = (source && rowsByName.get(nameOf(source))) ?? [];
    return named.find((candidate) => liesAt(frame, (placed[candidate] as Frame).imagePosition)) ?? named[0];
  });
  const found = rows.filter((row) => row !== undefined);
  if (found.length < rows.length)
    throw mismatch("do not belong together: frames were made from instances that the template lacks", { frames: rows.length, found: found.length });
  if (new Set(found).size < found.length)
    throw mismatch("do not belong together: several frames were made from one of the template", { frames: rows.length, made: new Set(found).size });
  const moved = frames.filter((frame, index) => {
    const place = placed[found[index] as number]?.imagePosition;
    return place === undefined || !liesAt(frame, place);
  }).length;
  if (moved > 0) throw mismatch("have frames at different positions", { frames: rows.length, atOtherPositions: moved });
  let next = 0;
  return series.frames.flatMap((frame, row) => {
    if (isPadded(frame)) return [];
    const of = found[next++] as number;
    return [{ row, template: template.instances[of] as DicomInstance, imagePosition: (placed[of] as Frame).imagePosition }];
  });
}

function nameOf({ sopInstanceUIDHash, frameNumber }: Pick<FrameRef, "sopInstanceUIDHash" | "frameNumber">): string {
  return `${sopInstanceUIDHash} ${frameNumber}`;
}

function groupedRows(names: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const rows = new Map<string, number[]>();
  for (const [row, name] of names.entries()) {
    const known = rows.get(name);
    if (known === undefined) rows.set(name, [row]);
    else known.push(row);
  }
  return rows;
}

/** Whether a frame lies at a place, mm, within what texts of coordinates are rounded by. */
export function liesAt({ imagePosition }: Frame, place: Vec3): boolean {
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

/** Refuses instances of a template that have a fault. */
type Refusal = (code: "UNSUPPORTED_VOXEL_FORMAT" | "UNSUPPORTED_WRITE", what: string, fault: (instance: DicomInstance) => boolean, remedy?: string) => void;

/** A Parametric Map takes no more of its template than whose image it is and where it lies. */
function checkMappable(refuse: Refusal, compress: DicomWriteOptions["compress"]): void {
  const remedy = "choose another value of rescale";
  refuse("UNSUPPORTED_WRITE", "say where they lie in functional groups, and become no Parametric Map", ({ sopClassUID }) => isEnhanced(sopClassUID), remedy);
  refuse("UNSUPPORTED_WRITE", "are parts of a mosaic, and become no Parametric Map", ({ region }) => region !== undefined, remedy);
  refuse("UNSUPPORTED_WRITE", "would become a Parametric Map, whose real values no codec compresses", () => compress !== undefined, "leave compress out");
}

function checkWritable(instances: readonly DicomInstance[], { rescale, compress }: Pick<DicomWriteOptions, "rescale" | "compress">): void {
  const refuse: Refusal = (code, what, fault, remedy) => {
    const count = instances.filter(fault).length;
    if (count === 0) return;
    throw new HilumError(code, `${count} of ${instances.length} images of the template ${what}.`, { details: { images: count }, ...(remedy === undefined ? {} : { remedy }) });
  };
  refuse(
    "UNSUPPORTED_WRITE",
    "are frames of a multi-frame instance that is no enhanced MR, CT or PET image, and keeps its stored form",
    ({ pixel, sopClassUID }) => pixel.frames > 1 && !isEnhanced(sopClassUID) && rescale !== "template-range",
    KEEPING_FORM,
  );
  refuse("UNSUPPORTED_WRITE", "are named by UIDs that break the rules of DICOM, and nothing can refer to them", ({ sopInstanceUID, seriesInstanceUID }) => !isUid(sopInstanceUID) || !isUid(seriesInstanceUID));
  refuse(
    "UNSUPPORTED_WRITE",
    "are in colour, indices of a palette or single bits, and keep their stored form",
    ({ pixel }) => (!isGreyscale(pixel) || pixel.bitsAllocated === 1) && rescale !== "template-range",
    KEEPING_FORM,
  );
  if (rescale === "float") return checkMappable(refuse, compress);
  refuse(
    "UNSUPPORTED_WRITE",
    "are in colours of a compressed form, which decoding changes",
    ({ pixel }) => !isGreyscale(pixel) && !isSubsampled(pixel) && !SAME_WHEN_NATIVE.has(pixel.photometricInterpretation),
    "decompress the template first, e.g. with gdcmconv --raw",
  );
  refuse(
    "UNSUPPORTED_WRITE",
    "have a Modality LUT Sequence that cannot be inverted, or that another stored form would contradict",
    ({ modalityTable, pixel }) => modalityTable !== undefined && (rescale !== "template-range" || !isInvertible(modalityTable, pixel)),
  );
  refuse("UNSUPPORTED_VOXEL_FORMAT", "are integers, and not of 1, 8, 16 or 32 bits", ({ pixel }) => {
    if (pixel.float) return false;
    const allocated = pixel.bitsAllocated === 1 ? !pixel.signed : [8, 16, 32].includes(pixel.bitsAllocated);
    return !allocated || pixel.bitsStored < 1 || pixel.highBit >= pixel.bitsAllocated || pixel.highBit < pixel.bitsStored - 1;
  });
  refuse(
    "UNSUPPORTED_WRITE",
    "have a Rescale Slope that cannot be inverted",
    ({ modalityLut: { scale, offset } }) => !Number.isFinite(offset) || !Number.isFinite(scale) || scale === 0,
  );
  refuse(
    "UNSUPPORTED_WRITE",
    `are of a class that is not written with "rescale" set to ${rescale}`,
    ({ sopClassUID }) => !takesPolicy(sopClassUID, rescale),
    "choose full-range for CT and PET, mr-rwvm for MR, or template-range",
  );
  if (compress === undefined) return;
  refuse("UNSUPPORTED_WRITE", "are in implicit VR, which no compressed transfer syntax has", ({ explicitVr }) => !explicitVr, "write them uncompressed");
  // The other policies store what every codec takes.
  if (rescale !== "template-range") return;
  refuse(
    "UNSUPPORTED_WRITE",
    "are in colour, indices of a palette, or of other than 8 or 16 bits, and are not compressed",
    ({ pixel }) => !isGreyscale(pixel) || (pixel.bitsAllocated !== 8 && pixel.bitsAllocated !== 16),
    "write them uncompressed",
  );
  refuse("UNSUPPORTED_WRITE", "have a High Bit that is not Bits Stored less one, and cannot be compressed", ({ pixel }) => pixel.highBit !== pixel.bitsStored - 1);
  refuse(
    "UNSUPPORTED_WRITE",
    `have a number of bits or a sign that the ${compress} encoder does not code rightly`,
    ({ pixel }) => !isCodedRightly(compress, pixel),
    "choose jpeg-ls or rle",
  );
}

function isGreyscale({ photometricInterpretation }: DicomInstance["pixel"]): boolean {
  return /^MONOCHROME[12]$/.test(photometricInterpretation);
}

function mismatch(what: string, details: Record<string, number> = {}): HilumError {
  return new HilumError("TEMPLATE_MISMATCH", `The series and its template ${what}.`, { details });
}
