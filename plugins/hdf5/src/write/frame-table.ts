import type { Frame, SeriesSpec } from "@hilum/core";
import { VALUE_COLUMNS } from "../frame-columns.ts";
import { writtenUid } from "../hashed-uid.ts";
import type { MetadataRule } from "../options.ts";
import type { Attributes } from "./hdf5-builder.ts";

/** One column of the frame table: a number or string for each frame, or `width` numbers. */
export type FrameColumn = { readonly name: string; readonly attributes?: Attributes } & (
  | { readonly kind: "number"; readonly values: Float64Array; readonly width?: number }
  | { readonly kind: "integer"; readonly values: Int32Array }
  | { readonly kind: "string"; readonly values: readonly string[] }
);

/** The frame table, column by column; a column that no frame has is left out. */
export function frameTable(series: SeriesSpec, rule: MetadataRule): readonly FrameColumn[] {
  const { frames } = series;
  const columns: FrameColumn[] = [];
  const number = (name: string, of: (frame: Frame) => number | undefined, attributes?: Attributes): void => {
    const values = new Float64Array(frames.length);
    let present = false;
    for (const [index, frame] of frames.entries()) {
      const value = of(frame);
      present ||= value !== undefined;
      values[index] = value ?? Number.NaN;
    }
    if (present) columns.push({ kind: "number", name, values, ...(attributes && { attributes }) });
  };
  const string = (name: string, of: (frame: Frame) => string | undefined): void => {
    const values = frames.map((frame) => of(frame) ?? "");
    if (values.some((value) => value !== "")) columns.push({ kind: "string", name, values });
  };
  const integer = (name: string, of: (frame: Frame) => number): void => {
    columns.push({ kind: "integer", name, values: Int32Array.from(frames, of) });
  };

  integer("phase_index", ({ phase }) => phase);
  integer("slice_index", ({ slice }) => slice);
  columns.push({
    kind: "number",
    name: "image_position",
    values: Float64Array.from(frames.flatMap(({ imagePosition }) => imagePosition)),
    width: 3,
    attributes: { units: "mm", space: "LPS" },
  });
  number("norm_scale", ({ toReal }) => toReal.scale);
  number("norm_offset", ({ toReal }) => toReal.offset);
  number("rescale_slope", ({ modalityLut }) => modalityLut.scale);
  number("rescale_intercept", ({ modalityLut }) => modalityLut.offset);
  const { componentType } = series.volume.voxel;
  const integral = componentType !== "float32" && componentType !== "float64";
  number("stored_min", (frame) => storedRange(frame, integral)?.[0]);
  number("stored_max", (frame) => storedRange(frame, integral)?.[1]);
  for (const { name, key, units } of VALUE_COLUMNS) number(name, ({ values }) => values[key], units === undefined ? undefined : { units });
  if (rule !== "none") {
    const plain = rule === "full";
    string("sop_instance_uid", ({ derivedFrom: [source] }) => writtenUid(source?.sopInstanceUID, source?.sopInstanceUIDHash, plain));
    string("sop_class_uid", ({ derivedFrom: [source] }) => source?.sopClassUID);
    string("source_name", ({ derivedFrom: [source] }) => writtenUid(undefined, source?.sourceNameHash, false));
    integer("source_frame", ({ derivedFrom: [source] }) => source?.frameNumber ?? 0);
  }
  return columns;
}

/** Smallest and largest stored value of the source, from the range of real values. */
function storedRange({ realRange, modalityLut: { scale, offset } }: Frame, integral: boolean): readonly [number, number] | undefined {
  if (realRange === undefined || scale === 0) return undefined;
  const [a, b] = realRange.map((value) => (value - offset) / scale) as [number, number];
  const [low, high] = a <= b ? [a, b] : [b, a];
  return integral ? [Math.round(low), Math.round(high)] : [low, high];
}
