import { HilumError } from "@hilum/core";
import { findElement, type ElementTable } from "../scan/element-table.ts";
import { malformedFile, tagText } from "../scan/malformed-file.ts";
import { Tag } from "../scan/tags.ts";
import { code, integer, integer16, type ScannedHead } from "../scan/values.ts";
import type { PixelLayout } from "./dicom-instance.ts";

const PLANAR_CONFIGURATION = 0x00280006;
const EXTENDED_OFFSET_TABLE = 0x7fe00001;

/** The attribute's value. @throws {HilumError} MISSING_ATTRIBUTE when there is none. */
export function required<T>(value: T | undefined, name: string, tag: number): T {
  if (value !== undefined) return value;
  throw new HilumError("MISSING_ATTRIBUTE", `${name} ${tagText(tag)} is missing.`, { details: { tag: tagText(tag), attribute: name } });
}

function unsupported(what: string, tag: number): HilumError {
  return new HilumError("UNSUPPORTED_VOXEL_FORMAT", `${what} cannot be read.`, { details: { tag: tagText(tag) } });
}

const GREY = new Set(["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"]);
const COLOUR = new Set(["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT"]);
const REFUSED_BY_NAME = new Set(["YBR_PARTIAL_420", "YBR_PARTIAL_422", "HSV", "ARGB", "CMYK", "XYB"]);
/** An item tag and its length: no fragment takes fewer bytes. */
const LEAST_FRAGMENT_BYTES = 8;

/**
 * How the pixels are stored (PS3.3 C.7.6.3, C.7.6.24, C.7.6.25), checked against the bytes that are there: those of native pixels
 * are as many as the frames need, fragments at least as many as frames. Nothing is allocated for them. Where Samples per Pixel
 * and Photometric Interpretation are both absent, as before DICOM, an image is grey.
 * @throws {HilumError} UNSUPPORTED_VOXEL_FORMAT, MISSING_ATTRIBUTE, MALFORMED_FILE, TRUNCATED_PIXEL_DATA.
 */
export function readPixelLayout(head: ScannedHead): PixelLayout {
  const short = (name: string, tag: number): number => required(integer16(head, tag, false), name, tag);
  const rows = short("Rows", Tag.Rows);
  const columns = short("Columns", Tag.Columns);
  if (rows === 0 || columns === 0) throw new HilumError("MALFORMED_FILE", "The image has no rows or no columns.", { details: { rows, columns } });
  const row = pixelDataRow(head.table);
  const encapsulated = head.table.end[row] !== head.table.valueEnd[row];
  const colours = readColours(head, encapsulated);
  const bits = head.table.tag[row] === Tag.PixelData ? readBits(head) : floatBits(head.table.tag[row] as number);
  const { bitsAllocated } = bits;
  if (colours.samplesPerPixel > 1 && (bits.float || bitsAllocated === 1)) throw unsupported(`Colour images of ${bitsAllocated} bits a sample`, Tag.BitsAllocated);
  const isSubsampled = colours.photometricInterpretation === "YBR_FULL_422" && !encapsulated;
  if (isSubsampled && (bitsAllocated !== 8 || columns % 2 !== 0))
    throw new HilumError("MALFORMED_FILE", "YBR_FULL_422 needs 8 bits a sample and an even number of columns.", { details: { bitsAllocated, columns } });
  const samples = rows * columns * (isSubsampled ? 2 : colours.samplesPerPixel);
  const frames = readFrameCount(head);
  const layout = { rows, columns, ...colours, ...bits, frames, encapsulated, offset: head.table.value[row] as number, frameBytes: Math.ceil((samples * bitsAllocated) / 8) };
  if (encapsulated) return { ...layout, ...checkFragments(head.table, row, frames) };
  const excessBytes = checkNativeBytes(head.table, row, bitsAllocated === 1 ? Math.ceil((samples * frames) / 8) : layout.frameBytes * frames, layout.frameBytes);
  return excessBytes === 0 ? layout : { ...layout, excessBytes };
}

function pixelDataRow(table: ElementTable): number {
  const rows = [Tag.PixelData, Tag.FloatPixelData, Tag.DoubleFloatPixelData].map((tag) => findElement(table, tag)).filter((row) => row >= 0);
  if (rows.length > 1) throw malformedFile("stands beside other pixel data", table.tag[rows[0] as number] as number, table.start[rows[0] as number] as number);
  return required(rows[0], "Pixel Data", Tag.PixelData);
}

function readColours(head: ScannedHead, encapsulated: boolean): Pick<PixelLayout, "samplesPerPixel" | "photometricInterpretation" | "planarConfiguration"> {
  const samples = integer16(head, Tag.SamplesPerPixel, false);
  const said = code(head, Tag.PhotometricInterpretation);
  if (samples === undefined && said === undefined && !encapsulated) return { samplesPerPixel: 1, photometricInterpretation: "MONOCHROME2", planarConfiguration: 0 };
  const samplesPerPixel = required(samples, "Samples per Pixel", Tag.SamplesPerPixel);
  const photometricInterpretation = required(said, "Photometric Interpretation", Tag.PhotometricInterpretation);
  if (REFUSED_BY_NAME.has(photometricInterpretation)) throw unsupported(`Images in ${photometricInterpretation}`, Tag.PhotometricInterpretation);
  if (samplesPerPixel !== 1 && samplesPerPixel !== 3) throw unsupported(`Images of ${samplesPerPixel} samples a pixel`, Tag.SamplesPerPixel);
  if (!(samplesPerPixel === 1 ? GREY : COLOUR).has(photometricInterpretation))
    throw faultOf(head, Tag.PhotometricInterpretation, "is none that fits Samples per Pixel");
  const planar = samplesPerPixel === 1 ? 0 : (integer16(head, PLANAR_CONFIGURATION, false) ?? 0);
  if (planar > 1) throw faultOf(head, PLANAR_CONFIGURATION, "is neither 0 nor 1");
  return { samplesPerPixel, photometricInterpretation, planarConfiguration: planar as 0 | 1 };
}

type Bits = Pick<PixelLayout, "bitsAllocated" | "bitsStored" | "highBit" | "signed" | "float">;

function readBits(head: ScannedHead): Bits {
  const short = (name: string, tag: number): number => required(integer16(head, tag, false), name, tag);
  const bitsAllocated = short("Bits Allocated", Tag.BitsAllocated);
  if (bitsAllocated !== 8 && bitsAllocated !== 16 && bitsAllocated !== 1 && bitsAllocated !== 32) throw unsupported(`Images of ${bitsAllocated} bits a sample`, Tag.BitsAllocated);
  const bitsStored = short("Bits Stored", Tag.BitsStored);
  const highBit = short("High Bit", Tag.HighBit);
  const representation = short("Pixel Representation", Tag.PixelRepresentation);
  if (bitsStored < 1 || highBit >= bitsAllocated || highBit < bitsStored - 1 || representation > 1)
    throw new HilumError("MALFORMED_FILE", "Bits Stored, High Bit and Pixel Representation do not fit Bits Allocated.", {
      details: { bitsAllocated, bitsStored, highBit, pixelRepresentation: representation },
    });
  return { bitsAllocated, bitsStored, highBit, signed: representation === 1, float: false };
}

function floatBits(tag: number): Bits {
  const bitsAllocated = tag === Tag.FloatPixelData ? 32 : 64;
  return { bitsAllocated, bitsStored: bitsAllocated, highBit: bitsAllocated - 1, signed: true, float: true };
}

function readFrameCount(head: ScannedHead): number {
  const frames = integer(head, Tag.NumberOfFrames) ?? 1;
  if (frames < 1) throw faultOf(head, Tag.NumberOfFrames, "counts fewer than one frame");
  return frames;
}

/**
 * How many bytes Pixel Data holds beyond its frames and a padding byte where these are odd (PS3.5 8.1.1): fewer than a frame has.
 * @throws {HilumError} TRUNCATED_PIXEL_DATA, MALFORMED_FILE.
 */
function checkNativeBytes(table: ElementTable, row: number, neededBytes: number, frameBytes: number): number {
  const presentBytes = (table.valueEnd[row] as number) - (table.value[row] as number);
  const details = { tag: tagText(table.tag[row] as number), offset: table.start[row] as number, neededBytes, presentBytes };
  if (!(presentBytes >= neededBytes))
    throw new HilumError("TRUNCATED_PIXEL_DATA", `Pixel Data holds ${presentBytes} bytes where the image needs ${neededBytes}.`, { details });
  const excessBytes = presentBytes - neededBytes - (neededBytes % 2);
  if (excessBytes >= frameBytes)
    throw new HilumError("MALFORMED_FILE", `Pixel Data holds ${presentBytes} bytes where the image has ${neededBytes}.`, { details });
  return Math.max(excessBytes, 0);
}

/** The Extended Offset Table (PS3.3 C.7.6.3.1.8), where there is one, has an entry for each frame. */
function checkFragments(table: ElementTable, row: number, frames: number): Pick<PixelLayout, "extendedOffsets"> {
  const value = table.value[row] as number;
  if (frames > ((table.valueEnd[row] as number) - value) / LEAST_FRAGMENT_BYTES)
    throw new HilumError("TRUNCATED_PIXEL_DATA", `Pixel Data cannot hold fragments for ${frames} frames.`, {
      details: { tag: tagText(Tag.PixelData), offset: table.start[row] as number, frames },
    });
  const extended = findElement(table, EXTENDED_OFFSET_TABLE);
  if (extended < 0) return {};
  if ((table.valueEnd[extended] as number) - (table.value[extended] as number) !== 8 * frames)
    throw malformedFile("has not one entry for each frame", EXTENDED_OFFSET_TABLE, table.start[extended] as number);
  return { extendedOffsets: table.value[extended] as number };
}

function faultOf({ table }: ScannedHead, tag: number, what: string): HilumError {
  return malformedFile(what, tag, table.start[findElement(table, tag)] as number);
}
