import { hash } from "node:crypto";
import { IDENTITY_MAP, indexToPatient, slabOver, type CodecContext, type ComponentType, type Frame, type FrameValues, type Json, type SeriesAttributes, type Slab, type VolumeSpec } from "@hilum/core";
import type { AssembledStack } from "../series/assemble.ts";
import { isUid } from "../scan/values.ts";
import { asDicomSeries, staysOpen, type DicomSeries, type PixelLayout } from "../series/dicom-instance.ts";
import type { ImageHeader } from "../series/image-header.ts";
import { acquisitionTimeOf, secondsFromEarliest } from "../series/image-times.ts";
import { readFrames, readRanges } from "../pixels/read-frames.ts";
import { readAttributes } from "./read-attributes.ts";

/**
 * A series over the files of an assembled stack. Voxels are read from the files into the slab that is asked for, and
 * nowhere else. A slice that was missing is masked, its real values are 0, and its frame is derived from nothing.
 * @param describe makes the assembly plan, when somebody asks for it.
 * @param warn told of attributes that are left out, when somebody asks for them.
 */
export function createDicomSeries(stack: AssembledStack, describe: (frames: readonly Frame[]) => Json, warn: CodecContext["warn"]): DicomSeries {
  const { images, slots, grid, split } = stack;
  const [first] = images as readonly [ImageHeader];
  const slices = grid.geometry.size[2];
  const files = [...new Set(images.map(({ file }) => file))];
  const keepOpen = staysOpen(files);
  const padded = slots.length > images.length;
  const volume: VolumeSpec = {
    geometry: grid.geometry,
    voxel: {
      componentType: componentTypeOf(first.pixel),
      samplesPerVoxel: first.pixel.samplesPerPixel,
      ...(first.units === undefined ? {} : { units: first.units }),
      ...(first.pixel.photometricInterpretation === "PALETTE COLOR" ? { indexed: true } : {}),
    },
    masked: padded || images.some((image) => image.paddingRange !== undefined),
  };
  const frames = framesOf(stack);
  const slotsOf = ({ phase, start, count }: Slab): readonly (ImageHeader | undefined)[] => slots.slice(phase * slices + start, phase * slices + start + count);
  let assembly: Json | undefined;
  return asDicomSeries({
    metadata: {
      ...(first.modality === undefined ? {} : { modality: first.modality }),
      ...(first.seriesDescription === undefined ? {} : { seriesDescription: first.seriesDescription }),
      ...(isUid(first.seriesInstanceUID) ? { seriesInstanceUID: first.seriesInstanceUID } : {}),
      get seriesInstanceUIDHash() {
        return sha256(first.seriesInstanceUID);
      },
    },
    volume,
    phaseKey: split.key,
    phases: split.phases.map(({ phase }) => phase),
    frames,
    history: [],
    instances: images,
    get assembly() {
      return (assembly ??= describe(frames));
    },
    attributes: (selection) => (padded ? inSlots(readAttributes(images, selection, warn), slots) : readAttributes(images, selection, warn)),
    ranges: (room) => (padded ? undefined : readRanges(slotsOf(room) as readonly ImageHeader[], room, keepOpen)),
    read(into) {
      const wanted = slotsOf(into);
      return padded ? readPadded(wanted, into, keepOpen) : readFrames(wanted as readonly ImageHeader[], into, keepOpen);
    },
    async [Symbol.asyncDispose]() {
      for (const file of files) file.close();
    },
  });
}

/** The type of a stored sample (PS3.3 C.7.6.3.1). */
function componentTypeOf({ bitsAllocated, signed, float }: PixelLayout): ComponentType {
  if (float) return bitsAllocated === 64 ? "float64" : "float32";
  if (bitsAllocated === 1) return "uint1";
  const bits = bitsAllocated <= 8 ? 8 : bitsAllocated <= 16 ? 16 : 32;
  return `${signed ? "" : "u"}int${bits}`;
}

/** Reads a slab some slices of which are missing: these are masked, the runs between them are read. */
async function readPadded(wanted: readonly (ImageHeader | undefined)[], into: Slab, keepOpen: boolean): Promise<void> {
  let run: ImageHeader[] = [];
  const readRun = async (end: number): Promise<void> => {
    if (run.length > 0) await readFrames(run, partOf(into, end - run.length, run.length), keepOpen);
    run = [];
  };
  for (const [index, image] of wanted.entries()) {
    const k = into.start + index;
    if (image !== undefined) run.push(image);
    else {
      await readRun(k);
      into.slice(k).fill(0);
      into.sliceMask(k)?.fill(1);
    }
  }
  await readRun(into.start + wanted.length);
}

/** Some slices of a slab, over the same buffers. */
function partOf(slab: Slab, start: number, count: number): Slab {
  const { phase, sliceLength, voxels, mask, memory } = slab;
  const maskLength = mask === undefined ? 0 : mask.length / slab.count;
  const from = start - slab.start;
  return slabOver(
    { phase, start, count, sliceLength },
    voxels.subarray(from * sliceLength, (from + count) * sliceLength),
    mask?.subarray(from * maskLength, (from + count) * maskLength),
    memory,
  );
}

/** Attributes for each frame, of which a padded one has none. */
function inSlots({ shared, perFrame }: SeriesAttributes, slots: readonly (ImageHeader | undefined)[]): SeriesAttributes {
  let next = 0;
  return { shared, perFrame: slots.map((image) => (image === undefined ? {} : (perFrame[next++] ?? {}))) };
}

function framesOf({ slots, images, grid }: AssembledStack): readonly Frame[] {
  const slices = grid.geometry.size[2];
  const acquired = secondsFromEarliest(images, acquisitionTimeOf);
  return slots.map((image, index) => {
    const place = { phase: Math.floor(index / slices), slice: index % slices };
    if (image === undefined)
      return {
        ...place,
        imagePosition: indexToPatient(grid.geometry, [0, 0, place.slice]),
        toReal: IDENTITY_MAP,
        modalityLut: IDENTITY_MAP,
        derivedFrom: [],
        values: {},
      };
    return {
      ...place,
      imagePosition: image.imagePosition,
      toReal: IDENTITY_MAP,
      modalityLut: image.modalityTable === undefined ? image.modalityLut : IDENTITY_MAP,
      derivedFrom: [
        {
          ...(isUid(image.sopInstanceUID) ? { sopInstanceUID: image.sopInstanceUID } : {}),
          // Hashed when somebody asks: a writer does so while the disk has work, the way to its first slab is everybody's time.
          get sopInstanceUIDHash() {
            return sha256(image.sopInstanceUID);
          },
          sopClassUID: image.sopClassUID,
          frameNumber: image.frameNumber,
          get sourceNameHash() {
            return sha256(image.file.name);
          },
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
    };
  });
}

function withoutAbsent(values: { readonly [K in keyof Required<FrameValues>]: number | undefined }): FrameValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function sha256(text: string): string {
  return hash("sha256", text, "hex");
}
