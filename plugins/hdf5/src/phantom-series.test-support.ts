import { slabOver, sliceLengthOf, type CodecContext, type Frame, type SeriesSpec, type Sink, type SinkFile, type Slab, type Source } from "@hilum/core";
import { createHash } from "node:crypto";

/** For tests: a series whose axes differ in size, spacing and content, and whose stack is oblique. */
export interface Phantom {
  readonly series: SeriesSpec;
  /** The stored number of a voxel; different for each. */
  value(phase: number, k: number, j: number, i: number, sample?: number): number;
  /** Slabs of `depth` slices over ONE buffer that is filled again each time, as the host's are. */
  slabs(depth?: number): AsyncIterable<Slab>;
}

/** What a test can change of the phantom. */
export interface PhantomOptions {
  readonly phases?: number;
  readonly size?: readonly [number, number, number];
  readonly samples?: number;
  /** Whether there is a mask, or which. */
  readonly masked?: boolean | typeof maskOf;
  readonly change?: Partial<SeriesSpec>;
  readonly frame?: (frame: Frame, index: number) => Partial<Frame>;
}

export const ORIGIN = [-12.5, 30.25, 7] as const;
export const SPACING = [0.75, 1.25, 2.5] as const;
/** A rotation of 30° about z, then of 90° about x: unit columns by hand. */
const C = Math.sqrt(3) / 2;
export const DIRECTION = [
  [C, 0, 0.5],
  [-0.5, 0, C],
  [0, -1, 0],
] as const;

/** The uid of the n-th instance. */
export function uidOf(index: number): string {
  return `1.2.826.0.1.3680043.10.${index + 1}`;
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function phantom(options: PhantomOptions = {}): Phantom {
  const { phases = 2, size = [5, 4, 3], samples = 1, masked = false } = options;
  const [columns, rows, slices] = size;
  const value: Phantom["value"] = (phase, k, j, i, sample = 0) => (((phase * slices + k) * rows + j) * columns + i) * samples + sample + 0.5;
  const frames = Array.from({ length: phases * slices }, (_, index): Frame => {
    const [phase, slice] = [Math.floor(index / slices), index % slices];
    const step = slice * SPACING[2];
    const frame: Frame = {
      phase,
      slice,
      imagePosition: [ORIGIN[0] + DIRECTION[2][0] * step, ORIGIN[1] + DIRECTION[2][1] * step, ORIGIN[2] + DIRECTION[2][2] * step],
      toReal: { scale: 1, offset: 0 },
      modalityLut: { scale: 2, offset: -10 },
      realRange: [-10, 2 * index],
      derivedFrom: [
        {
          sopInstanceUID: uidOf(index),
          sopInstanceUIDHash: sha256(uidOf(index)),
          sopClassUID: "1.2.840.10008.5.1.4.1.1.4",
          frameNumber: 1,
          sourceNameHash: sha256(`file ${index}`),
        },
      ],
      values: { instanceNumber: 100 - index, ...(index === 1 ? {} : { windowCenter: index + 0.5 }) },
    };
    return { ...frame, ...options.frame?.(frame, index) };
  });
  const series: SeriesSpec = {
    metadata: {
      modality: "MR",
      seriesDescription: "Überblick µ 3°",
      seriesInstanceUID: "1.2.3.4",
      seriesInstanceUIDHash: sha256("1.2.3.4"),
    },
    volume: {
      geometry: { size, spacing: SPACING, origin: ORIGIN, direction: DIRECTION, frameOfReferenceUID: "1.2.3.5" },
      voxel: { componentType: "int16", samplesPerVoxel: samples, units: "HU" },
      masked: masked !== false,
    },
    phaseKey: phases === 1 ? "none" : "Acquisition Time",
    phases: Array.from({ length: phases }, (_, phase) => ({ label: `+${phase * 90} s`, value: phase * 90 })),
    frames,
    history: [],
    attributes: () => ({
      shared: {
        "00080060": { vr: "CS", Value: ["MR"] },
        "00100010": { vr: "PN", Value: [{ Alphabetic: "ZZCANARY^ANNA" }] },
        "00100020": { vr: "LO", Value: ["ZZCANARY-ID"] },
        "00080090": { vr: "PN", Value: [{ Alphabetic: "ZZCANARY^REFERRING" }] },
        "00180087": { vr: "DS", Value: ["1.5000"] },
        "00181030": { vr: "LO", Value: ["ZZCANARY protocol"] },
      },
      perFrame: frames.map((_, index) => ({
        "00080018": { vr: "UI", Value: [uidOf(index)] },
        "00200013": { vr: "IS", Value: [`${100 - index}`] },
      })),
    }),
    ...options.change,
  };

  async function* slabs(depth = 2): AsyncIterable<Slab> {
    const sliceLength = sliceLengthOf(series.volume);
    const voxels = new Float32Array(depth * sliceLength);
    const mask = new Uint8Array(depth * columns * rows);
    for (let phase = 0; phase < phases; phase++) {
      for (let start = 0; start < slices; start += depth) {
        const count = Math.min(depth, slices - start);
        const place = { phase, start, count, sliceLength };
        const slab = slabOver(
          place,
          voxels.subarray(0, count * sliceLength),
          masked !== false ? mask.subarray(0, count * columns * rows) : undefined,
        );
        voxels.fill(Number.NaN);
        for (let k = start; k < start + count; k++) {
          const slice = slab.slice(k);
          for (let index = 0; index < slice.length; index++) slice[index] = value(phase, k, 0, 0) + index;
          slab.sliceMask(k)?.forEach((_, index, own) => (own[index] = (typeof masked === "function" ? masked : maskOf)(phase, k, index)));
        }
        yield slab;
      }
    }
  }
  return { series, value, slabs };
}

/** The phantom's mask: every third voxel of odd slices. */
export function maskOf(phase: number, k: number, index: number): number {
  return (phase + k) % 2 === 1 && index % 3 === 0 ? 1 : 0;
}

/** A sink that keeps its file in memory, with zeros where nothing was written. */
export interface MemorySink extends Sink {
  readonly bytes: () => Buffer;
  readonly sidecarText: () => string;
  /** Positions and lengths of all writes to the file. */
  readonly writes: readonly Write[];
}

interface Write {
  readonly position: number;
  readonly length: number;
}

export function memorySink(options: { readonly sidecar?: boolean } = {}): MemorySink {
  const main = memoryFile();
  const side = memoryFile();
  return {
    file: async () => main.file,
    ...(options.sidecar === true && { sidecar: side.file }),
    bytes: main.bytes,
    sidecarText: () => side.bytes().toString("utf8"),
    writes: main.writes,
  };
}

function memoryFile(): { file: SinkFile; bytes: () => Buffer; writes: Write[] } {
  let content = Buffer.alloc(0);
  const writes: Write[] = [];
  return {
    writes,
    bytes: () => content,
    file: {
      async write(bytes, position) {
        writes.push({ position, length: bytes.length });
        if (position + bytes.length > content.length) content = Buffer.concat([content, Buffer.alloc(position + bytes.length - content.length)]);
        content.set(bytes, position);
      },
      read: (into, position) => content.copy(into, 0, position, position + into.length),
      close: async () => {},
    },
  };
}

/** A source over bytes in memory. */
export function sourceOf(bytes: Uint8Array): Source {
  return {
    kind: "file",
    path: "/nowhere",
    files: [{ name: "x", size: bytes.length, read: (into, position) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).copy(into, 0, position), close: () => {} }],
    skippedEntries: 0,
  };
}

export function codecContext(signal = new AbortController().signal): CodecContext {
  const silent = (): void => {};
  return {
    signal,
    logger: { debug: silent, info: silent, warn: silent },
    jobTime: new Date("2026-11-22T12:00:00Z"),
    warn: silent,
  };
}
