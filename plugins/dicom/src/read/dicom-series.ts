import { hash } from "node:crypto";
import { HilumError, IDENTITY_MAP, type Frame, type FrameValues, type Json, type Slab, type VolumeSpec } from "@hilum/core";
import type { AssembledStack } from "../series/assemble.ts";
import { asDicomSeries, staysOpen, type DicomInstance, type DicomSeries } from "../series/dicom-instance.ts";
import type { ImageHeader } from "../series/image-header.ts";
import { acquisitionTimeOf, secondsFromEarliest } from "../series/image-times.ts";
import { decodeSlice, storedBytesOf } from "./decode-slice.ts";
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
    read(into) {
      for (let k = into.start; k < into.start + into.count; k++) readSlice(images[into.phase * slices + k], into, k, keepOpen);
    },
    async [Symbol.asyncDispose]() {
      for (const { file } of images) file.close();
    },
  });
}

function readSlice(instance: DicomInstance | undefined, into: Slab, k: number, keepOpen: boolean): void {
  if (instance === undefined) throw new RangeError(`no frame at phase ${into.phase}, slice ${k}`);
  const { file, pixel, modalityLut, paddingRange } = instance;
  const voxels = into.slice(k);
  const bytes = storedBytesOf(voxels, pixel);
  try {
    const count = file.read(bytes, pixel.offset);
    if (count !== pixel.frameBytes)
      throw new HilumError("TRUNCATED_PIXEL_DATA", `A file holds ${count} of ${pixel.frameBytes} bytes of its image.`, {
        details: { phase: into.phase, slice: k, promisedBytes: pixel.frameBytes, presentBytes: count },
      });
  } finally {
    if (!keepOpen) file.close();
  }
  decodeSlice({ voxels, mask: into.sliceMask(k), layout: pixel, lut: modalityLut, paddingRange, memory: into.memory });
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
