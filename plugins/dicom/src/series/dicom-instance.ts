import type { DicomJson, ImageSeries, LinearMap, SourceFile } from "@hilum/core";
import type { FilePlace } from "./file-place.ts";

/** How the pixels of one instance are stored (PS3.3 C.7.6.3), checked against the file's size. */
export interface PixelLayout {
  /** Rows and columns of a stored frame (a mosaic's frame holds many images). */
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  /** Pixel Representation = 1. */
  readonly signed: boolean;
  /** True for Float and Double Float Pixel Data, whose Bits Allocated are 32 and 64. */
  readonly float: boolean;
  readonly photometricInterpretation: string;
  /** Planar Configuration: 0 samples side by side, 1 one plane after the other. */
  readonly planarConfiguration: 0 | 1;
  /** Number of Frames, 1 where it is absent. */
  readonly frames: number;
  /** True where Pixel Data is a sequence of fragments (PS3.5 A.4). */
  readonly encapsulated: boolean;
  /** Where the value of Pixel Data begins, bytes from the start of the file; for fragments, the Basic Offset Table item. */
  readonly offset: number;
  /** Bytes of one frame that is not encapsulated, without the padding byte at the end of an odd value; of 1-bit frames, rounded up. */
  readonly frameBytes: number;
  /** Where the value of the Extended Offset Table (7FE0,0001) begins, bytes from the start of the file; of fragments that have one. */
  readonly extendedOffsets?: number;
  /** Bytes at the end of native Pixel Data that belong to no frame; they are read before any pixel, and must be zero. */
  readonly excessBytes?: number;
}

/** Modality LUT Sequence (PS3.3 C.11.1): real values of the stored values from `firstMapped` on; values outside get the nearest entry. */
export interface ModalityTable {
  readonly firstMapped: number;
  readonly values: Float64Array;
}

/** A rectangle of a stored frame, e.g. one image of a Siemens mosaic. */
export interface FrameRegion {
  readonly left: number;
  readonly top: number;
}

/** One frame of a classic or enhanced instance: what was read of its header, and where its file is. */
export interface DicomInstance {
  /** Its bytes from `dataSetStart` on are explicit or implicit little endian, whatever the file on the disk is (`fileForm`). */
  readonly file: SourceFile;
  readonly place: FilePlace;
  /** The frame of the instance, 1-based as in DICOM. */
  readonly frameNumber: number;
  readonly sopInstanceUID: string;
  readonly sopClassUID: string;
  readonly seriesInstanceUID: string;
  /** As the file says it. */
  readonly transferSyntaxUID: string;
  readonly explicitVr: boolean;
  /** Where the data set begins, after the file meta information; bytes from the start of the file. */
  readonly dataSetStart: number;
  readonly pixel: PixelLayout;
  /** Columns, then rows of the image: those of the stored frame, but for a region of one. */
  readonly size: readonly [number, number];
  /** Where the image begins in its stored frame; absent where it is the whole. */
  readonly region?: FrameRegion;
  readonly modalityLut: LinearMap;
  /** In place of `modalityLut`, where the instance has a Modality LUT Sequence. */
  readonly modalityTable?: ModalityTable;
  /** Stored values from first to last of this range are padding; absent where padding is data or there is none. */
  readonly paddingRange?: readonly [number, number];
  /** The file's bytes before the value of Pixel Data, where they were kept; they are read again otherwise. */
  readonly head?: Buffer | undefined;
  /** What its file was made of, where it lies on no disk: its pixels are zeros, and nobody's. */
  readonly attributes?: DicomJson;
}

/** Files of a source that stay open from its first pass to the last; of a larger one, each is open only while it is read. */
const MAX_OPEN_FILES = 512;

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
