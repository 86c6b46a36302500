import { affineLps, type ImageSeries } from "@hilum/core";

const round = (value: number, digits = 3): string => String(Number(value.toFixed(digits)));

/** A series as a person reads it: what it is, where it lies, what its phases are, and how it was assembled. */
export function seriesTable(series: ImageSeries, codecTitle: string): string {
  const { geometry, voxel, masked } = series.volume;
  const [columns, rows, slices] = geometry.size;
  const lines: [string, string][] = [
    ["format", codecTitle],
    ["modality", series.metadata.modality ?? "unknown"],
    ["series", series.metadata.seriesDescription ?? "(no description)"],
    ["size", `${columns} columns × ${rows} rows × ${slices} slices × ${series.phases.length} phase${series.phases.length === 1 ? "" : "s"}`],
    ["spacing", `${geometry.spacing.map((one) => round(one, 6)).join(" × ")} mm`],
    ["origin", `${geometry.origin.map((one) => round(one, 4)).join(", ")} mm (LPS)`],
    ["directions", geometry.direction.map((axis) => `(${axis.map((one) => round(one, 4)).join(" ")})`).join(" ")],
    ["voxels", `${voxel.componentType}${voxel.units === undefined ? "" : ` [${voxel.units}]`}${voxel.samplesPerVoxel > 1 ? ` × ${voxel.samplesPerVoxel} samples` : ""}${masked ? ", padding masked" : ""}`],
    ["phase key", series.phaseKey],
    ...series.phases.map((phase, index): [string, string] => [index === 0 ? "phases" : "", `${index}: ${phase.label}`]),
    ...assemblyLines(series.assembly),
  ];
  return lines.map(([name, text]) => `${name.padEnd(12)} ${text}\n`).join("");
}

/** A series as a program reads it. */
export function seriesJson(series: ImageSeries, codecId: string) {
  const { geometry, voxel, masked } = series.volume;
  const [columns, rows, slices] = geometry.size;
  return {
    codec: codecId,
    metadata: series.metadata,
    shape: [series.phases.length, slices, rows, columns],
    spacing: geometry.spacing,
    origin: geometry.origin,
    direction: geometry.direction,
    affine_lps: affineLps(geometry),
    voxel,
    masked,
    phase_key: series.phaseKey,
    phases: series.phases,
    assembly: series.assembly ?? null,
  };
}

function assemblyLines(assembly: unknown): readonly [string, string][] {
  if (typeof assembly !== "object" || assembly === null) return [];
  return Object.entries(assembly).flatMap(([name, value]) => {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    return items.map((item, index): [string, string] => [index === 0 ? label(name) : "", compact(item)]);
  });
}

function label(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll("_", " ");
}

function compact(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value).map(([name, one]) => `${label(name)} ${typeof one === "object" ? JSON.stringify(one) : String(one)}`).join(", ");
}
