export type { JobRecord, JobRequest, JobService, JobServiceEvent, JobServiceOptions, JobState, ServiceStatistics } from "./job-service.ts";
