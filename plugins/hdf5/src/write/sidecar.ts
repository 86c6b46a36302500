import { affineLps, affineRas, type Frame, type Json, type SeriesSpec } from "@hilum/core";
import { VALUE_COLUMNS } from "../frame-columns.ts";
import { writtenUid } from "../hashed-uid.ts";
import { normalizationOf } from "../normalization.ts";
import type { MetadataRule } from "../options.ts";
import { LAYOUT_VERSION } from "../version.ts";
import { describeGeometry } from "./describe-geometry.ts";

/** The JSON sidecar of a file, as `sidecar.schema.json` describes it; UIDs and names under the same rule as in the file. */
export function sidecarOf(series: SeriesSpec, rule: MetadataRule): Json {
  const { geometry, voxel } = series.volume;
  const [columns, rows, slices] = geometry.size;
  const [u, v, w] = geometry.direction;
  const { scope, shared } = normalizationOf(series);
  const { slicePositions, tiltDegrees, uniform } = describeGeometry(series);
  const { modality, seriesDescription, seriesInstanceUID, seriesInstanceUIDHash } = series.metadata;
  const named = rule !== "none";
  const plain = rule === "full";
  return {
    schema: { name: "hilum-sidecar", version: LAYOUT_VERSION },
    spacing: geometry.spacing,
    series_description: (named ? seriesDescription : undefined) ?? null,
    modality: (named ? modality : undefined) ?? null,
    shape: [series.phases.length, slices, rows, columns],
    samples_per_voxel: voxel.samplesPerVoxel,
    units: voxel.units ?? null,
    phase_key: series.phaseKey,
    phases: series.phases.map(({ label, value }) => ({ label, value: value ?? null })),
    geometry: {
      space: "LPS",
      affine_lps: affineLps(geometry),
      affine_ras: affineRas(geometry),
      origin: geometry.origin,
      direction: [0, 1, 2].map((row) => [u[row] ?? 0, v[row] ?? 0, w[row] ?? 0]),
      slice_positions: slicePositions,
      tilt_deg: tiltDegrees,
      uniform,
      ...(named && uidEntry("frame_of_reference_uid", writtenUid(geometry.frameOfReferenceUID, undefined, plain))),
    },
    normalization: {
      scope,
      real_value: "volume * norm_scale + norm_offset",
      norm_scale: shared?.scale ?? null,
      norm_offset: shared?.offset ?? null,
    },
    ...(named && uidEntry("series_instance_uid", writtenUid(seriesInstanceUID, seriesInstanceUIDHash, plain))),
    metadata: rule,
    frames: series.frames.map((frame) => frameRow(frame, rule)),
  };
}

function uidEntry(name: string, written: string): { readonly [key: string]: string } {
  return written === "" ? {} : { [name]: written };
}

function frameRow(frame: Frame, rule: MetadataRule): Json {
  const [source] = frame.derivedFrom;
  const row: Record<string, Json> = {
    phase: frame.phase,
    slice: frame.slice,
    image_position: frame.imagePosition,
    norm_scale: frame.toReal.scale,
    norm_offset: frame.toReal.offset,
    rescale_slope: frame.modalityLut.scale,
    rescale_intercept: frame.modalityLut.offset,
  };
  for (const { name, key } of VALUE_COLUMNS) {
    const value = frame.values[key];
    if (value !== undefined) row[name] = value;
  }
  if (rule !== "none" && source !== undefined) {
    row["sop_instance_uid"] = writtenUid(source.sopInstanceUID, source.sopInstanceUIDHash, rule === "full");
    row["source_frame"] = source.frameNumber;
  }
  return row;
}
