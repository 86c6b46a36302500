import SwaggerParser from "@apidevtools/swagger-parser";
import { expect, test } from "vitest";
import { testServer } from "./test-server.test-support.ts";

test("the OpenAPI document is valid 3.1, and holds every route of the service", async () => {
  await using server = await testServer();
  const answer = await server.send({ url: "/openapi.json" });
  const document = answer.json<{ openapi: string; paths: Record<string, Record<string, { operationId?: string; security?: unknown }>> }>();
  expect(document.openapi).toBe("3.1.0");
  await SwaggerParser.validate(structuredClone(document) as never);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { operationId }]) => `${method} ${path} ${operationId ?? ""}`));
  expect(operations.toSorted()).toEqual([
    "delete /jobs/{uid} cancelJob",
    "get /catalogue getCatalogue",
    "get /health getHealth",
    "get /jobs listJobs",
    "get /jobs/{uid} getJob",
    "get /jobs/{uid}/events followJob",
    "get /jobs/{uid}/log getJobLog",
    "get /jobs/{uid}/result getResult",
    "get /metrics getMetrics",
    "get /query/{uid} queryJob",
    "get /ready getReadiness",
    "post /job postJob",
    "post /jobs submitJob",
    "post /jobs/{uid}/retry retryJob",
    "post /plans planJob",
  ]);
  expect(document.paths["/health"]?.["get"]?.security).toEqual([]);
});

test("the OpenAPI document names no folder of the machine", async () => {
  await using server = await testServer();
  expect((await server.send({ url: "/openapi.json" })).body).not.toContain(server.folder);
});
