import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN } from "../scan/transfer-syntaxes.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";

/** The transfer syntax that a derived instance is written in: uncompressed little endian, in the VR of its template. */
export function writtenSyntaxUID({ explicitVr }: Pick<DicomInstance, "explicitVr">): string {
  return explicitVr ? EXPLICIT_VR_LITTLE_ENDIAN : IMPLICIT_VR_LITTLE_ENDIAN;
}

/** JPEG Baseline and Extended, JPEG-LS near-lossless (PS3.5 A.4): what was in these has lost something, whatever its header says. */
const LOSSY: ReadonlySet<string> = new Set(["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81"]);

/** Whether pixels in this transfer syntax have lost something for certain; the JPEG 2000 ones leave it open. */
export function isLossySyntax(transferSyntaxUID: string): boolean {
  return LOSSY.has(transferSyntaxUID);
}
