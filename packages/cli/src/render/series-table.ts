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
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join("");
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

/** What the table says already, in its own words. */
const SAID: ReadonlySet<string> = new Set(["phaseKey", "phases"]);

function assemblyLines(assembly: unknown): readonly [string, string][] {
  if (typeof assembly !== "object" || assembly === null) return [];
  return Object.entries(assembly).flatMap(([name, value]) => {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    const texts = items.map(compact).filter((text) => text !== "");
    return SAID.has(name) ? [] : texts.map((text, index): [string, string] => [index === 0 ? label(name) : "", text]);
  });
}

function label(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll("_", " ");
}

function compact(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value === "number" ? round(value) : String(value);
  const entries = Object.entries(value);
  // What was rejected or left out comes as a name with a reason.
  if ("reason" in value && entries.length === 2) return `${String(entries[0]?.[1])}: ${String(value.reason)}`;
  return entries.map(([name, one]) => `${label(name)} ${compact(one)}`).join(", ");
}
