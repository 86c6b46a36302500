import { z } from "zod";
import { metricsText, type RequestCounter } from "../metrics.ts";
import type { App, ServerContext } from "../server-context.ts";
import { problems } from "./problem-responses.ts";

const tags = ["Service"];

/** Health, readiness and metrics. */
export function addServiceRoutes(app: App, { jobs }: ServerContext, requests: RequestCounter): void {
  app.get(
    "/health",
    { config: { open: true, unaudited: true, rateLimit: false }, schema: { operationId: "getHealth", tags, summary: "Whether the server is up; needs no token and says nothing more", security: [], response: { 200: z.object({ status: z.literal("up") }) } } },
    () => ({ status: "up" as const }),
  );

  const Ready = z.object({ ready: z.boolean() });
  app.get(
    "/ready",
    { config: { unaudited: true, rateLimit: false }, schema: { operationId: "getReadiness", tags, summary: "Whether jobs start: the database is up and old requests are reconciled", response: { 200: Ready, 503: Ready, ...problems() } } },
    async (_, reply) => {
      const { ready } = await jobs.statistics();
      return reply.code(ready ? 200 : 503).send({ ready });
    },
  );

  app.get(
    "/metrics",
    { config: { unaudited: true, rateLimit: false }, schema: { operationId: "getMetrics", tags, summary: "Metrics in the Prometheus text format", response: { 200: { description: "Prometheus text format 0.0.4", content: { "text/plain; version=0.0.4": { schema: z.string() } } }, ...problems() } } },
    async (_, reply) => reply.type("text/plain; version=0.0.4").serializer(String).send(await metricsText(jobs, requests)),
  );
}
