import type { ByteBuilder } from "./byte-builder.ts";

/** Element types that a file of ours holds. Strings are of variable length; "ascii" only where a reader refuses UTF-8. */
export type Hdf5Type = "float32" | "float64" | "uint8" | "int32" | "int64" | "utf8" | "ascii";

/** Bytes of one element in a dataset or attribute. */
export const SIZE_OF: Readonly<Record<Hdf5Type, number>> = {
  float32: 4,
  float64: 8,
  uint8: 1,
  int32: 4,
  int64: 8,
  // Length, address of the heap collection, index in it.
  utf8: 16,
  ascii: 16,
};

const VERSION_1 = 0x10;

/** Writes a datatype message (HDF5 File Format Specification, IV.A.2.d). */
export function writeDatatype(out: ByteBuilder, type: Hdf5Type): void {
  switch (type) {
    case "float32":
      return writeFloat(out, 4, 31, 23, 8, 127);
    case "float64":
      return writeFloat(out, 8, 63, 52, 11, 1023);
    case "uint8":
      return writeInteger(out, 1, false);
    case "int32":
      return writeInteger(out, 4, true);
    case "int64":
      return writeInteger(out, 8, true);
    default:
      // Class 9 (variable length), of kind string, terminated by NUL; readers want uint8 as the type of its bytes.
      out.u8(VERSION_1 | 9);
      out.u8(1);
      out.u8(type === "utf8" ? 1 : 0);
      out.u8(0);
      out.u32(SIZE_OF[type]);
      writeInteger(out, 1, false);
  }
}

function writeInteger(out: ByteBuilder, size: number, signed: boolean): void {
  out.u8(VERSION_1);
  out.u8(signed ? 8 : 0);
  out.u16(0);
  out.u32(size);
  out.u16(0);
  out.u16(size * 8);
}

function writeFloat(out: ByteBuilder, size: number, sign: number, mantissa: number, exponent: number, bias: number): void {
  out.u8(VERSION_1 | 1);
  // Little-endian, the mantissa's highest bit implied.
  out.u8(0x20);
  out.u8(sign);
  out.u8(0);
  out.u32(size);
  out.u16(0);
  out.u16(size * 8);
  out.u8(mantissa);
  out.u8(exponent);
  out.u8(0);
  out.u8(mantissa);
  out.u32(bias);
}
