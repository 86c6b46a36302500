import { HilumError } from "@hilum/core";
import { findElement } from "../scan/element-table.ts";
import { malformedFile, tagText } from "../scan/malformed-file.ts";
import { Tag } from "../scan/tags.ts";
import { code, codes, integer, integer16, type ScannedHead } from "../scan/values.ts";
import type { PixelLayout } from "./dicom-instance.ts";

/** The attribute's value. @throws {HilumError} MISSING_ATTRIBUTE when there is none. */
export function required<T>(value: T | undefined, name: string, tag: number): T {
  if (value !== undefined) return value;
  throw new HilumError("MISSING_ATTRIBUTE", `${name} ${tagText(tag)} is missing.`, { details: { tag: tagText(tag), attribute: name } });
}

function unsupported(what: string): HilumError {
  return new HilumError("UNSUPPORTED_VOXEL_FORMAT", `${what} cannot be read yet.`);
}

/**
 * How the pixels are stored (PS3.3 C.7.6.3), checked against the bytes that are there.
 * @throws {HilumError} UNSUPPORTED_VOXEL_FORMAT, MISSING_ATTRIBUTE, MALFORMED_FILE, TRUNCATED_PIXEL_DATA.
 */
export function readPixelLayout(head: ScannedHead): PixelLayout {
  refuseOtherKinds(head);
  const short = (name: string, tag: number): number => required(integer16(head, tag, false), name, tag);
  const samplesPerPixel = short("Samples per Pixel", Tag.SamplesPerPixel);
  const photometricInterpretation = required(
    code(head, Tag.PhotometricInterpretation),
    "Photometric Interpretation",
    Tag.PhotometricInterpretation,
  );
  if (samplesPerPixel !== 1 || !photometricInterpretation.startsWith("MONOCHROME")) throw unsupported("Colour and palette images");
  const bitsAllocated = short("Bits Allocated", Tag.BitsAllocated);
  if (bitsAllocated !== 8 && bitsAllocated !== 16) throw unsupported(`Images of ${bitsAllocated} bits a sample`);
  const bitsStored = short("Bits Stored", Tag.BitsStored);
  const highBit = short("High Bit", Tag.HighBit);
  const representation = short("Pixel Representation", Tag.PixelRepresentation);
  if (bitsStored < 1 || highBit >= bitsAllocated || highBit < bitsStored - 1 || representation > 1)
    throw new HilumError("MALFORMED_FILE", "Bits Stored, High Bit and Pixel Representation do not fit Bits Allocated.", {
      details: { bitsAllocated, bitsStored, highBit, pixelRepresentation: representation },
    });
  const rows = short("Rows", Tag.Rows);
  const columns = short("Columns", Tag.Columns);
  if (rows === 0 || columns === 0) throw new HilumError("MALFORMED_FILE", "The image has no rows or no columns.", { details: { rows, columns } });
  const frameBytes = rows * columns * (bitsAllocated / 8);
  const offset = checkedOffset(head, frameBytes);
  return { rows, columns, samplesPerPixel, bitsAllocated, bitsStored, highBit, signed: representation === 1, float: false, photometricInterpretation, planarConfiguration: 0, frames: 1, encapsulated: false, offset, frameBytes };
}

function refuseOtherKinds(head: ScannedHead): void {
  const frames = integer(head, Tag.NumberOfFrames);
  if ((frames ?? 1) < 1) {
    const row = findElement(head.table, Tag.NumberOfFrames);
    throw malformedFile("counts fewer than one frame", Tag.NumberOfFrames, head.table.start[row] as number);
  }
  if ((frames ?? 1) > 1 || findElement(head.table, Tag.PerFrameFunctionalGroupsSequence) >= 0)
    throw unsupported("Multi-frame images");
  if (codes(head, Tag.ImageType)?.includes("MOSAIC") === true) throw unsupported("Siemens mosaics");
  if (findElement(head.table, Tag.FloatPixelData) >= 0 || findElement(head.table, Tag.DoubleFloatPixelData) >= 0)
    throw unsupported("Float Pixel Data");
  if (findElement(head.table, Tag.ModalityLUTSequence) >= 0) throw unsupported("A Modality LUT Sequence");
}

/** Where the value of Pixel Data begins, when it holds exactly one frame (and a padding byte where that is odd; PS3.5 8.1.1). */
function checkedOffset({ table }: ScannedHead, frameBytes: number): number {
  const found = findElement(table, Tag.PixelData);
  const row = required(found < 0 ? undefined : found, "Pixel Data", Tag.PixelData);
  const value = table.value[row] as number;
  const presentBytes = (table.valueEnd[row] as number) - value;
  const details = { tag: tagText(Tag.PixelData), offset: table.start[row] as number, neededBytes: frameBytes, presentBytes };
  if (presentBytes < frameBytes)
    throw new HilumError("TRUNCATED_PIXEL_DATA", `Pixel Data holds ${presentBytes} bytes where the image needs ${frameBytes}.`, { details });
  if (presentBytes > frameBytes + (frameBytes % 2))
    throw new HilumError("MALFORMED_FILE", `Pixel Data holds ${presentBytes} bytes where the image has ${frameBytes}.`, { details });
  return value;
}
