import type { ImageSeries, LinearMap, SourceFile } from "@hilum/core";

/** How the pixels of one instance are stored (PS3.3 C.7.6.3), checked against the file's size. */
export interface PixelLayout {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  /** Pixel Representation = 1. */
  readonly signed: boolean;
  readonly photometricInterpretation: string;
  /** Where the value of Pixel Data begins, bytes from the start of the file. */
  readonly offset: number;
  /** Bytes of one frame, without the padding byte at the end of an odd value. */
  readonly frameBytes: number;
}

/** One classic single-frame instance: what was read of its header, and where its file is. */
export interface DicomInstance {
  readonly file: SourceFile;
  readonly sopInstanceUID: string;
  readonly sopClassUID: string;
  readonly seriesInstanceUID: string;
  readonly transferSyntaxUID: string;
  readonly explicitVr: boolean;
  /** Where the data set begins, after the file meta information; bytes from the start of the file. */
  readonly dataSetStart: number;
  readonly pixel: PixelLayout;
  readonly modalityLut: LinearMap;
  /** Stored values from first to last of this range are padding; absent where padding is data or there is none. */
  readonly paddingRange?: readonly [number, number];
  /** The file's bytes before the value of Pixel Data, where they were kept; they are read again otherwise. */
  readonly head?: Buffer | undefined;
}

/** Files of a source that stay open from its first pass to the last; of a larger one, each is open only while it is read. */
const MAX_OPEN_FILES = 256;

/** Whether the files of a source stay open until its series are disposed of: opening them for every pass takes time. */
export function staysOpen(files: readonly unknown[]): boolean {
  return files.length <= MAX_OPEN_FILES;
}

const DICOM_SERIES = Symbol.for("hilum:dicom-series");

/** A series that the DICOM reader made: what any series is, and the instances behind its frames, in frame order. */
export interface DicomSeries extends ImageSeries {
  readonly [DICOM_SERIES]: true;
  readonly instances: readonly DicomInstance[];
}

/** Marks a series as made by the DICOM reader. */
export function asDicomSeries(series: ImageSeries & { readonly instances: readonly DicomInstance[] }): DicomSeries {
  return Object.assign(series, { [DICOM_SERIES]: true as const });
}

/** Whether a series was made by the DICOM reader, also by one of another copy of this package. */
export function isDicomSeries(series: ImageSeries): series is DicomSeries {
  return DICOM_SERIES in series;
}
