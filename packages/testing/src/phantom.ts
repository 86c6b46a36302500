import {
  IDENTITY_MAP,
  indexToPatient,
  sliceLengthOf,
  type DicomJson,
  type DicomJsonElement,
  type Frame,
  type ImageSeries,
  type LinearMap,
  type Mat3,
  type SeriesAttributes,
  type Slab,
  type TagSelection,
  type Vec3,
  type VolumeSpec,
} from "@hilum/core";
import { sha256Of, uidOf } from "./deterministic.ts";
import { isPaddingAt, storedRangeOf, storedValueAt, type StoredRange } from "./phantom-content.ts";

/** How the stack of slices lies in the patient. */
export type PhantomOrientation = "axial" | "sagittal" | "oblique";

/** What a phantom is made of. Every option has a default. */
export interface PhantomOptions {
  /** Columns, rows, slices; default 11 × 7 × 5. */
  readonly size?: Vec3;
  /** Distances along i, j, k in mm; default 0.7 × 1.1 × 2.3. */
  readonly spacing?: Vec3;
  /** Centre of voxel (0, 0, 0), mm, LPS; default (−31.5, 17.25, 43.75). */
  readonly origin?: Vec3;
  /** Default "axial". The oblique one is turned about all three axes. */
  readonly orientation?: PhantomOrientation;
  /** Volumes at the same positions; default 1. */
  readonly phases?: number;
  /** How samples are stored; default "int16". "float32" has fractions. */
  readonly componentType?: "uint8" | "int8" | "uint16" | "int16" | "float32";
  /** 8, 12 or 16; default all bits of the component type. */
  readonly bitsStored?: 8 | 12 | 16;
  /** From stored to real values: none (default), slope 1 and intercept −1024, or another slope for every frame with intercept 0 (as in PET). */
  readonly rescale?: "none" | "hounsfield" | "per-slice";
  /** Whether a corner holds padding (see `isPaddingAt`), and whether the series says so by a mask; default "none". */
  readonly padding?: "none" | "mask" | "data";
  /** Samples in a voxel, side by side; default 1. */
  readonly samplesPerVoxel?: 1 | 3;
  /** Default "MR". */
  readonly modality?: string;
  /** Changes content and UIDs; default 0. */
  readonly seed?: number;
  /** Stored values by (phase, k, j, i), for a picture that people look at; default the formula of `storedValueAt`. Has to fit the bits. */
  readonly content?: (phase: number, k: number, j: number, i: number) => number;
}

/** A series in memory whose every voxel is known by a formula. */
export interface Phantom extends ImageSeries {
  /** The stored value, before the Modality LUT. */
  storedAt(phase: number, k: number, j: number, i: number, sample?: number): number;
  /** The real value as a reader has to give it: stored · slope + intercept in double, rounded once to float32. */
  valueAt(phase: number, k: number, j: number, i: number, sample?: number): number;
  /** Whether the voxel holds the padding value. The same in every phase. */
  paddedAt(k: number, j: number, i: number): boolean;
  /** Stored values of the content, and of padding. */
  readonly range: StoredRange;
}

// Products of 3-4-5, 7-24-25 and 44-117-125 rotations: orthonormal, and short decimals that fit a DICOM decimal string exactly.
const OBLIQUE: Mat3 = [
  turned([1, 0, 0]),
  turned([0, 1, 0]),
  turned([0, 0, 1]),
];

const DIRECTIONS: Readonly<Record<PhantomOrientation, Mat3>> = {
  axial: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  sagittal: [[0, 1, 0], [0, 0, -1], [-1, 0, 0]],
  oblique: OBLIQUE,
};

/** Makes a phantom. Deterministic: equal options give equal series. */
export function createPhantom(options: PhantomOptions = {}): Phantom {
  const {
    size = [11, 7, 5],
    spacing = [0.7, 1.1, 2.3],
    origin = [-31.5, 17.25, 43.75],
    orientation = "axial",
    phases = 1,
    componentType = "int16",
    rescale = "none",
    padding = "none",
    samplesPerVoxel = 1,
    modality = "MR",
    seed = 0,
    content,
  } = options;
  const bitsStored = options.bitsStored ?? (componentType.endsWith("8") ? 8 : 16);
  const range = storedRangeOf(bitsStored, !componentType.startsWith("u"));
  const identity = `${modality} ${seed}`;
  const volume: VolumeSpec = {
    geometry: { size, spacing, origin, direction: DIRECTIONS[orientation], frameOfReferenceUID: uidOf(`frame of reference ${identity}`) },
    voxel: { componentType, samplesPerVoxel, ...unitsOf(rescale) },
    masked: padding === "mask",
  };
  const frames = Array.from({ length: phases * size[2] }, (_, row) =>
    frameOf(volume, rescale, identity, Math.floor(row / size[2]), row % size[2]),
  );
  const paddedAt = (k: number, j: number, i: number): boolean => padding !== "none" && isPaddingAt(k, j, i);
  const storedAt = (phase: number, k: number, j: number, i: number, sample = 0): number => {
    const level = paddedAt(k, j, i) ? range.padding : (content?.(phase, k, j, i) ?? storedValueAt(range, seed, phase, k, j, i, sample));
    return componentType === "float32" ? Math.fround(level / 7) : level;
  };
  const valueAt = (phase: number, k: number, j: number, i: number, sample = 0): number => {
    const lut = modalityLutOf(rescale, phase, k);
    return Math.fround(storedAt(phase, k, j, i, sample) * lut.scale + lut.offset);
  };
  const metadata = {
    modality,
    seriesDescription: `Phantom ${orientation} ${phases}x${size[2]}`,
    seriesInstanceUID: uidOf(`series ${identity}`),
    seriesInstanceUIDHash: sha256Of(uidOf(`series ${identity}`)),
  };
  return {
    metadata,
    volume,
    phaseKey: phases === 1 ? "none" : "Temporal Position Identifier",
    phases: Array.from({ length: phases }, (_, phase) => ({ label: `Temporal Position Identifier ${phase + 1}`, value: phase + 1 })),
    frames,
    history: [],
    attributes: (selection) => attributesOf({ metadata, volume, frames }, selection),
    read: (into) => fill(into, volume, phases, valueAt, paddedAt),
    storedAt,
    valueAt,
    paddedAt,
    range,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function turned([x, y, z]: Vec3): Vec3 {
  const aboutX: Vec3 = [x, 0.96 * y - 0.28 * z, 0.28 * y + 0.96 * z];
  const aboutY: Vec3 = [0.936 * aboutX[0] + 0.352 * aboutX[2], aboutX[1], -0.352 * aboutX[0] + 0.936 * aboutX[2]];
  return [decimal(0.8 * aboutY[0] - 0.6 * aboutY[1]), decimal(0.6 * aboutY[0] + 0.8 * aboutY[1]), decimal(aboutY[2])];
}

/** The double that the shortest decimal with up to nine places stands for, so that its text in a file is exact. */
function decimal(value: number): number {
  return Number(value.toFixed(9)) + 0;
}

function unitsOf(rescale: PhantomOptions["rescale"]): { readonly units?: string } {
  if (rescale === "hounsfield") return { units: "HU" };
  return rescale === "per-slice" ? { units: "BQML" } : {};
}

function modalityLutOf(rescale: PhantomOptions["rescale"], phase: number, k: number): LinearMap {
  if (rescale === "hounsfield") return { scale: 1, offset: -1024 };
  if (rescale === "per-slice") return { scale: decimal(0.1371 + 0.0113 * k + 0.0529 * phase), offset: 0 };
  return IDENTITY_MAP;
}

function frameOf(volume: VolumeSpec, rescale: PhantomOptions["rescale"], identity: string, phase: number, slice: number): Frame {
  const [x, y, z] = indexToPatient(volume.geometry, [0, 0, slice]);
  const sopInstanceUID = uidOf(`instance ${identity} ${phase} ${slice}`);
  return {
    phase,
    slice,
    imagePosition: [decimal(x), decimal(y), decimal(z)],
    toReal: IDENTITY_MAP,
    modalityLut: modalityLutOf(rescale, phase, slice),
    derivedFrom: [{ sopInstanceUIDHash: sha256Of(sopInstanceUID), sopInstanceUID, frameNumber: 1 }],
    values: {
      instanceNumber: phase * volume.geometry.size[2] + slice + 1,
      acquisitionTimeSeconds: decimal(92.4 * phase + 0.31 * slice),
    },
  };
}

function fill(
  into: Slab,
  volume: VolumeSpec,
  phases: number,
  valueAt: Phantom["valueAt"],
  paddedAt: Phantom["paddedAt"],
): void {
  const [columns, rows, slices] = volume.geometry.size;
  const samples = volume.voxel.samplesPerVoxel;
  if (into.phase < 0 || into.phase >= phases || into.start < 0 || into.start + into.count > slices)
    throw new RangeError("the slab lies outside the phantom");
  if (into.sliceLength !== sliceLengthOf(volume)) throw new RangeError("the slab's slices have another length than the phantom's");
  const { voxels, mask } = into;
  let at = 0;
  let voxel = 0;
  for (let k = into.start; k < into.start + into.count; k++)
    for (let j = 0; j < rows; j++)
      for (let i = 0; i < columns; i++) {
        for (let sample = 0; sample < samples; sample++) voxels[at++] = valueAt(into.phase, k, j, i, sample);
        if (mask !== undefined) mask[voxel++] = paddedAt(k, j, i) ? 1 : 0;
      }
}

function attributesOf(
  series: Pick<Phantom, "metadata" | "volume" | "frames">,
  selection: TagSelection,
): SeriesAttributes {
  const { geometry } = series.volume;
  const [u, v] = geometry.direction;
  const shared: Record<string, DicomJsonElement> = {
    "00080060": { vr: "CS", Value: [series.metadata.modality] },
    "0008103E": { vr: "LO", Value: [series.metadata.seriesDescription] },
    "0020000E": { vr: "UI", Value: [series.metadata.seriesInstanceUID] },
    "00200037": { vr: "DS", Value: [...u, ...v].map(String) },
    "00200052": { vr: "UI", Value: [geometry.frameOfReferenceUID] },
    "00280010": { vr: "US", Value: [geometry.size[1]] },
    "00280011": { vr: "US", Value: [geometry.size[0]] },
    "00280030": { vr: "DS", Value: [String(geometry.spacing[1]), String(geometry.spacing[0])] },
  };
  const perFrame = series.frames.map((frame): DicomJson => ({
    "00080018": { vr: "UI", Value: [frame.derivedFrom[0]?.sopInstanceUID] },
    "00200013": { vr: "IS", Value: [String(frame.values.instanceNumber)] },
    "00200032": { vr: "DS", Value: frame.imagePosition.map(String) },
    "00281052": { vr: "DS", Value: [String(frame.modalityLut.offset)] },
    "00281053": { vr: "DS", Value: [String(frame.modalityLut.scale)] },
  }));
  return { shared: chosen(shared, selection), perFrame: perFrame.map((frame) => chosen(frame, selection)) };
}

function chosen(attributes: DicomJson, selection: TagSelection): DicomJson {
  if (selection === "all") return attributes;
  return Object.fromEntries(Object.entries(attributes).filter(([tag]) => selection.has(tag)));
}
