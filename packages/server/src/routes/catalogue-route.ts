import type { ConfigSchema, JobDefinition } from "@hilum/core";
import type { Host } from "@hilum/host";
import { Catalogue } from "../schemas.ts";
import type { App, ServerContext } from "../server-context.ts";
import { problems } from "./problem-responses.ts";

/** GET /catalogue: what can be asked for, with the JSON Schema of every configuration. */
export function addCatalogueRoute(app: App, { host, roots }: ServerContext): void {
  app.get(
    "/catalogue",
    { config: { unaudited: true }, schema: { operationId: "getCatalogue", tags: ["Service"], summary: "Jobs, processors and codecs, with the JSON Schema of their configurations", response: { 200: Catalogue, ...problems() } } },
    () => ({
      jobs: host.jobs.list().map((job) => ({ name: job.name, title: job.title, aliases: [...(job.aliases ?? [])], steps: stepsOf(job, host) })),
      processors: host.processors.list().map(({ id, title, config }) => ({ id, title, config: schemaOf(config) })),
      codecs: host.codecs.list().map(({ id, title, extensions, mediaTypes, reader, writer }) => ({
        id,
        title,
        extensions: [...extensions],
        mediaTypes: [...mediaTypes],
        ...(reader === undefined ? {} : { reader: schemaOf(reader.options) }),
        ...(writer === undefined ? {} : { writer: schemaOf(writer.options) }),
      })),
      roots: [...roots.ids],
    }),
  );
}

/** Steps with the place under which a configuration reaches them, and what they have been given already. */
function stepsOf(job: JobDefinition, host: Host) {
  const places = (["preprocess", "process", "postprocess"] as const).flatMap((group) => job[group].map((_, index) => `${group}.${index}`));
  return host.jobSpec(job.name, "", "").steps.map((step, index) => ({ place: places[index] ?? "", ...step }));
}

function schemaOf(config: ConfigSchema): Record<string, unknown> {
  return config["~standard"].jsonSchema.input({ target: "draft-2020-12" });
}
