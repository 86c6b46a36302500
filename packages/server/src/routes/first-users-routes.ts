import { acceptJob } from "../accept-job.ts";
import { findJob, hasEnded } from "../find-job.ts";
import { Accepted, FirstUsersJob, FirstUsersState, IdempotencyHeaders, JobParams } from "../schemas.ts";
import type { App, ServerContext } from "../server-context.ts";
import { problems } from "./problem-responses.ts";

/** The first users' routes: POST /job and GET /query/{uid}. */
export function addFirstUsersRoutes(app: App, context: ServerContext): void {
  app.post(
    "/job",
    {
      schema: { operationId: "postJob", tags: ["First users"], summary: "Accept a job", body: FirstUsersJob, headers: IdempotencyHeaders, response: { 201: Accepted.meta({ description: "Accepted: it is on the disk and will end" }), ...problems(400, 403, 404, 409) } },
    },
    async (request, reply) => {
      const { job_name: job, in_dir: input, out_dir: output, template_dir: template, config, priority } = request.body;
      const uid = await acceptJob({ job, input, output, template, config, priority }, context, { requestedBy: request.who, idempotencyKey: request.headers["idempotency-key"] });
      request.jobUid = uid;
      return reply.code(201).header("location", `/query/${uid}`).send({ uid });
    },
  );

  app.get(
    "/query/:uid",
    {
      config: { unaudited: true },
      schema: {
        operationId: "queryJob",
        tags: ["First users"],
        summary: "Ask how a job stands",
        params: JobParams,
        response: { 200: FirstUsersState.meta({ description: "It has ended" }), 202: FirstUsersState.meta({ description: "It has not ended yet" }), ...problems(404) },
      },
    },
    async (request, reply) => {
      const { state, outputPath, progress, error } = await findJob(context.jobs, request.params.uid);
      return reply.code(hasEnded(state) ? 200 : 202).send({ state, output_dir: outputPath ?? null, progress, error });
    },
  );
}
