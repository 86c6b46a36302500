import { HilumError, type Vec3 } from "@hilum/core";
import { tagText } from "../scan/malformed-file.ts";
import { Tag } from "../scan/tags.ts";
import type { ImageHeader, PatientIdentity } from "./image-header.ts";

/** Direction cosines of one stack differ by no more than this. */
export const ORIENTATION_TOLERANCE = 1e-4;
/** Pixel spacings of one stack differ by no more than this part. */
export const PIXEL_SPACING_TOLERANCE = 1e-4;

const STACK_ID = 0x00209056;

const IDENTITY_TAGS: readonly (readonly [keyof PatientIdentity, number])[] = [
  ["patientID", Tag.PatientID],
  ["patientName", Tag.PatientName],
  ["patientBirthDate", Tag.PatientBirthDate],
];

/**
 * Sorts images into stacks: those that share study, series, frame of reference, SOP class, Stack ID, size, samples, bits, and,
 * within tolerance, orientation and pixel spacing. In order of their first image.
 * @throws {HilumError} MIXED_SERIES when images of one series are of different patients.
 */
export function groupIntoStacks(images: readonly ImageHeader[]): readonly (readonly ImageHeader[])[] {
  refuseMixedPatients(images);
  const byKey = new Map<string, ImageHeader[][]>();
  const stacks: ImageHeader[][] = [];
  for (const image of images) {
    const key = stackKey(image);
    const alike = byKey.get(key) ?? [];
    byKey.set(key, alike);
    const stack = alike.find(([first]) => first !== undefined && samePlaneFormat(first, image));
    if (stack === undefined) {
      const started = [image];
      alike.push(started);
      stacks.push(started);
    } else stack.push(image);
  }
  return stacks;
}

function stackKey(image: ImageHeader): string {
  return stackValues(image).join("|");
}

/** What images of one stack have in common, in the order of STACK_ATTRIBUTES. */
function stackValues(image: ImageHeader): readonly unknown[] {
  const { samplesPerPixel, bitsAllocated, bitsStored, highBit, signed, float, photometricInterpretation } = image.pixel;
  return [
    image.studyInstanceUID,
    image.seriesInstanceUID,
    image.frameOfReferenceUID,
    image.sopClassUID,
    image.modality,
    image.units,
    image.placedBy,
    image.stackId,
    photometricInterpretation,
    image.size[0],
    image.size[1],
    samplesPerPixel,
    float,
    bitsAllocated,
    bitsStored,
    highBit,
    signed,
  ];
}

const STACK_ATTRIBUTES: readonly (readonly [name: string, tag: number])[] = [
  ["Study Instance UID", Tag.StudyInstanceUID],
  ["Series Instance UID", Tag.SeriesInstanceUID],
  ["Frame of Reference UID", Tag.FrameOfReferenceUID],
  ["SOP Class UID", Tag.SOPClassUID],
  ["Modality", Tag.Modality],
  ["the units of its values", Tag.RescaleType],
  ["Image Position (Patient)", Tag.ImagePositionPatient],
  ["Stack ID", STACK_ID],
  ["Photometric Interpretation", Tag.PhotometricInterpretation],
  ["Columns", Tag.Columns],
  ["Rows", Tag.Rows],
  ["Samples per Pixel", Tag.SamplesPerPixel],
  ["Float Pixel Data", Tag.FloatPixelData],
  ["Bits Allocated", Tag.BitsAllocated],
  ["Bits Stored", Tag.BitsStored],
  ["High Bit", Tag.HighBit],
  ["Pixel Representation", Tag.PixelRepresentation],
];

/** A MIXED_SERIES error about two stacks of a series that would be one if their images did not differ, and in what they do. */
export function differingImages(a: readonly ImageHeader[], b: readonly ImageHeader[]): HilumError {
  const [first] = a as readonly [ImageHeader];
  const [other] = b as readonly [ImageHeader];
  const values = stackValues(other);
  const differing = stackValues(first).flatMap((value, index) => (value === values[index] ? [] : [STACK_ATTRIBUTES[index] as readonly [string, number]]));
  if (!samePixelSpacing(first, other)) differing.push(["Pixel Spacing", Tag.PixelSpacing]);
  if (!sameOrientation(first, other)) differing.push(["Image Orientation (Patient)", Tag.ImageOrientationPatient]);
  const [images, fewer] = [a.length + b.length, Math.min(a.length, b.length)];
  return new HilumError(
    "MIXED_SERIES",
    `${fewer} of ${images} images ${fewer === 1 ? "differs" : "differ"} from the others, whose gaps ${fewer === 1 ? "it fills" : "they fill"}, in ${differing.map(([name, tag]) => `${name} ${tagText(tag)}`).join(", ")}.`,
    {
      details: { images, differing: fewer, differingTags: differing.map(([, tag]) => tagText(tag)) },
      remedy: "Fetch the series again from its archive, or give all of its images one form; those that differ make no volume with the others.",
    },
  );
}

function samePlaneFormat(a: ImageHeader, b: ImageHeader): boolean {
  return sameOrientation(a, b) && samePixelSpacing(a, b);
}

function sameOrientation(a: ImageHeader, b: ImageHeader): boolean {
  return close(a.rowDirection, b.rowDirection) && close(a.columnDirection, b.columnDirection);
}

function samePixelSpacing(a: ImageHeader, b: ImageHeader): boolean {
  return (
    Math.abs(a.spacing[0] - b.spacing[0]) <= PIXEL_SPACING_TOLERANCE * a.spacing[0] && Math.abs(a.spacing[1] - b.spacing[1]) <= PIXEL_SPACING_TOLERANCE * a.spacing[1]
  );
}

function close(a: Vec3, b: Vec3): boolean {
  return (
    Math.abs(a[0] - b[0]) <= ORIENTATION_TOLERANCE &&
    Math.abs(a[1] - b[1]) <= ORIENTATION_TOLERANCE &&
    Math.abs(a[2] - b[2]) <= ORIENTATION_TOLERANCE
  );
}

function refuseMixedPatients(images: readonly ImageHeader[]): void {
  const firstOf = new Map<string, PatientIdentity>();
  const differing = new Set<number>();
  let foreign = 0;
  for (const { seriesInstanceUID, patient } of images) {
    const first = firstOf.get(seriesInstanceUID) ?? patient;
    firstOf.set(seriesInstanceUID, first);
    const tags = IDENTITY_TAGS.filter(([name]) => first[name] !== patient[name]);
    if (tags.length > 0) foreign++;
    for (const [, tag] of tags) differing.add(tag);
  }
  if (foreign === 0) return;
  throw new HilumError("MIXED_SERIES", `${foreign} of ${images.length} images are of another patient than the first of their series.`, {
    details: { images: images.length, foreign, differingTags: [...differing].sort((a, b) => a - b).map(tagText) },
  });
}
