import type { Survey, SurveyedSeries } from "@hilum/host";
import { round, seriesTable } from "./series-table.ts";
import { fitted, printable, TERMINAL_COLUMNS, widthOf, wrapped, type Style } from "./terminal-text.ts";

const COLUMNS = { number: 3, modality: 3, description: 22, size: 14, phases: 3, spacing: 19, state: 9 } as const;

/** All that is at a path: a line for each series where there are several, then each with its plan. No line is wider than a terminal. */
export function surveyText(survey: Pick<Survey, "codec" | "series" | "skipped">, style: Style): string {
  const { codec, series, skipped } = survey;
  const tables = series.map((entry) => seriesTable(entry, codec.title, style));
  const left = [...skipped].map(([reason, count]) => `${count} ${reason}`).join(", ");
  const skippedLines = left === "" ? "" : `${wrapped(printable(`Left out: ${left}.`), TERMINAL_COLUMNS).join("\n")}\n`;
  if (series.length === 1) return `${tables.join("")}${skippedLines}`;
  const refused = series.filter((entry) => entry.fault !== undefined).length;
  const head = `${codec.title}: ${series.length} series${refused === 0 ? "" : `, ${refused} of them refused`}`;
  const lines = [style.strong(heading()), ...series.map((entry) => summaryLine(entry, style))];
  const details = series.map((entry, index) => `\n${style.strong(`── Series ${entry.number} `.padEnd(TERMINAL_COLUMNS, "─"))}\n${tables[index] ?? ""}`);
  return `${head}\n\n${lines.map((line) => `${line.trimEnd()}\n`).join("")}${skippedLines}${details.join("")}`;
}

function heading(): string {
  const { number, modality, description, size, phases, spacing } = COLUMNS;
  return ["#".padStart(number), fitted("mod", modality), fitted("description", description), fitted("size", size), "ph".padStart(phases), fitted("spacing mm", spacing), "state"].join(" ");
}

function summaryLine(entry: SurveyedSeries, style: Style): string {
  const { metadata, series, warnings } = entry;
  const head = [
    String(entry.number).padStart(COLUMNS.number),
    fitted(printable(metadata.modality ?? "?"), COLUMNS.modality),
    fitted(printable(metadata.seriesDescription ?? "-"), COLUMNS.description),
  ].join(" ");
  if (series === undefined) return `${head} ${style.bad(fitted(`refused: ${entry.fault.code}`, TERMINAL_COLUMNS - widthOf(head) - 1).trimEnd())}`;
  const { size, spacing } = series.volume.geometry;
  const shape = [fitted(size.join("×"), COLUMNS.size), String(series.phases.length).padStart(COLUMNS.phases), fitted(spacing.map((one) => round(one)).join("×"), COLUMNS.spacing)].join(" ");
  const state = warnings.length === 0 ? style.good("ready") : style.doubtful(warnings.length === 1 ? "1 warning" : fitted(`${warnings.length} warn`, COLUMNS.state).trimEnd());
  return `${head} ${shape} ${state}`;
}
