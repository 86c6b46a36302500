export type { Idempotency, JobRecord, JobRequest, JobService, JobServiceEvent, JobServiceOptions, JobState, ServiceStatistics } from "./job-service.ts";
export { openJobService } from "./open-job-service.ts";
export { runJobChild } from "./run-job-child.ts";
