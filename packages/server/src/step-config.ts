import { HilumError, type Json } from "@hilum/core";
import type { Host } from "@hilum/host";

/** Changes to step configurations, by the place of the step ("process.0"). */
export type ConfigByPlace = { readonly [place: string]: { readonly [key: string]: Json } };

const QUALIFIED = /^((?:preprocess|process|postprocess)\.\d+)\.(.+)$/;

/** Settings with the keys of `hilum run --set`: unqualified ones belong to the first process step. */
export function configByPlace(settings: { readonly [key: string]: Json }): ConfigByPlace {
  const places = new Map<string, Map<string, Json>>();
  for (const [path, value] of Object.entries(settings)) {
    const match = QUALIFIED.exec(path);
    const [place, key] = match === null ? ["process.0", path] : [match[1] as string, match[2] as string];
    const keys = places.get(place) ?? new Map<string, Json>();
    places.set(place, keys.set(key, value));
  }
  return Object.fromEntries([...places].map(([place, keys]) => [place, Object.fromEntries(keys)]));
}

/**
 * Checks a job's name and configuration against the registries, so that a wrong request is refused and not accepted to fail.
 * @returns the job's own name, where an alias was given.
 * @throws {HilumError} UNKNOWN_JOB, INVALID_CONFIG.
 */
export function checkJobConfig(host: Host, job: string, config: ConfigByPlace): string {
  const spec = host.jobSpec(job, "", "", { config });
  for (const step of spec.steps) {
    if ("invert" in step) continue;
    const checked = host.processors.get(step.processor).config["~standard"].validate(step.config ?? {});
    // A schema that answers later is checked by the job's plan.
    if (checked instanceof Promise || checked.issues === undefined) continue;
    // What is wrong may quote keys of the request, however many and long.
    const faults = checked.issues.slice(0, 5).map(({ path = [], message }) => [...path.map((part) => String(typeof part === "object" ? part.key : part)), message].join(": ").slice(0, 200));
    throw new HilumError("INVALID_CONFIG", `The configuration of the step "${step.processor}" is wrong: ${faults.join("; ")}.`, { remedy: "GET /catalogue shows what each step takes." });
  }
  return spec.name;
}
