import { HilumError, type Json } from "@hilum/core";
import type { Idempotency, JobRequest } from "@hilum/jobs";
import type { RootedPath } from "./roots.ts";
import type { ServerContext } from "./server-context.ts";
import { checkJobConfig, configByPlace } from "./step-config.ts";

/** A job as either family of routes asks for it. */
export interface AskedJob {
  readonly job: string;
  readonly input: RootedPath | string;
  readonly output?: RootedPath | string | undefined;
  readonly template?: RootedPath | string | undefined;
  readonly config?: { readonly [key: string]: Json } | undefined;
  readonly priority?: number | undefined;
}

/**
 * Checks names and configuration and confines every path.
 * @throws {HilumError} UNKNOWN_JOB, INVALID_CONFIG, FORBIDDEN_PATH, SOURCE_NOT_FOUND, OUTPUT_EXISTS.
 */
export function jobRequestOf(asked: AskedJob, { host, roots }: ServerContext): JobRequest {
  const config = configByPlace(asked.config ?? {});
  const job = checkJobConfig(host, asked.job, config);
  const inputPath = roots.input(asked.input);
  const output = asked.output === undefined ? undefined : roots.output(asked.output);
  if (output?.exists === true) throw new HilumError("OUTPUT_EXISTS", "The output is there already and was left untouched.");
  return {
    job,
    inputPath,
    config,
    ...(output === undefined ? {} : { outputPath: output.path }),
    ...(asked.template === undefined ? {} : { templatePath: roots.input(asked.template) }),
    ...(asked.priority === undefined ? {} : { priority: asked.priority }),
  };
}

/** Hands a job to the service. @throws {HilumError} as {@link jobRequestOf} and `JobService.submit`. */
export async function acceptJob(asked: AskedJob, context: ServerContext, { requestedBy, idempotencyKey }: { readonly requestedBy: string; readonly idempotencyKey?: string | undefined }): Promise<string> {
  const idempotency: Idempotency | undefined = idempotencyKey === undefined ? undefined : { key: idempotencyKey, asked: JSON.parse(JSON.stringify({ ...asked, requestedBy })) as Json };
  // Before any path is looked at: a repeated request finds its own output there, and its input may be gone by then.
  const before = idempotency === undefined ? undefined : await context.jobs.acceptedBefore(idempotency);
  if (before !== undefined) return before;
  const { uid } = await context.jobs.submit({ ...jobRequestOf(asked, context), requestedBy }, idempotency);
  return uid;
}
