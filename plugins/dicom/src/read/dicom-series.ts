import { hash } from "node:crypto";
import { IDENTITY_MAP, type Frame, type FrameValues, type Json, type VolumeSpec } from "@hilum/core";
import type { AssembledStack } from "../series/assemble.ts";
import { asDicomSeries, staysOpen, type DicomSeries } from "../series/dicom-instance.ts";
import type { ImageHeader } from "../series/image-header.ts";
import { acquisitionTimeOf, secondsFromEarliest } from "../series/image-times.ts";
import { readFrames } from "../pixels/read-frames.ts";
import { readAttributes } from "./read-attributes.ts";

/**
 * A series over the files of an assembled stack. Voxels are read from the files into the slab that is asked for, and
 * nowhere else.
 */
export function createDicomSeries(stack: AssembledStack, assembly: Json): DicomSeries {
  const { images, grid, split } = stack;
  const [first] = images as readonly [ImageHeader];
  const slices = grid.geometry.size[2];
  const keepOpen = staysOpen(images);
  const volume: VolumeSpec = {
    geometry: grid.geometry,
    voxel: {
      componentType: `${first.pixel.signed ? "" : "u"}int${first.pixel.bitsAllocated === 8 ? 8 : 16}`,
      samplesPerVoxel: 1,
      ...(first.units === undefined ? {} : { units: first.units }),
    },
    masked: images.some((image) => image.paddingRange !== undefined),
  };
  return asDicomSeries({
    metadata: {
      ...(first.modality === undefined ? {} : { modality: first.modality }),
      ...(first.seriesDescription === undefined ? {} : { seriesDescription: first.seriesDescription }),
      seriesInstanceUID: first.seriesInstanceUID,
      seriesInstanceUIDHash: sha256(first.seriesInstanceUID),
    },
    volume,
    phaseKey: split.key,
    phases: split.phases.map(({ phase }) => phase),
    frames: framesOf(images, slices),
    history: [],
    instances: images,
    assembly,
    attributes: (selection) => readAttributes(images, selection),
    read: (into) => readFrames(images.slice(into.phase * slices + into.start, into.phase * slices + into.start + into.count), into, keepOpen),
    async [Symbol.asyncDispose]() {
      for (const { file } of images) file.close();
    },
  });
}

function framesOf(images: readonly ImageHeader[], slices: number): readonly Frame[] {
  const acquired = secondsFromEarliest(images, acquisitionTimeOf);
  return images.map((image, index) => ({
    phase: Math.floor(index / slices),
    slice: index % slices,
    imagePosition: image.imagePosition,
    toReal: IDENTITY_MAP,
    modalityLut: image.modalityLut,
    derivedFrom: [
      {
        sopInstanceUID: image.sopInstanceUID,
        sopInstanceUIDHash: sha256(image.sopInstanceUID),
        sopClassUID: image.sopClassUID,
        frameNumber: 1,
        sourceNameHash: sha256(image.file.name),
      },
    ],
    values: withoutAbsent({
      instanceNumber: image.instanceNumber,
      sliceLocation: image.sliceLocation,
      windowCenter: image.windowCenter,
      windowWidth: image.windowWidth,
      acquisitionTimeSeconds: acquired?.get(image),
      echoTimeMs: image.echoTimeMs,
      bValue: image.bValue,
      triggerTimeMs: image.triggerTimeMs,
    }),
  }));
}

function withoutAbsent(values: { readonly [K in keyof Required<FrameValues>]: number | undefined }): FrameValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function sha256(text: string): string {
  return hash("sha256", text, "hex");
}
