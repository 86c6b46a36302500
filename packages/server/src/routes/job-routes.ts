import { z } from "zod";
import { acceptJob, jobRequestOf } from "../accept-job.ts";
import { sendEvents } from "../event-stream.ts";
import { findJob, hasEnded } from "../find-job.ts";
import { TransportError } from "../problem.ts";
import { Accepted, Changed, IdempotencyHeaders, Job, JobList, JobListQuery, JobParams, NewJob, NewPlan } from "../schemas.ts";
import type { App, ServerContext } from "../server-context.ts";
import { problems } from "./problem-responses.ts";

const tags = ["Jobs"];

/** Everything about jobs but their results. */
export function addJobRoutes(app: App, context: ServerContext): void {
  const { jobs, limits, closing } = context;

  app.post(
    "/jobs",
    { schema: { operationId: "submitJob", tags, summary: "Accept a job", body: NewJob, headers: IdempotencyHeaders, response: { 202: Accepted.meta({ description: "Accepted: it is on the disk and will end" }), ...problems(400, 403, 404, 409) } } },
    async (request, reply) => {
      const uid = await acceptJob(request.body, context, { requestedBy: request.who, idempotencyKey: request.headers["idempotency-key"] });
      request.jobUid = uid;
      return reply.code(202).header("location", `/jobs/${uid}`).send({ uid });
    },
  );

  app.get(
    "/jobs",
    { config: { unaudited: true }, schema: { operationId: "listJobs", tags, summary: "List jobs, newest first", querystring: JobListQuery, response: { 200: JobList, ...problems(400) } } },
    async (request) => {
      const { state, limit, before } = request.query;
      const found = await jobs.list({ limit, ...(state === undefined ? {} : { state }), ...(before === undefined ? {} : { before }) });
      const last = found.length < limit ? undefined : found.at(-1)?.uid;
      return { jobs: [...found], next: last };
    },
  );

  app.get(
    "/jobs/:uid",
    { config: { unaudited: true }, schema: { operationId: "getJob", tags, summary: "One job", params: JobParams, response: { 200: Job, ...problems(404) } } },
    async (request) => {
      const { outputs, ...record } = await findJob(jobs, request.params.uid);
      return { ...record, outputs: outputs?.map((file) => ({ ...file })) };
    },
  );

  app.delete(
    "/jobs/:uid",
    { schema: { operationId: "cancelJob", tags, summary: "Cancel a job that has not ended", params: JobParams, response: { 202: Changed, ...problems(404, 409) } } },
    async (request, reply) => {
      const { uid } = await findJob(jobs, request.params.uid);
      if (!(await jobs.cancel(uid))) throw new TransportError(409, "JOB_ENDED", "The job has ended already.", "There is nothing to cancel.");
      return reply.code(202).send({ uid, state: (await findJob(jobs, uid)).state });
    },
  );

  app.post(
    "/jobs/:uid/retry",
    { schema: { operationId: "retryJob", tags, summary: "Try a failed or cancelled job again", params: JobParams, response: { 202: Changed, ...problems(404, 409) } } },
    async (request, reply) => {
      const { uid } = await findJob(jobs, request.params.uid);
      if (!(await jobs.retry(uid))) throw new TransportError(409, "JOB_NOT_FAILED", "Only a job that failed or was cancelled can be tried again.", "Submit a new job.");
      return reply.code(202).send({ uid, state: (await findJob(jobs, uid)).state });
    },
  );

  app.get(
    "/jobs/:uid/log",
    { schema: { operationId: "getJobLog", tags, summary: "What the attempts said", params: JobParams, response: { 200: { description: "Lines of text", content: { "text/plain; charset=utf-8": { schema: z.string() } } }, ...problems(404) } } },
    async (request, reply) => {
      const { uid } = await findJob(jobs, request.params.uid);
      // Through the serializer of a JSON route the text would come out quoted.
      return reply.type("text/plain; charset=utf-8").serializer(String).send(await jobs.log(uid));
    },
  );

  let streams = 0;
  app.get(
    "/jobs/:uid/events",
    {
      config: { unaudited: true },
      schema: {
        operationId: "followJob",
        tags,
        summary: "Events of a job as they happen, until it ends",
        params: JobParams,
        headers: z.object({ "last-event-id": z.string().regex(/^\d{1,15}$/, "is no id of an event").optional().meta({ description: "Sends what came after this event" }) }),
        response: { 200: { description: "Server-sent events: state, progress, warning; then end", content: { "text/event-stream": { schema: z.string() } } }, 204: z.undefined().meta({ description: "It has ended and there is nothing more" }), ...problems(400, 404) },
      },
    },
    async (request, reply) => {
      const { uid, state } = await findJob(jobs, request.params.uid);
      if (streams >= limits.eventStreams) throw new TransportError(429, "TOO_MANY_STREAMS", "Too many event streams are open.", "Close one, or ask GET /jobs/{uid} from time to time.");
      const last = request.headers["last-event-id"];
      const after = last === undefined ? {} : { afterId: Number(last) };
      // 204 tells a browser's EventSource not to come back.
      if (last !== undefined && hasEnded(state) && (await isEmpty(jobs.events(uid, after)))) return reply.code(204).send(undefined);
      const gone = new AbortController();
      const signal = AbortSignal.any([gone.signal, closing]);
      streams++;
      reply.raw.once("close", () => {
        streams--;
        gone.abort();
      });
      await sendEvents(reply, jobs.events(uid, { signal, ...after }), { heartbeatMs: limits.heartbeatMs, signal });
      return reply;
    },
  );

  app.post(
    "/plans",
    { schema: { operationId: "planJob", tags, summary: "What a job would do, without doing it", body: NewPlan, response: { 200: z.unknown().meta({ description: "The plan" }), ...problems(400, 403, 404, 409, 415, 422) } } },
    async (request) => {
      const { priority: _, ...asked } = jobRequestOf({ ...request.body }, context);
      return jobs.plan(asked);
    },
  );
}

async function isEmpty(events: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of events) return false;
  return true;
}
