import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from "../scan/transfer-syntaxes.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";

/** The transfer syntax that a derived instance is written in: uncompressed little endian, in the VR of its template. */
export function writtenSyntaxUID({ explicitVr }: Pick<DicomInstance, "explicitVr">): string {
  return explicitVr ? EXPLICIT_VR_LITTLE_ENDIAN : IMPLICIT_VR_LITTLE_ENDIAN;
}
