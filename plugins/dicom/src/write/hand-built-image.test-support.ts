import type { DataSet } from "@hilum/testing";

const SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7";

/** For tests: how an image stores its pixels. */
export interface Form {
  readonly samples?: number;
  readonly photometric?: string;
  readonly planar?: number;
  readonly bits?: number;
  readonly signed?: boolean;
  /** Default: all that are allocated. */
  readonly bitsStored?: number;
  readonly frames?: number;
  /** Whether they are floating point, of 32 or 64 bits. */
  readonly float?: boolean;
  readonly more?: DataSet;
}

/** For tests: a Secondary Capture image of 2 rows and 2 columns, from PS3.3 A.8. */
export function imageOf(pixels: Buffer, { samples = 1, photometric = "MONOCHROME2", planar, bits = 8, signed = false, bitsStored = bits, frames = 1, float = false, more = [] }: Form): DataSet {
  const dataSet: DataSet = [
    { tag: 0x00080016, vr: "UI", text: SECONDARY_CAPTURE },
    { tag: 0x00080018, vr: "UI", text: "1.2.3.4.1" },
    { tag: 0x00080060, vr: "CS", text: "OT" },
    { tag: 0x0020000d, vr: "UI", text: "1.2.3" },
    { tag: 0x0020000e, vr: "UI", text: "1.2.3.4" },
    { tag: 0x00280002, vr: "US", numbers: [samples] },
    { tag: 0x00280004, vr: "CS", text: photometric },
    ...(planar === undefined ? [] : [{ tag: 0x00280006, vr: "US", numbers: [planar] } as const]),
    { tag: 0x00280008, vr: "IS", text: `${frames}` },
    { tag: 0x00280010, vr: "US", numbers: [2] },
    { tag: 0x00280011, vr: "US", numbers: [2] },
    { tag: 0x00280100, vr: "US", numbers: [bits] },
    ...pixelElements(pixels, bits, float, bitsStored, signed),
  ];
  return [...dataSet, ...more].sort((a, b) => a.tag - b.tag);
}

function pixelElements(pixels: Buffer, bits: number, float: boolean, bitsStored: number, signed: boolean): DataSet {
  const bytes = new Uint8Array(pixels);
  if (float) return [bits === 32 ? { tag: 0x7fe00008, vr: "OF", bytes } : { tag: 0x7fe00009, vr: "OD", bytes }];
  return [
    { tag: 0x00280101, vr: "US", numbers: [bitsStored] },
    { tag: 0x00280102, vr: "US", numbers: [bitsStored - 1] },
    { tag: 0x00280103, vr: "US", numbers: [signed ? 1 : 0] },
    { tag: 0x7fe00010, vr: bits > 8 ? "OW" : "OB", bytes },
  ];
}

/** For tests: 16-bit words. */
export const shorts = (...values: readonly number[]): Buffer => Buffer.from(Uint16Array.from(values).buffer);
/** For tests: 32-bit words. */
export const words = (...values: readonly number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer);
/** For tests: numbers in double. */
export const doubles = (...values: readonly number[]): Buffer => Buffer.from(Float64Array.from(values).buffer);
/** For tests: numbers in float32. */
export const floats = (...values: readonly number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
