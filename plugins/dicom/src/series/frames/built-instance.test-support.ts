import { codecContext, encodePart10, memorySource, type DataElement, type DataSet, type EncodingOptions } from "@hilum/testing";
import { isHilumError, type HilumError } from "@hilum/core";
import { findImages } from "../../read/find-images.ts";
import type { ImageHeader } from "../image-header.ts";

export const us = (tag: number, ...numbers: readonly number[]): DataElement => ({ tag, vr: "US", numbers });
export const ul = (tag: number, ...numbers: readonly number[]): DataElement => ({ tag, vr: "UL", numbers });
export const fd = (tag: number, ...numbers: readonly number[]): DataElement => ({ tag, vr: "FD", numbers });
export const ds = (tag: number, ...numbers: readonly number[]): DataElement => ({ tag, vr: "DS", text: numbers.join("\\") });
export const cs = (tag: number, text: string): DataElement => ({ tag, vr: "CS", text });
export const sq = (tag: number, ...items: readonly DataSet[]): DataElement => ({ tag, vr: "SQ", items });

const ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1";

/** An enhanced MR instance of `frames` images of 2 columns × 3 rows, 8 bits, with nothing said of their places; or a changed one. */
export function builtInstance(frames: number, changes: DataSet, sopClassUID = ENHANCED_MR): DataSet {
  const rows = Number(numberOf(changes, 0x00280010) ?? 3);
  const columns = Number(numberOf(changes, 0x00280011) ?? 2);
  const plain: DataSet = [
    { tag: 0x00080016, vr: "UI", text: sopClassUID },
    { tag: 0x00080018, vr: "UI", text: "1.2.3.4" },
    cs(0x00080060, "MR"),
    { tag: 0x0020000d, vr: "UI", text: "1.2.3" },
    { tag: 0x0020000e, vr: "UI", text: "1.2.3.1" },
    us(0x00280002, 1),
    cs(0x00280004, "MONOCHROME2"),
    { tag: 0x00280008, vr: "IS", text: String(frames) },
    us(0x00280010, 3),
    us(0x00280011, 2),
    us(0x00280100, 8),
    us(0x00280101, 8),
    us(0x00280102, 7),
    us(0x00280103, 0),
    { tag: 0x7fe00010, vr: "OW", bytes: new Uint8Array(Math.ceil((frames * rows * columns) / 2) * 2) },
  ];
  const changed = new Set(changes.map(({ tag }) => tag));
  return [...plain.filter(({ tag }) => !changed.has(tag)), ...changes];
}

function numberOf(dataSet: DataSet, tag: number): number | undefined {
  const element = dataSet.find((candidate) => candidate.tag === tag);
  return element !== undefined && "numbers" in element ? element.numbers[0] : undefined;
}

const PLAIN: EncodingOptions = { transferSyntax: "explicit", sequenceLength: "defined", textEncoding: "latin1" };

/** The images that are found in one such instance. */
export async function imagesOf(dataSet: DataSet, options: Partial<EncodingOptions> = {}): Promise<readonly ImageHeader[]> {
  const bytes = encodePart10({ sopClassUID: "", sopInstanceUID: "1.2.3.4" }, dataSet, { ...PLAIN, ...options });
  return (await findImages(memorySource([{ name: "a", bytes }]), "auto", codecContext())).images;
}

/** The error that finding images in one such instance ends with. */
export async function faultOf(dataSet: DataSet): Promise<HilumError> {
  const error: unknown = await imagesOf(dataSet).then(
    () => new Error("nothing was refused"),
    (thrown: unknown) => thrown,
  );
  if (!isHilumError(error)) throw error;
  return error;
}
