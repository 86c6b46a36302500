import type { ImageSeries, Json } from "@hilum/core";
import type { SurveyedSeries } from "@hilum/host";
import { printable, TERMINAL_COLUMNS, widthOf, wrapped, type Style } from "./terminal-text.ts";

const MOST_PHASES = 12;
const MOST_LINES = 12;
/** What a program wants and a person reads elsewhere, or not at all. */
const NOT_SHOWN: ReadonlySet<string> = new Set(["schema", "index", "seriesInstanceUIDHash", "modality", "phaseKey", "phases"]);
/** Of a longer list, the count is told and, of numbers, the range. */
const MOST_ITEMS = 8;
/** Of things that have lines of their own, more are read. */
const MOST_LISTED = 24;

type Row = readonly [name: string, text: string];

/** A number as a person reads it. */
export function round(value: number, digits = 3): string {
  return String(Number(value.toFixed(digits)));
}

/** A series as a person reads it: what it is, where it lies, what its phases are, and how it was assembled; or why it was not. */
export function seriesTable(entry: SurveyedSeries, codecTitle: string, style: Style): string {
  const rows = entry.series === undefined ? faultRows(entry) : [...geometryRows(entry.series, codecTitle), ...assemblyRows(entry.series.assembly)];
  const warnings = entry.warnings.map(({ code, message }): Row => ["warning", `${code}: ${message}`]);
  return layOut([...rows, ...warnings], style);
}

function faultRows({ metadata, files, fault }: SurveyedSeries): readonly Row[] {
  return [
    ["modality", metadata.modality ?? "unknown"],
    ["series", metadata.seriesDescription ?? "(no description)"],
    ["files", String(files)],
    ["refused", `${fault?.code ?? ""}: ${fault?.message ?? ""}`],
    ["what to do", fault?.remedy ?? ""],
  ];
}

function geometryRows(series: ImageSeries, codecTitle: string): readonly Row[] {
  const { geometry, voxel, masked } = series.volume;
  const [columns, rows, slices] = geometry.size;
  const many = series.phases.length > MOST_PHASES;
  const phases = many ? [...series.phases.slice(0, MOST_PHASES / 2).entries(), ...[...series.phases.entries()].slice(-MOST_PHASES / 2)] : [...series.phases.entries()];
  return [
    ["format", codecTitle],
    ["modality", series.metadata.modality ?? "unknown"],
    ["series", series.metadata.seriesDescription ?? "(no description)"],
    ["size", [counted(columns, "column"), counted(rows, "row"), counted(slices, "slice"), counted(series.phases.length, "phase")].join(" × ")],
    ["spacing", `${geometry.spacing.map((one) => round(one, 6)).join(" × ")} mm`],
    ["origin", `${geometry.origin.map((one) => round(one, 4)).join(", ")} mm (LPS)`],
    ["directions", geometry.direction.map((axis) => `(${axis.map((one) => round(one, 4)).join(" ")})`).join(" ")],
    ["voxels", `${voxel.componentType}${voxel.units === undefined ? "" : ` [${voxel.units}]`}${voxel.samplesPerVoxel > 1 ? ` × ${voxel.samplesPerVoxel} samples` : ""}${masked ? ", padding masked" : ""}`],
    ["phase key", series.phaseKey],
    ...phases.flatMap(([index, phase], at): Row[] => [
      ...(many && at === MOST_PHASES / 2 ? [["", `… ${series.phases.length - MOST_PHASES} more …`] as const] : []),
      [at === 0 ? "phases" : "", `${index}: ${phase.label}`],
    ]),
  ];
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

function assemblyRows(assembly: Json | undefined): readonly Row[] {
  if (typeof assembly !== "object" || assembly === null || Array.isArray(assembly)) return [];
  return Object.entries(assembly).flatMap(([name, value]) => {
    if (NOT_SHOWN.has(name)) return [];
    return textsOf(value as Json).map((text, index): Row => [index === 0 ? label(name) : "", text]);
  });
}

/** A value of an assembly in one text or, where its items each say something, in several. */
function textsOf(value: Json): readonly string[] {
  const listed = Array.isArray(value) && value.length <= MOST_LISTED && value.every((item) => typeof item === "object" && item !== null && !Array.isArray(item));
  if (!listed) return [compact(value)].filter((text) => text !== "");
  const reasons = value.map(reasonOf);
  if (reasons.includes(undefined)) return value.map(compact);
  // What has one reason goes together, where the first of it stands.
  const byReason = Map.groupBy(reasons as readonly (readonly [string, string])[], ([, reason]) => reason);
  return [...byReason].map(([reason, pairs]) => `${pairs.map(([name]) => name).join(", ")}: ${reason}`);
}

/** What was rejected or left out comes as a name with a reason. */
function reasonOf(value: Json): readonly [name: string, reason: string] | undefined {
  const [first, second, ...others] = Object.entries(value as { readonly [key: string]: Json });
  return first === undefined || second?.[0] !== "reason" || others.length > 0 ? undefined : [String(first[1]), String(second[1])];
}

function compact(value: Json): string {
  if (Array.isArray(value)) return compactList(value);
  if (typeof value === "number") return round(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "object" || value === null) return value === null ? "none" : value;
  const object = value as { readonly [key: string]: Json };
  const { smallest, largest } = object;
  if (typeof smallest === "number" && smallest === largest) return `${round(smallest)} throughout`;
  return Object.entries(object)
    .map(([name, one]) => `${label(name)} ${compact(one)}`)
    .join(", ");
}

function compactList(items: readonly Json[]): string {
  if (items.length <= MOST_ITEMS) return items.map(compact).join(", ");
  const numbers = items.filter((item) => typeof item === "number");
  if (numbers.length < items.length) return `${items.length} entries (--json shows them)`;
  const [low, high] = numbers.reduce(([least, most], one) => [Math.min(least, one), Math.max(most, one)], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  return `${items.length} numbers from ${round(low)} to ${round(high)}`;
}

/** A key as words; one that is no identifier (a reason, a UID) is left alone. */
function label(name: string): string {
  if (!/^[a-z][A-Za-z_]*$/.test(name)) return name;
  const words = name.replaceAll("_", " ").replace(/([a-z])([A-Z])/g, "$1 $2").split(" ");
  return words.map((word) => (/^[A-Z]{2,}$/.test(word) ? word : word.toLowerCase())).join(" ");
}

function layOut(rows: readonly Row[], style: Style): string {
  const width = Math.max(...rows.map(([name]) => widthOf(name)));
  return rows
    .flatMap(([name, text]) => {
      const lines = wrapped(printable(text), TERMINAL_COLUMNS - width - 2);
      const shown = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES - 1), "… (--json shows the rest)"] : lines;
      return shown.map((line, index) => {
        const head = (index === 0 ? name : "").padEnd(width);
        return `${`${tinted(name, head, style)}  ${line}`.trimEnd()}\n`;
      });
    })
    .join("");
}

function tinted(name: string, head: string, style: Style): string {
  if (name === "refused") return style.bad(head);
  return name === "warning" ? style.doubtful(head) : style.strong(head);
}
