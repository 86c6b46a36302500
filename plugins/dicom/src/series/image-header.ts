import type { Vec3 } from "@hilum/core";
import type { DicomInstance } from "./dicom-instance.ts";

/** Who and what must be one in a series; compared, and never shown. */
export interface PatientIdentity {
  readonly patientID: string;
  readonly patientName: string;
  readonly patientBirthDate: string;
}

/** A day and a time of it, as DICOM keeps them: each may be absent. */
export interface DayTime {
  /** Days from 1970-01-01. */
  readonly day?: number | undefined;
  /** Seconds from midnight. */
  readonly seconds?: number | undefined;
}

/** What the header says of one image (an instance, or a frame of one) that decides its place in a series. */
export interface ImageHeader extends DicomInstance {
  readonly studyInstanceUID: string;
  readonly frameOfReferenceUID: string;
  readonly patient: PatientIdentity;
  readonly modality: string | undefined;
  readonly seriesDescription: string | undefined;
  /** Units of the real values. */
  readonly units: string | undefined;
  /** Where `imagePosition` and the directions come from; "none": several images lie in order of Instance Number, 1 mm apart. */
  readonly placedBy: "image position" | "slice location" | "none";
  /** Image Position (Patient), mm. */
  readonly imagePosition: Vec3;
  /** Unit vectors of Image Orientation (Patient): along a row (column index grows), and along a column. */
  readonly rowDirection: Vec3;
  readonly columnDirection: Vec3;
  /** Distance of columns, then of rows, mm: (i, j) order, the reverse of Pixel Spacing. */
  readonly spacing: readonly [number, number];
  readonly spacingBetweenSlices: number | undefined;
  readonly sliceThickness: number | undefined;
  readonly imageType: string | undefined;
  readonly temporalPosition: number | undefined;
  readonly echoNumber: string | undefined;
  readonly echoTimeMs: number | undefined;
  readonly bValue: number | undefined;
  readonly diffusionDirection: string | undefined;
  readonly triggerTimeMs: number | undefined;
  readonly cardiacPhasePercent: number | undefined;
  readonly acquisitionNumber: number | undefined;
  /** Of an enhanced instance (PS3.3 C.7.6.16, C.7.6.17): Stack ID, and Dimension Index Values without the stack position. */
  readonly stackId?: string;
  readonly dimensionIndexValues?: readonly number[];
  readonly instanceNumber: number | undefined;
  readonly acquired: DayTime;
  readonly content: DayTime;
  /** Images in Acquisition, or Number of Slices: how many there should be. */
  readonly expectedImages: number | undefined;
  readonly sliceLocation: number | undefined;
  readonly windowCenter: number | undefined;
  readonly windowWidth: number | undefined;
  /** Tags of attributes that only inform and could not be read. */
  readonly unreadable: readonly number[];
}
