import { z } from "zod";
import { findJob } from "../find-job.ts";
import { TransportError } from "../problem.ts";
import { openResult } from "../result-files.ts";
import { JobParams, ResultList, ResultQuery } from "../schemas.ts";
import type { App, ServerContext } from "../server-context.ts";
import { zipStream } from "../zip-stream.ts";
import { problems } from "./problem-responses.ts";

const ANY_BYTES = z.unknown().meta({ type: "string", format: "binary" });

/** GET /jobs/{uid}/result: the list of files, one file, or all of them as a zip. */
export function addResultRoutes(app: App, { jobs }: ServerContext): void {
  app.get(
    "/jobs/:uid/result",
    {
      schema: {
        operationId: "getResult",
        tags: ["Results"],
        summary: "The files of a result: their list, one of them (?file=NAME), or all as a zip (?format=zip, or Accept: application/zip)",
        params: JobParams,
        querystring: ResultQuery,
        response: {
          200: { description: "List, file or zip", content: { "application/json": { schema: ResultList }, "application/octet-stream": { schema: ANY_BYTES }, "application/zip": { schema: ANY_BYTES } } },
          ...problems(400, 404, 409),
        },
      },
    },
    async (request, reply) => {
      const { uid } = request.params;
      const record = await findJob(jobs, uid);
      if (record.state !== "succeeded") throw new TransportError(409, "NO_RESULT", "The job has no result.", "GET /jobs/{uid} says how it stands.");
      const result = openResult(record);
      const { file, format } = request.query;
      if (file !== undefined) {
        const { bytes, stream } = result.open(file);
        return reply
          .type("application/octet-stream")
          .header("content-length", bytes)
          .header("content-disposition", `attachment; filename*=UTF-8''${encodeURIComponent(file)}`)
          .send(stream);
      }
      if (format !== "zip" && (format === "json" || !acceptsZip(request.headers.accept))) return reply.type("application/json").send({ files: [...result.files] });
      return reply
        .type("application/zip")
        .header("content-disposition", `attachment; filename="${uid}.zip"`)
        .send(zipStream(result, new Date(record.endedAt ?? record.createdAt)));
    },
  );
}

function acceptsZip(accept = ""): boolean {
  return accept.split(",").some((type) => type.split(";")[0]?.trim().toLowerCase() === "application/zip");
}
