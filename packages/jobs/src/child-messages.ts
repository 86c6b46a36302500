import type { JobEvent, JobReport, Json } from "@hilum/core";
import type { JobRequest } from "./job-service.ts";

/** What a child is to do. */
export interface ChildOrder {
  readonly type: "run" | "plan";
  readonly request: Pick<JobRequest, "job" | "inputPath" | "config" | "templatePath"> & { readonly outputPath: string };
}

/** The leave to let the output appear, given once the announcement is on the disk. */
export interface PublishLeave {
  readonly type: "publish";
}

/** A file of an output that is about to appear: its name ("" for a file output) and size. */
export interface AnnouncedFile {
  readonly name: string;
  readonly bytes: number;
}

/** Why an attempt failed; no patient data. */
export interface JobFailure {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

/** What a child tells the service, over the IPC channel. */
export type ChildMessage =
  | { readonly type: "hello" }
  | { readonly type: "event"; readonly event: JobEvent }
  | { readonly type: "log"; readonly line: string }
  | { readonly type: "publishing"; readonly files: readonly AnnouncedFile[] }
  | { readonly type: "succeeded"; readonly report: JobReport }
  | { readonly type: "planned"; readonly plan: Json }
  | { readonly type: "failed"; readonly failure: JobFailure; readonly frames: readonly string[] };
