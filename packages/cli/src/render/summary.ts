import type { JobReport } from "@hilum/core";

/** What a job did, in a few lines. */
export function summary(report: JobReport, outputPath: string): string {
  const files = report.outputs.filter((output) => output.name !== "sidecar");
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const what = files.length === 1 ? "1 file" : `${files.length} files`;
  const slices = report.input.shape.slice(0, 2).reduce((a, b) => a * b, 1);
  const facts = Object.entries(report.facts).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}\n`);
  return `wrote ${outputPath} (${what}, ${(bytes / 1e6).toFixed(1)} MB) from ${slices} slices in ${(report.durationMs / 1000).toFixed(2)} s\n${facts.join("")}`;
}
