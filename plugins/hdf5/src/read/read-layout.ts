import {
  IDENTITY_MAP,
  type ComponentType,
  type DicomJson,
  type DicomJsonElement,
  type Frame,
  type FrameRef,
  type FrameValues,
  type Json,
  type LinearMap,
  type Phase,
  type ProcessingStep,
  type SeriesAttributes,
  type SeriesSpec,
  type TagSelection,
  type Vec3,
  type VolumeGeometry,
} from "@hilum/core";
import { VALUE_COLUMNS } from "../frame-columns.ts";
import { readUid } from "../hashed-uid.ts";
import { normalisingStep } from "../normalization.ts";
import { PALETTE_INDEX } from "../sample-meaning.ts";
import { VERSION } from "../version.ts";
import { malformed, type Hdf5File } from "./h5wasm-file.ts";

/** The volume's place in the file. */
export const VOLUME = "/entry/data/volume";
/** The mask's place in the file. */
export const MASK = "/entry/mask";

const COMPONENT_TYPES: ReadonlySet<string> = new Set(["uint1", "uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]);

/** What layout version 1 says of a series. */
export interface ReadLayout {
  readonly spec: SeriesSpec;
  /** What makes the numbers of each frame real values. */
  readonly toReal: readonly LinearMap[];
}

/** Reads everything of layout version 1 but the voxels. @throws {HilumError} MALFORMED_FILE */
export function readLayout(file: Hdf5File): ReadLayout {
  const shape = file.shape(VOLUME);
  const [phaseCount = 0, slices = 0, rows = 0, columns = 0, samplesPerVoxel = 1] = shape;
  if (shape.length < 4 || shape.length > 5 || shape.includes(0)) throw malformed("The volume of the HDF5 file is not 4-D.", { rank: shape.length });
  if (file.elementType(VOLUME) !== "f") throw malformed("The volume of the HDF5 file is not float32.");
  const masked = file.has(MASK);
  if (masked && (file.elementType(MASK) !== "B" || !equal(file.shape(MASK), shape.slice(0, 4))))
    throw malformed("The mask of the HDF5 file does not fit its volume.");

  const columnsOfFrames = frameColumns(file, phaseCount * slices);
  const geometry = readGeometry(file, [columns, rows, slices]);
  const units = file.attribute(VOLUME, "real_units");
  const componentType = file.attribute(VOLUME, "source_component_type") ?? "";
  if (!COMPONENT_TYPES.has(componentType)) throw malformed("The volume of the HDF5 file does not say how its source stored it.");
  const indexed = file.attribute(VOLUME, "sample_meaning") === PALETTE_INDEX;
  const modality = file.attribute("/entry", "modality");
  const seriesDescription = file.attribute("/entry", "series_description");
  const series = readUid(file.attribute("/entry", "series_instance_uid") ?? "");
  return {
    toReal: columnsOfFrames.toReal,
    spec: {
      metadata: {
        ...(modality !== undefined && { modality }),
        ...(seriesDescription !== undefined && { seriesDescription }),
        ...(series?.uid !== undefined && { seriesInstanceUID: series.uid }),
        ...(series !== undefined && { seriesInstanceUIDHash: series.hash }),
      },
      volume: {
        geometry,
        voxel: { componentType: componentType as ComponentType, samplesPerVoxel, ...(units !== undefined && { units }), ...(indexed && { indexed }) },
        masked,
      },
      phaseKey: file.attribute("/entry/data/phase", "key") ?? "none",
      phases: readPhases(file, phaseCount),
      frames: columnsOfFrames.frames,
      history: withUndoneNormalisation(readHistory(file), columnsOfFrames.toReal),
      attributes: (selection) => readAttributes(file, phaseCount * slices, selection),
    },
  };
}

function readGeometry(file: Hdf5File, size: Vec3): VolumeGeometry {
  const vector = (name: string): Vec3 => triple(finite(file, `/entry/geometry/${name}`, 3), 0);
  const d = finite(file, "/entry/geometry/direction", 9);
  const column = (axis: number): Vec3 => [d[axis] as number, d[3 + axis] as number, d[6 + axis] as number];
  const uidPath = "/entry/geometry/frame_of_reference_uid";
  const frameOfReferenceUID = file.has(uidPath) ? readUid(file.strings(uidPath)[0] ?? "")?.uid : undefined;
  return {
    size,
    spacing: vector("spacing"),
    origin: vector("origin"),
    direction: [column(0), column(1), column(2)],
    ...(frameOfReferenceUID !== undefined && { frameOfReferenceUID }),
  };
}

function readPhases(file: Hdf5File, count: number): readonly Phase[] {
  const labels = file.strings("/entry/data/phase_label");
  const values = finite(file, "/entry/data/phase", count);
  const valued = file.attribute("/entry/data/phase", "values") === "value";
  if (labels.length !== count) throw malformed("The phases of the HDF5 file do not fit its volume.");
  return labels.map((label, index) => (valued ? { label, value: values[index] as number } : { label }));
}

function frameColumns(file: Hdf5File, count: number): { readonly frames: readonly Frame[]; readonly toReal: readonly LinearMap[] } {
  const at = (name: string): string => `/entry/frames/${name}`;
  const numbers = (name: string): Float64Array | undefined => (file.has(at(name)) ? sized(file, at(name), count) : undefined);
  const strings = (name: string): readonly string[] | undefined => {
    if (!file.has(at(name))) return undefined;
    const values = file.strings(at(name));
    if (values.length !== count) throw malformed("A column of the frame table has the wrong length.", { dataset: at(name) });
    return values;
  };
  const map = (scale: string, offset: string): readonly LinearMap[] => {
    const scales = finite(file, at(scale), count);
    const offsets = finite(file, at(offset), count);
    return Array.from(scales, (value, index) => ({ scale: value, offset: offsets[index] as number }));
  };

  const phase = finite(file, at("phase_index"), count);
  const slice = finite(file, at("slice_index"), count);
  const position = finite(file, at("image_position"), 3 * count);
  const modalityLut = map("rescale_slope", "rescale_intercept");
  const low = numbers("stored_min");
  const high = numbers("stored_max");
  const values = VALUE_COLUMNS.map(({ name, key }) => ({ key, column: numbers(name) }));
  const uids = strings("sop_instance_uid");
  const classes = strings("sop_class_uid");
  const names = strings("source_name");
  const frameNumbers = numbers("source_frame");
  const slices = file.shape(VOLUME)[1] ?? 1;

  const frames = modalityLut.map((lut, index): Frame => {
    if (phase[index] !== Math.floor(index / slices) || slice[index] !== index % slices)
      throw malformed("The frame table of the HDF5 file is not in the order of its volume.", { row: index });
    const range = realRange(lut, low?.[index], high?.[index]);
    const source = readUid(uids?.[index] ?? "");
    return {
      phase: phase[index],
      slice: slice[index],
      imagePosition: triple(position, 3 * index),
      toReal: IDENTITY_MAP,
      modalityLut: lut,
      ...(range && { realRange: range }),
      derivedFrom: source === undefined ? [] : [frameRef(source, frameNumbers?.[index] ?? 1, classes?.[index], names?.[index])],
      values: frameValues(values, index),
    };
  });
  return { frames, toReal: map("norm_scale", "norm_offset") };
}

function frameRef(
  { uid, hash }: { readonly uid?: string; readonly hash: string },
  frameNumber: number,
  sopClassUID: string | undefined,
  name: string | undefined,
): FrameRef {
  const sourceNameHash = readUid(name ?? "")?.hash;
  return {
    sopInstanceUIDHash: hash,
    ...(uid !== undefined && { sopInstanceUID: uid }),
    ...(sopClassUID !== undefined && sopClassUID !== "" && { sopClassUID }),
    frameNumber,
    ...(sourceNameHash !== undefined && { sourceNameHash }),
  };
}

function frameValues(columns: readonly { readonly key: keyof FrameValues; readonly column: Float64Array | undefined }[], index: number): FrameValues {
  const values: { -readonly [K in keyof FrameValues]: FrameValues[K] } = {};
  for (const { key, column } of columns) {
    const value = column?.[index];
    if (value !== undefined && !Number.isNaN(value)) values[key] = value;
  }
  return values;
}

function realRange({ scale, offset }: LinearMap, low = Number.NaN, high = Number.NaN): readonly [number, number] | undefined {
  if (Number.isNaN(low) || Number.isNaN(high)) return undefined;
  const [a, b] = [low * scale + offset, high * scale + offset];
  return a <= b ? [a, b] : [b, a];
}

function readHistory(file: Hdf5File): readonly ProcessingStep[] {
  if (!file.has("/entry/process")) return [];
  const indices = file.names("/entry/process").map(Number).sort((a, b) => a - b);
  return indices.map((index): ProcessingStep => {
    const at = `/entry/process/${index}`;
    const text = (name: string): string => file.strings(`${at}/${name}`)[0] ?? "";
    const derivation = file.has(`${at}/derivation`) ? parse(text("derivation")) : undefined;
    return {
      processor: text("processor"),
      program: `${text("program")} ${text("version")}`.trimEnd(),
      config: parse(text("configuration")),
      ...(file.numbers(`${at}/inverse`)[0] === 1 && { inverse: true }),
      ...(derivation !== undefined && { derivation: derivation as unknown as NonNullable<ProcessingStep["derivation"]> }),
    };
  });
}

/** Reading gives real values, which undoes a normalisation that the file holds; the history has to say so. */
function withUndoneNormalisation(history: readonly ProcessingStep[], toReal: readonly LinearMap[]): readonly ProcessingStep[] {
  const step = normalisingStep(history);
  if (step === undefined || toReal.every(({ scale, offset }) => scale === 1 && offset === 0)) return history;
  return [...history, { processor: step.processor, program: `@hilum/plugin-hdf5 ${VERSION}`, config: step.config, inverse: true }];
}

function readAttributes(file: Hdf5File, count: number, selection: TagSelection): SeriesAttributes {
  if (!file.has("/entry/dicom/per_frame")) return { shared: {}, perFrame: Array.from({ length: count }, () => ({})) };
  const perFrame = file.strings("/entry/dicom/per_frame");
  if (perFrame.length !== count) throw malformed("A column of the frame table has the wrong length.", { dataset: "/entry/dicom/per_frame" });
  return {
    shared: selected(file.strings("/entry/dicom/shared/data")[0] ?? "", selection),
    perFrame: perFrame.map((text) => selected(text, selection)),
  };
}

const TAG = /^[0-9A-F]{8}$/;

function selected(text: string, selection: TagSelection): DicomJson {
  const kept: Record<string, DicomJsonElement> = {};
  for (const [tag, element] of Object.entries(parse(text) ?? {})) {
    if (TAG.test(tag) && (selection === "all" || selection.has(tag))) kept[tag] = element as DicomJsonElement;
  }
  return kept;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // The parser's message quotes the text.
    throw malformed("A text of the HDF5 file is not JSON.");
  }
}

function sized(file: Hdf5File, path: string, length: number): Float64Array {
  const values = file.numbers(path);
  if (values.length !== length) throw malformed("A table of the HDF5 file has the wrong length.", { dataset: path });
  return values;
}

function finite(file: Hdf5File, path: string, length: number): Float64Array {
  const values = sized(file, path, length);
  if (!values.every(Number.isFinite)) throw malformed("A table of the HDF5 file lacks a number.", { dataset: path });
  return values;
}

function triple(values: Float64Array, start: number): Vec3 {
  return [values[start] as number, values[start + 1] as number, values[start + 2] as number];
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
