import { HilumError } from "@hilum/core";
import type { JobRecord, JobService, JobState } from "@hilum/jobs";

const UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The job of a uid. @throws {HilumError} UNKNOWN_JOB, also for a uid that can be none, which the service never sees. */
export async function findJob(jobs: JobService, uid: string): Promise<JobRecord> {
  const record = UID.test(uid) ? await jobs.get(uid) : undefined;
  if (record === undefined) throw new HilumError("UNKNOWN_JOB", "There is no job of this uid.", { remedy: "Check the uid; ended jobs are forgotten after a time." });
  return record;
}

/** Whether nothing more happens to a job of this state by itself. */
export function hasEnded(state: JobState): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}
