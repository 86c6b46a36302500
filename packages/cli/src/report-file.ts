import { existsSync } from "node:fs";
import { HilumError } from "@hilum/core";
import { checkOutputPlace, createWholeFile } from "@hilum/host";

/**
 * Checks before a job that its report can be written behind it.
 * @throws {HilumError} as for a job's output: OUTPUT_EXISTS, OUTPUT_NOT_WRITABLE, INVALID_JOB inside the input.
 */
export function checkReportPlace(path: string | undefined, input: string): void {
  if (path === undefined) return;
  if (existsSync(path)) throw new HilumError("OUTPUT_EXISTS", "The report is there already and was left untouched.");
  // An input that is not there is for the job to tell.
  checkOutputPlace({ path, kind: "file" }, existsSync(input) ? [input] : []);
}

/** Writes a report by `schemas/report.schema.json`, whole or not at all. @throws {HilumError} as a job's output. */
export async function writeReport(path: string, report: object, input: string): Promise<void> {
  await createWholeFile(path, new TextEncoder().encode(`${JSON.stringify(report, undefined, 2)}\n`), [input]);
}
