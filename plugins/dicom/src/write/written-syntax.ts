import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from "../scan/transfer-syntaxes.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { compressedSyntaxUID } from "./compression.ts";
import type { DicomWriteOptions } from "./write-options.ts";

/** The transfer syntax that a derived instance is written in: little endian, in the VR of its template. */
export function writtenSyntaxUID({ explicitVr }: Pick<DicomInstance, "explicitVr">, compress: DicomWriteOptions["compress"]): string {
  if (compress !== undefined) return compressedSyntaxUID(compress);
  return explicitVr ? EXPLICIT_VR_LITTLE_ENDIAN : IMPLICIT_VR_LITTLE_ENDIAN;
}
