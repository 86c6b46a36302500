import type { Vec3 } from "@hilum/core";
import type { DicomInstance } from "../../series/dicom-instance.ts";
import type { StoredForm } from "../stored-form.ts";

/** Checksums of the parts of a file that are no pixels. CRC-32: no adversary stands between, and it takes a fourth of a SHA-256. */
export interface FileChecksums {
  /** Everything up to the end of Series Instance UID. */
  readonly head: number;
  /** Everything behind that, but Pixel Data's value. */
  readonly rest: number;
}

/** What one frame of a written file has to be. */
export interface ExpectedFrame {
  readonly phase: number;
  /** Index of its slice, by ascending slice position. */
  readonly slice: number;
  /** Image Position (Patient) of the template's frame, mm, as its reader found it. */
  readonly imagePosition: Vec3;
  /** Of the template's frame. */
  readonly sourceSOPInstanceUID: string;
  /** Frames of one file differ in the Modality LUT alone. */
  readonly form: StoredForm;
  /** Whether voxels of the series may be padding. */
  readonly masked: boolean;
  /** CRC-32 of its stored values, as they were quantised; compressed pixels have to give them again. */
  readonly checksum: number;
}

/** What one written file has to be. */
export interface ExpectedInstance {
  /** Name of the file in the output. */
  readonly name: string;
  /** The first of the frames whose header it has; read again, from its file or from what its reader kept. */
  readonly template: DicomInstance;
  readonly sopInstanceUID: string;
  /** The template's, or that of a Parametric Map. */
  readonly sopClassUID: string;
  readonly transferSyntaxUID: string;
  /** In order of Frame Number. */
  readonly frames: readonly [ExpectedFrame, ...ExpectedFrame[]];
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
