import { memorySource } from "@hilum/testing";
import type { SourceFile, Vec3 } from "@hilum/core";
import type { ImageHeader } from "./image-header.ts";

const [file] = memorySource([{ name: "image", bytes: new Uint8Array() }]).files as readonly [SourceFile];

/** The header of an axial image at (−10, 20, z), 2 × 3 voxels of 0.5 × 0.75 mm, for tests. */
export function imageAt(z: number, changes: Partial<ImageHeader> = {}): ImageHeader {
  return {
    file,
    sopInstanceUID: `1.2.${Math.round(z * 1000)}`.replace("-", "9"),
    sopClassUID: "1.2.840.10008.5.1.4.1.1.4",
    seriesInstanceUID: "1.2.3",
    studyInstanceUID: "1.2",
    frameOfReferenceUID: "1.2.4",
    transferSyntaxUID: "1.2.840.10008.1.2.1",
    explicitVr: true,
    dataSetStart: 132,
    pixel: {
      rows: 3,
      columns: 2,
      samplesPerPixel: 1,
      bitsAllocated: 16,
      bitsStored: 16,
      highBit: 15,
      signed: false,
      photometricInterpretation: "MONOCHROME2",
      offset: 1000,
      frameBytes: 12,
    },
    modalityLut: { scale: 1, offset: 0 },
    patient: { patientID: "", patientName: "", patientBirthDate: "" },
    modality: "MR",
    seriesDescription: undefined,
    units: undefined,
    imagePosition: [-10, 20, z] as Vec3,
    rowDirection: [1, 0, 0],
    columnDirection: [0, 1, 0],
    spacing: [0.5, 0.75],
    spacingBetweenSlices: undefined,
    sliceThickness: undefined,
    imageType: undefined,
    temporalPosition: undefined,
    echoNumber: undefined,
    echoTimeMs: undefined,
    bValue: undefined,
    diffusionDirection: undefined,
    triggerTimeMs: undefined,
    cardiacPhasePercent: undefined,
    acquisitionNumber: undefined,
    instanceNumber: undefined,
    acquired: {},
    content: {},
    expectedImages: undefined,
    sliceLocation: undefined,
    windowCenter: undefined,
    windowWidth: undefined,
    unreadable: [],
    ...changes,
  };
}
