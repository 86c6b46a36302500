import { existsSync, readFileSync, statSync } from "node:fs";
import { createWholeFile, keysOf } from "@hilum/host";
import { HilumError, type FormatCodec, type ImageSeries, type Json } from "@hilum/core";

/** A plan names each of its images; this is room for a million. */
const MOST_BYTES = 256 * 1024 * 1024;
const REMEDY = "`hilum inspect DIR --save-plan FILE` writes one that can be edited.";

/** The plan that `--plan FILE` names. @throws {HilumError} SOURCE_NOT_FOUND; INVALID_CONFIG for what is no plan. */
export function readPlan(path: string): { readonly [key: string]: Json } {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) throw new HilumError("SOURCE_NOT_FOUND", "There is no plan at the path that --plan gives.", { remedy: REMEDY });
  if (stats.size > MOST_BYTES) throw new HilumError("INVALID_CONFIG", `The file that --plan gives is longer than ${MOST_BYTES} bytes.`, { remedy: REMEDY });
  let plan: Json;
  try {
    plan = JSON.parse(readFileSync(path, "utf8")) as Json;
  } catch {
    // What JSON.parse says shows a piece of the file.
    throw new HilumError("INVALID_CONFIG", "The file that --plan gives is not JSON.", { remedy: REMEDY });
  }
  if (typeof plan !== "object" || plan === null || Array.isArray(plan))
    throw new HilumError("INVALID_CONFIG", "The file that --plan gives holds no plan: it is not a JSON object.", { remedy: REMEDY });
  return plan as { readonly [key: string]: Json };
}

/** The series that a plan is of, as `JobSpec.input.series` names it; undefined where the plan does not say. */
export function seriesOfPlan(plan: { readonly [key: string]: Json }): string | undefined {
  const hash = plan["seriesInstanceUIDHash"];
  return typeof hash === "string" && hash !== "" ? hash : undefined;
}

/** Refuses before any work what {@link savePlan} would refuse after it. @throws {HilumError} OUTPUT_EXISTS. */
export function checkPlanPlace(path: string | undefined): void {
  if (path !== undefined && existsSync(path)) throw new HilumError("OUTPUT_EXISTS", "The file that --save-plan gives is there already and was left untouched.");
}

/** @throws {HilumError} USAGE for a format that takes no plan back. */
export function refuseWithoutPlan({ title, reader }: FormatCodec): void {
  if (reader === undefined || !keysOf(reader.options).includes("plan"))
    throw new HilumError("USAGE", `A series of ${title} is not assembled of parts, so that there is no plan to save.`, { remedy: "Leave --save-plan out." });
}

/** Writes how a series was assembled. @throws {HilumError} as a job's output. */
export async function savePlan(path: string, { assembly }: Pick<ImageSeries, "assembly">, input: string): Promise<void> {
  await createWholeFile(path, new TextEncoder().encode(`${JSON.stringify(assembly, undefined, 2)}\n`), [input]);
}
