import { affineLps, type ImageSeries, type Json } from "@hilum/core";
import type { Survey, SurveyedSeries } from "@hilum/host";

/** What is at a path as a program reads it; `schemas/inspect.schema.json` says what is in it. */
export function surveyJson({ codec, series, skipped }: Pick<Survey, "codec" | "series" | "skipped">): { readonly [key: string]: Json } {
  return {
    version: 1,
    codec: codec.id,
    series: series.map((entry) => ({
      number: entry.number,
      ...(entry.series === undefined ? faultJson(entry) : seriesJson(entry.series)),
      metadata: { ...entry.metadata },
      files: entry.files,
      warnings: entry.warnings.map(({ code, message }) => ({ code, message })),
    })),
    skipped: Object.fromEntries(skipped),
  };
}

function faultJson({ fault }: SurveyedSeries): { readonly [key: string]: Json } {
  if (fault === undefined) return {};
  return { state: "refused", error: { code: fault.code, message: fault.message, remedy: fault.remedy, details: fault.details } };
}

function seriesJson(series: ImageSeries): { readonly [key: string]: Json } {
  const { geometry, voxel, masked } = series.volume;
  const [columns, rows, slices] = geometry.size;
  return {
    state: "ready",
    shape: [series.phases.length, slices, rows, columns],
    spacing: geometry.spacing,
    origin: geometry.origin,
    direction: geometry.direction,
    affine_lps: affineLps(geometry),
    voxel: { ...voxel },
    masked,
    phase_key: series.phaseKey,
    phases: series.phases.map((phase) => ({ ...phase })),
    assembly: series.assembly ?? null,
  };
}
