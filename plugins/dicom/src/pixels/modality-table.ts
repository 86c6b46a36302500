import { createElementTable, findElement } from "../scan/element-table.ts";
import { malformedFile } from "../scan/malformed-file.ts";
import { Tag } from "../scan/tags.ts";
import { rawBytes, type ScannedHead } from "../scan/values.ts";
import type { ModalityTable } from "../series/dicom-instance.ts";
import { firstItem, type ScannedItem } from "../series/frames/item-places.ts";
import { required } from "../series/read-pixel-layout.ts";

const LUT_DESCRIPTOR = 0x00283002;
const LUT_DATA = 0x00283006;

/**
 * The first item of the Modality LUT Sequence (PS3.3 C.11.1.1); undefined where there is none. Entries are unsigned; of 8 bits,
 * they stand one in each byte or one in each word, whichever the length says.
 * @param signed Pixel Representation = 1: the first mapped value is signed, whatever its VR says.
 * @throws {HilumError} MALFORMED_FILE, MISSING_ATTRIBUTE.
 */
export function readModalityTable(head: ScannedItem, signed: boolean): ModalityTable | undefined {
  const item = firstItem(head, Tag.ModalityLUTSequence, createElementTable(16));
  if (item === undefined) return undefined;
  const descriptor = required(rawBytes(item, LUT_DESCRIPTOR), "LUT Descriptor", LUT_DESCRIPTOR);
  if (descriptor.length !== 6) throw faultOf(item, LUT_DESCRIPTOR, "has not three values");
  const count = descriptor.readUInt16LE(0) || 0x10000;
  const firstMapped = signed ? descriptor.readInt16LE(2) : descriptor.readUInt16LE(2);
  const bits = descriptor.readUInt16LE(4);
  if (bits < 8 || bits > 16) throw faultOf(item, LUT_DESCRIPTOR, "tells entries of neither 8 nor 16 bits");
  const data = required(rawBytes(item, LUT_DATA), "LUT Data", LUT_DATA);
  const inBytes = bits === 8 && data.length === count + (count % 2);
  if (!inBytes && data.length !== 2 * count) throw faultOf(item, LUT_DATA, "has another length than LUT Descriptor says");
  const values = Float64Array.from({ length: count }, (_, entry) => (inBytes ? (data[entry] as number) : data.readUInt16LE(2 * entry)));
  return { firstMapped, values };
}

function faultOf({ table }: ScannedHead, tag: number, what: string): Error {
  return malformedFile(what, tag, table.start[findElement(table, tag)] as number);
}
