import { affineLps, affineRas, type SeriesSpec } from "@hilum/core";
import { writtenUid } from "../hashed-uid.ts";
import { normalizationOf, type Normalization } from "../normalization.ts";
import type { MetadataRule } from "../options.ts";
import { safeAttributes, SAFE_ATTRIBUTES } from "../safe-attributes.ts";
import { PALETTE_INDEX } from "../sample-meaning.ts";
import { LAYOUT_VERSION, VERSION } from "../version.ts";
import { describeGeometry } from "./describe-geometry.ts";
import { frameTable, type FrameColumn } from "./frame-table.ts";
import { createHdf5Builder, type Attributes, type Hdf5Builder, type Hdf5Parts, type Storage } from "./hdf5-builder.ts";

/** Where the voxels lie, and where the metadata goes. */
export interface LayoutPlacement {
  readonly volume: Storage;
  readonly mask?: Storage;
  /** Address of the metadata, a multiple of eight. */
  readonly metadata: number;
}

/** What decides the metadata besides the series. */
export interface LayoutRequest {
  readonly series: SeriesSpec;
  readonly rule: MetadataRule;
  readonly placement: LayoutPlacement;
  /** The job's time. */
  readonly created: Date;
}

/** Builds everything of layout version 1 but the voxels. */
export function buildLayout({ series, rule, placement, created }: LayoutRequest): Hdf5Parts {
  const builder = createHdf5Builder(placement.metadata);
  const normalization = normalizationOf(series);
  const shape = volumeShape(series);
  const grey = series.volume.voxel.samplesPerVoxel === 1;

  const volume = builder.stored("float32", placement.volume, {
    shape,
    links: grey ? 3 : 2,
    attributes: volumeAttributes(series, normalization, rule),
  });
  const { seriesDescription, modality, seriesInstanceUID, seriesInstanceUIDHash } = series.metadata;
  const named = rule === "none" ? {} : { seriesDescription, modality };
  const seriesUid = rule === "none" ? "" : writtenUid(seriesInstanceUID, seriesInstanceUIDHash, rule === "full");
  const entry = builder.group(
    {
      title: builder.strings([named.seriesDescription ?? "Image series"], { shape: [] }),
      data: dataGroup(builder, series, volume),
      geometry: geometryGroup(builder, series, rule),
      frames: framesGroup(builder, frameTable(series, rule)),
      ...(rule !== "none" && { dicom: dicomGroup(builder, series, rule) }),
      ...(placement.mask && {
        mask: builder.stored("uint8", placement.mask, {
          shape: shape.slice(0, 4),
          attributes: { long_name: "Padding: 1 where a voxel is no image" },
        }),
      }),
      ...(series.history.length > 0 && { process: processGroup(builder, series) }),
    },
    {
      NX_class: "NXentry",
      default: "data",
      metadata: rule,
      ...(named.modality !== undefined && { modality: named.modality }),
      ...(named.seriesDescription !== undefined && { series_description: named.seriesDescription }),
      ...(seriesUid !== "" && { series_instance_uid: seriesUid }),
    },
  );
  return builder.finish(
    { entry, volume, ...(grey && itkLinks(builder, series, volume)) },
    {
      NX_class: "NXroot",
      default: "entry",
      hilum_schema: LAYOUT_VERSION,
      creator: `Hilum ${VERSION}`,
      created: created.toISOString(),
    },
  );
}

/** [phase, z, y, x], and the samples behind them for colour. */
export function volumeShape(series: SeriesSpec): readonly number[] {
  const [columns, rows, slices] = series.volume.geometry.size;
  const { samplesPerVoxel } = series.volume.voxel;
  return [series.phases.length, slices, rows, columns, ...(samplesPerVoxel > 1 ? [samplesPerVoxel] : [])];
}

function volumeAttributes(series: SeriesSpec, normalization: Normalization, rule: MetadataRule): Attributes {
  const { units, componentType, indexed } = series.volume.voxel;
  const { scope, shared, step } = normalization;
  return {
    long_name: (rule === "none" ? undefined : series.metadata.seriesDescription) ?? "volume",
    // The units of the numbers in the volume; those of the real values when it is not normalised.
    ...(scope === "none" ? units !== undefined && { units } : { units: "1" }),
    ...(units !== undefined && { real_units: units }),
    space: "LPS",
    source_component_type: componentType,
    ...(indexed === true && { sample_meaning: PALETTE_INDEX }),
    normalization: JSON.stringify({
      scope,
      real_value: "volume * norm_scale + norm_offset",
      norm_scale: shared?.scale ?? "/entry/frames/norm_scale",
      norm_offset: shared?.offset ?? "/entry/frames/norm_offset",
      ...(step && { processor: step.processor, configuration: step.config }),
    }),
    ...(shared && { norm_scale: shared.scale, norm_offset: shared.offset }),
    DIMENSION_LABELS: ["phase", "z", "y", "x", ...(series.volume.voxel.samplesPerVoxel > 1 ? ["sample"] : [])],
  };
}

function dataGroup(builder: Hdf5Builder, series: SeriesSpec, volume: number): number {
  const { geometry } = series.volume;
  const { slicePositions } = describeGeometry(series);
  const firstPosition = slicePositions[0] ?? 0;
  const axis = (values: Float64Array, longName: string): number =>
    builder.numbers(values, { shape: [values.length], attributes: { units: "mm", long_name: longName } });
  const { phases } = series;
  const valued = phases.every(({ value }) => value !== undefined);
  return builder.group(
    {
      volume,
      phase: builder.numbers(
        Float64Array.from(phases, ({ value }, index) => (valued ? (value ?? index) : index)),
        { shape: [phases.length], attributes: { long_name: "phase", key: series.phaseKey, values: valued ? "value" : "index" } },
      ),
      phase_label: builder.strings(
        phases.map(({ label }) => label),
        { shape: [phases.length] },
      ),
      z: axis(Float64Array.from(slicePositions, (position) => position - firstPosition), "along the normal of the slices, from the first slice"),
      y: axis(steps(geometry.size[1], geometry.spacing[1]), "down a column, from the first voxel"),
      x: axis(steps(geometry.size[0], geometry.spacing[0]), "along a row, from the first voxel"),
    },
    {
      NX_class: "NXdata",
      signal: "volume",
      axes: ["phase", "z", "y", "x", ...(series.volume.voxel.samplesPerVoxel > 1 ? ["."] : [])],
    },
  );
}

function steps(count: number, spacing: number): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => index * spacing);
}

function geometryGroup(builder: Hdf5Builder, series: SeriesSpec, rule: MetadataRule): number {
  const { geometry } = series.volume;
  const [u, v, w] = geometry.direction;
  const { slicePositions, tiltDegrees, uniform } = describeGeometry(series);
  const numbers = (values: readonly number[], shape: readonly number[], attributes: Attributes): number =>
    builder.numbers(Float64Array.from(values), { shape, attributes });
  const frameOfReference = rule === "none" ? "" : writtenUid(geometry.frameOfReferenceUID, undefined, rule === "full");
  return builder.group(
    {
      affine_lps: numbers(affineLps(geometry).flat(), [4, 4], { long_name: "(x, y, z, 1) index to patient mm, LPS", units: "mm" }),
      affine_ras: numbers(affineRas(geometry).flat(), [4, 4], { long_name: "(x, y, z, 1) index to patient mm, RAS", units: "mm" }),
      spacing: numbers(geometry.spacing, [3], { units: "mm", order: "x y z" }),
      origin: numbers(geometry.origin, [3], { units: "mm", space: "LPS", long_name: "centre of the first voxel" }),
      direction: numbers(
        [0, 1, 2].flatMap((row) => [u[row] ?? 0, v[row] ?? 0, w[row] ?? 0]),
        [3, 3],
        { space: "LPS", long_name: "COLUMNS are the directions of x, y and z" },
      ),
      image_orientation_patient: numbers([...u, ...v], [6], { space: "LPS" }),
      slice_positions: numbers(slicePositions, [slicePositions.length], { units: "mm", long_name: "along the normal of the slices" }),
      tilt_deg: numbers([tiltDegrees], [], { units: "deg" }),
      uniform: builder.numbers(Uint8Array.of(uniform ? 1 : 0), { shape: [] }),
      ...(frameOfReference !== "" && { frame_of_reference_uid: builder.strings([frameOfReference], { shape: [] }) }),
    },
    { NX_class: "NXcollection" },
  );
}

function framesGroup(builder: Hdf5Builder, columns: readonly FrameColumn[]): number {
  const links: Record<string, number> = {};
  for (const column of columns) {
    const attributes = column.attributes ?? {};
    if (column.kind === "string") links[column.name] = builder.strings(column.values, { shape: [column.values.length], attributes });
    else if (column.kind === "integer") links[column.name] = builder.numbers(column.values, { shape: [column.values.length], attributes });
    else {
      const { values, width } = column;
      const shape = width === undefined ? [values.length] : [values.length / width, width];
      links[column.name] = builder.numbers(values, { shape, attributes });
    }
  }
  return builder.group(links, { NX_class: "NXcollection", rows: "one for each frame, in the order of volume: phase by phase, slice by slice" });
}

function dicomGroup(builder: Hdf5Builder, series: SeriesSpec, rule: "safe" | "full"): number {
  const given = series.attributes(rule === "full" ? "all" : SAFE_ATTRIBUTES);
  const kept = rule === "full" ? given : { shared: safeAttributes(given.shared), perFrame: given.perFrame.map(safeAttributes) };
  const shared = builder.group(
    {
      type: builder.strings(["application/json"], { shape: [] }),
      data: builder.strings([JSON.stringify(kept.shared)], { shape: [] }),
    },
    { NX_class: "NXnote" },
  );
  const perFrame = kept.perFrame.map((attributes) => JSON.stringify(attributes));
  return builder.group(
    { shared, per_frame: builder.strings(perFrame, { shape: [perFrame.length] }) },
    { NX_class: "NXcollection", model: "DICOM JSON (PS3.18 F)", metadata: rule },
  );
}

function processGroup(builder: Hdf5Builder, series: SeriesSpec): number {
  const links: Record<string, number> = {};
  for (const [index, step] of series.history.entries()) {
    const text = (value: string): number => builder.strings([value], { shape: [] });
    const split = step.program.lastIndexOf(" ");
    links[`${index + 1}`] = builder.group(
      {
        sequence_index: builder.numbers(Int32Array.of(index + 1), { shape: [] }),
        program: text(split < 0 ? step.program : step.program.slice(0, split)),
        version: text(split < 0 ? "" : step.program.slice(split + 1)),
        processor: text(step.processor),
        configuration: text(JSON.stringify(step.config)),
        inverse: builder.numbers(Uint8Array.of(step.inverse === true ? 1 : 0), { shape: [] }),
        ...(step.derivation && { derivation: text(JSON.stringify(step.derivation)) }),
      },
      { NX_class: "NXprocess" },
    );
  }
  return builder.group(links, { NX_class: "NXcollection" });
}

/** What ITK's HDF5 reader looks for (itk::HDF5ImageIO); it takes strings as ASCII arrays of one, and no string attribute. */
function itkLinks(builder: Hdf5Builder, series: SeriesSpec, volume: number): Readonly<Record<string, number>> {
  const { geometry } = series.volume;
  const ascii = (value: string): number => builder.strings([value], { shape: [1], charset: "ascii" });
  const numbers = (values: readonly number[], shape: readonly number[]): number => builder.numbers(Float64Array.from(values), { shape });
  const image = builder.group({
    VoxelData: volume,
    VoxelType: ascii("FLOAT"),
    Dimension: builder.numbers(BigInt64Array.from([...geometry.size, series.phases.length], BigInt), { shape: [4] }),
    Origin: numbers([...geometry.origin, 0], [4]),
    Spacing: numbers([...geometry.spacing, 1], [4]),
    Directions: numbers([...geometry.direction.flatMap((axis) => [...axis, 0]), 0, 0, 0, 1], [4, 4]),
    MetaData: builder.group({}),
  });
  return { ITKImage: builder.group({ "0": image }), ITKVersion: ascii("5.3.0"), HDFVersion: ascii("1.10.8") };
}
