import type { DicomInstance } from "../../series/dicom-instance.ts";
import type { StoredForm } from "../stored-form.ts";

/** Checksums of the parts of a file. */
export interface FileChecksums {
  /** The value of Pixel Data, as it was quantised. */
  readonly pixels: number;
  /** Everything up to the end of Series Instance UID. */
  readonly head: number;
  /** Everything else. */
  readonly rest: number;
}

/** What one written file has to be. */
export interface ExpectedInstance {
  /** Name of the file in the output. */
  readonly name: string;
  readonly phase: number;
  /** Index of its slice, by ascending slice position. */
  readonly slice: number;
  /** The instance whose header it has; read again, from its file or from what its reader kept. */
  readonly template: DicomInstance;
  readonly sopInstanceUID: string;
  readonly form: StoredForm;
  /** Whether voxels of the series may be padding. */
  readonly masked: boolean;
  /** CRC-32 of all that was handed over to be written: no adversary stands between, and it takes a fourth of a SHA-256. */
  readonly checksums: FileChecksums;
}

/** What a written series has to be; instances in the order of their names. */
export interface ExpectedSeries {
  readonly seriesInstanceUID: string;
  readonly instances: readonly ExpectedInstance[];
}

/** The door through which a file is read back. */
export interface WrittenFile {
  readonly name: string;
  /** @returns how many bytes were read. */
  read(into: Uint8Array, position: number): number;
}
