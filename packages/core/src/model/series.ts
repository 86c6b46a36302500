import type { SeriesAttributes, TagSelection } from "./dicom-json.ts";
import type { Json } from "./json.ts";
import type { Vec3 } from "./geometry.ts";
import type { LinearMap, Slab, VolumeSpec, VoxelRange } from "./voxels.ts";

/** What every codec can say of a series; everything else is in {@link SeriesSpec.attributes}. */
export interface SeriesMetadata {
  /** Modality (0008,0060), e.g. "MR". */
  readonly modality?: string;
  /** Series Description (0008,103E). */
  readonly seriesDescription?: string;
  /** Series Instance UID (0020,000E); absent where the source holds only its hash. */
  readonly seriesInstanceUID?: string;
  /** SHA-256 (hexadecimal) of the Series Instance UID, so that a series can be recognised without being named. */
  readonly seriesInstanceUIDHash?: string;
}

/** Names the frame of an instance that a frame was made from. */
export interface FrameRef {
  /** SHA-256 of the SOP Instance UID, hexadecimal: always there, and names no patient. */
  readonly sopInstanceUIDHash: string;
  /** SOP Instance UID (0008,0018); absent where the source holds only its hash. */
  readonly sopInstanceUID?: string;
  /** SOP Class UID (0008,0016). */
  readonly sopClassUID?: string;
  /** Frame number inside the instance, 1-based as in DICOM. */
  readonly frameNumber: number;
  /** SHA-256 of the file's name, hexadecimal (a folder or file can be called after a patient). */
  readonly sourceNameHash?: string;
}

/** Numbers of one frame that people sort, plot and filter by. Each is absent where the source lacks it. */
export interface FrameValues {
  readonly instanceNumber?: number;
  /** Slice Location (0020,1041), mm. */
  readonly sliceLocation?: number;
  readonly windowCenter?: number;
  readonly windowWidth?: number;
  /** Seconds from the earliest Acquisition Time of the series. */
  readonly acquisitionTimeSeconds?: number;
  /** Echo Time (0018,0081), ms. */
  readonly echoTimeMs?: number;
  /** Diffusion b-value (0018,9087), s/mm². */
  readonly bValue?: number;
  /** Trigger Time (0018,1060), ms. */
  readonly triggerTimeMs?: number;
}

/** One plane of a series: where it lies, what its numbers mean and what it came from. */
export interface Frame {
  /** Index of the phase. */
  readonly phase: number;
  /** Index of the slice in the phase, ascending slice position. */
  readonly slice: number;
  /** Image Position (Patient): centre of the first voxel, mm, LPS. */
  readonly imagePosition: Vec3;
  /** real value = voxel of THIS series · scale + offset. The identity for what readers give; set by steps that change intensity. */
  readonly toReal: LinearMap;
  /** real value = stored value of the SOURCE · scale + offset (Rescale Slope and Intercept, PS3.3 C.11.1), per frame. */
  readonly modalityLut: LinearMap;
  /** Smallest and largest real value that is not padding, where a pass has measured it. */
  readonly realRange?: readonly [number, number];
  /** The frames this one was made from; for a frame as read, the frame itself. Never empty for what goes back to DICOM. */
  readonly derivedFrom: readonly FrameRef[];
  readonly values: FrameValues;
}

/** One 3-D volume of a series that holds several at the same slice positions. */
export interface Phase {
  /** What tells this phase from the others, for people, e.g. "Acquisition Time +92.4 s". */
  readonly label: string;
  /** The number behind the label where there is one, e.g. seconds or an echo time. */
  readonly value?: number;
}

/** The scope of one measurement: each slice on its own, each phase, or all phases together. */
export type MeasureScope = "slice" | "phase" | "series";

/** One processing step that a series went through. */
export interface ProcessingStep {
  /** Id of the processor, e.g. "normalise". */
  readonly processor: string;
  /** Plugin and version that did it, e.g. "@hilum/plugin-prepost 0.1.0". */
  readonly program: string;
  /** The configuration with every default filled in. */
  readonly config: Json;
  /** True for a step that undid an earlier one. */
  readonly inverse?: boolean;
  /** What it did, in words and as a code, for Derivation Description and Derivation Code Sequence. */
  readonly derivation?: Derivation;
}

/** What a step did, as DICOM wants to hear it (PS3.3 C.7.6.1.1.3). */
export interface Derivation {
  /** At most 64 characters, e.g. "3D Gaussian blur, sigma 1 mm". */
  readonly description: string;
  /** A code of CID 7203, e.g. { value: "113088", scheme: "DCM", meaning: "Gaussian blur" }. */
  readonly code?: { readonly value: string; readonly scheme: string; readonly meaning: string };
}

/**
 * Everything about a series but its voxels. All phases share one geometry and one voxel format.
 */
export interface SeriesSpec {
  readonly metadata: SeriesMetadata;
  /** Geometry and voxel format of every phase. */
  readonly volume: VolumeSpec;
  /** What told the phases apart, e.g. "Echo Time"; "none" where there is one phase. */
  readonly phaseKey: string;
  readonly phases: readonly Phase[];
  /** One row for each frame, in [phase, slice] order: frame of (p, k) is `frames[p · slices + k]`. */
  readonly frames: readonly Frame[];
  readonly history: readonly ProcessingStep[];
  /** The source's attributes, made when asked for. Frames are in the order of `frames`. */
  attributes(selection: TagSelection): SeriesAttributes;
}

/**
 * A series that can be read. Voxels are REAL values (after the Modality LUT) in float32, in any order of slices, again and
 * again, with no more memory than the slab that is asked for.
 */
export interface ImageSeries extends SeriesSpec, AsyncDisposable {
  /**
   * Fills a slab: `voxels` with real values, and `mask`, if it has one, with 1 where a voxel is padding.
   * The slab's slices are `into.start … into.start + into.count − 1` of phase `into.phase`.
   * @throws {HilumError} TRUNCATED_PIXEL_DATA, MALFORMED_FILE when the source cannot give what its header promised.
   */
  read(into: Slab): void | Promise<void>;
  /**
   * The range of the image voxels (not of padding) of each of a slab's slices, exactly as `read` would give them, for sources
   * that find it sooner than the voxels; undefined for a slice of padding alone. Gives nothing where it finds it no sooner.
   * @param room a slab as for `read`, whose buffers are there to work in and hold nothing of use afterwards.
   * @throws {HilumError} as `read`.
   */
  ranges?(room: Slab): readonly (VoxelRange | undefined)[] | undefined;
  /** How the codec made a series of its source, for `inspect`: codec-specific, documented by the codec, without patient data. */
  readonly assembly?: Json;
}

/** The frame of a phase and slice. @throws {RangeError} outside the series. */
export function frameAt(series: SeriesSpec, phase: number, slice: number): Frame {
  const frame = series.frames[phase * series.volume.geometry.size[2] + slice];
  if (frame === undefined) throw new RangeError(`no frame at phase ${phase}, slice ${slice}`);
  return frame;
}

