import { z } from "zod";
import type { Json } from "@hilum/core";

const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);
const DEEPEST_VALUE = 8;

const JobName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "is made of lower-case letters, digits and hyphens").meta({ description: "Name of a job, as GET /catalogue lists them", example: "gaussian-blur" });

const ConfigKey = z.string().regex(/^[A-Za-z][\w.-]{0,127}$/, "is no key of a configuration").refine((key) => !key.split(".").some((part) => FORBIDDEN_KEYS.has(part)), "is no key of a configuration");

const ConfigValue = z.custom<Json>((value) => value !== undefined && isHarmless(value, DEEPEST_VALUE), "is nested too deeply or has a key that is never one").meta({ description: "Any JSON value that the step takes" });

const Config = z.record(ConfigKey, ConfigValue).meta({
  description: "Changes to the configuration of steps: `key` is of the first process step; `preprocess.0.key` and `postprocess.0.key` reach the others, as in `hilum run --set`",
  example: { sigma: 2 },
});

const Priority = z.int().min(-100).max(100).meta({ description: "Higher goes first; default 0" });

const PathText = z.string().min(1).max(4096);

/** A place inside a root of the service. */
const RootedPath = z.strictObject({
  root: z.string().min(1).max(64).meta({ description: "Id of a root" }),
  path: PathText.meta({ description: "Path inside the root, with / between its parts" }),
});

/** Body of POST /job. */
export const FirstUsersJob = z
  .strictObject({
    job_name: JobName,
    in_dir: PathText.meta({ description: "Absolute path of the input, inside a root of the service" }),
    out_dir: PathText.optional().meta({ description: "Absolute path of the output, which must not exist; inside the service's own results where absent" }),
    config: Config.optional(),
    priority: Priority.optional(),
    template_dir: PathText.optional().meta({ description: "DICOM directory whose headers are used, for HDF5 input without full metadata" }),
  })
  .meta({ id: "FirstUsersJob" });

/** Body of POST /jobs. */
export const NewJob = z
  .strictObject({
    job: JobName,
    input: RootedPath,
    output: RootedPath.optional().meta({ description: "Must not exist; inside the service's own results where absent" }),
    config: Config.optional(),
    priority: Priority.optional(),
    template: RootedPath.optional().meta({ description: "DICOM directory whose headers are used, for HDF5 input without full metadata" }),
  })
  .meta({ id: "NewJob" });

/** Body of POST /plans. */
export const NewPlan = NewJob.omit({ priority: true }).meta({ id: "NewPlan" });

export const IdempotencyHeaders = z.object({
  "idempotency-key": z.string().regex(/^[\x21-\x7e]{1,255}$/, "is 1 to 255 visible characters").optional().meta({ description: "The same key with the same body gives the same job" }),
});

export const State = z.enum(["queued", "starting", "running", "publishing", "succeeded", "failed", "cancelled"]).meta({ id: "JobState" });

const Progress = z.object({ pass: z.string(), done: z.number(), total: z.number() }).meta({ description: "Slices done and in all, over all passes" });

const JobFailure = z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() });

/** Body of GET /jobs/{uid}. */
export const Job = z
  .object({
    uid: z.string(),
    job: z.string(),
    state: State,
    attempt: z.number(),
    priority: z.number(),
    createdAt: z.string(),
    startedAt: z.string().optional(),
    endedAt: z.string().optional(),
    progress: Progress.optional(),
    outputPath: z.string().optional(),
    error: JobFailure.optional(),
    outputs: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string().optional() })).optional().meta({ description: "Files of the result; the name is empty where it is one file" }),
    report: z.unknown().optional().meta({ description: "What the job did: configuration, versions, timings, SHA-256 of outputs" }),
  })
  .meta({ id: "Job" });

export const JobList = z.object({ jobs: z.array(Job.omit({ report: true, outputs: true })), next: z.string().optional().meta({ description: "Give it as `before` for the jobs that follow" }) }).meta({ id: "JobList" });

export const JobListQuery = z.strictObject({
  state: State.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  before: z.string().regex(/^[\w:.+-]{1,64}$/).optional(),
});

export const JobParams = z.strictObject({ uid: z.string().min(1).max(64) });

export const Accepted = z.object({ uid: z.string() }).meta({ id: "Accepted" });

/** Body of GET /query/{uid}. */
export const FirstUsersState = z
  .object({
    state: State,
    output_dir: z.string().nullable().meta({ description: "Absolute path of the result; null where there is none" }),
    progress: Progress.optional(),
    error: JobFailure.optional(),
  })
  .meta({ id: "FirstUsersState" });

export const Changed = z.object({ uid: z.string(), state: State }).meta({ id: "Changed" });

export const ResultList = z
  .object({ files: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string().optional() })) })
  .meta({ id: "ResultList" });

export const ResultQuery = z.strictObject({ file: z.string().min(1).max(255).optional(), format: z.enum(["zip", "json"]).optional() });

const ConfigSchemaDocument = z.record(z.string(), z.unknown()).meta({ description: "JSON Schema (draft 2020-12)" });
const CatalogueStep = z.object({ place: z.string(), processor: z.string().optional(), invert: z.string().optional(), config: z.record(z.string(), z.unknown()).optional() });

/** Body of GET /catalogue. */
export const Catalogue = z
  .object({
    jobs: z.array(z.object({ name: z.string(), title: z.string(), aliases: z.array(z.string()), steps: z.array(CatalogueStep) })),
    processors: z.array(z.object({ id: z.string(), title: z.string(), config: ConfigSchemaDocument })),
    codecs: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        extensions: z.array(z.string()),
        mediaTypes: z.array(z.string()),
        reader: ConfigSchemaDocument.optional(),
        writer: ConfigSchemaDocument.optional(),
      }),
    ),
    roots: z.array(z.string()).meta({ description: "Ids of the roots" }),
  })
  .meta({ id: "Catalogue" });

export const ProblemBody = z
  .object({ type: z.string(), title: z.string(), status: z.number(), detail: z.string(), code: z.string(), remedy: z.string() })
  .meta({ id: "Problem", description: "An error (RFC 9457) with a code of the error catalogue" });

function isHarmless(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depth === 0) return false;
  return Object.entries(value).every(([key, inner]) => !FORBIDDEN_KEYS.has(key) && isHarmless(inner, depth - 1));
}
