import { connect } from "node:net";
import { createHost } from "@hilum/host";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openAccessToken } from "./access-token.ts";
import { openAuditLog, type AuditLog } from "./audit-log.ts";
import type { ServerOptions } from "./create-server.ts";
import { fakeJobService } from "./fake-job-service.test-support.ts";
import { isLoopback } from "./loopback.ts";
import { startServer } from "./start-server.ts";

let folder: string;
let auditLog: AuditLog;
let options: ServerOptions;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
  auditLog = openAuditLog(join(folder, "audit.log"));
  options = { jobs: fakeJobService(), host: await createHost({ plugins: [] }), roots: new Map(), dataDirectory: folder, accessToken: openAccessToken(folder).accessToken, auditLog };
});
afterEach(() => {
  auditLog[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

test("listens to this machine alone where nothing else is said", async () => {
  await using server = await startServer(options, { port: 0 });
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await (await fetch(`${server.url}/health`)).json()).toEqual({ status: "up" });
});

test.each(["0.0.0.0", "::", "192.0.2.1", "hilum.example"])("refuses to listen on %s in the clear", async (address) => {
  await expect(startServer(options, { address, port: 0 })).rejects.toMatchObject({ code: "USAGE", remedy: expect.stringContaining("--tls-cert") as string });
});

test("listens to others behind a proxy, and needs the token all the same", async () => {
  await using server = await startServer({ ...options, behindProxy: true }, { address: "0.0.0.0", port: 0 });
  expect((await fetch(`${server.url.replace("0.0.0.0", "127.0.0.1")}/jobs`)).status).toBe(401);
});

test("says that a port is taken", async () => {
  await using server = await startServer(options, { port: 0 });
  await expect(startServer(options, { port: Number(new URL(server.url).port) })).rejects.toMatchObject({ code: "USAGE" });
});

test("closes although a connection is open", async () => {
  const server = await startServer(options, { port: 0 });
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1").on("error", () => {});
  await new Promise((resolve) => socket.on("connect", resolve));
  await server[Symbol.asyncDispose]();
  socket.destroy();
  await expect(fetch(`${server.url}/health`)).rejects.toThrow();
});

test("knows the addresses that stay on the machine", () => {
  expect(["127.0.0.1", "127.255.0.1", "::1", "localhost"].filter(isLoopback)).toHaveLength(4);
  expect(["0.0.0.0", "::", "128.0.0.1", "10.0.0.1", "localhost.example", "fe80::1"].filter(isLoopback)).toEqual([]);
});

test("writes its audit log for the owner's eyes", () => {
  auditLog.record({ who: "none", what: "GET /jobs", status: 401 });
  expect(JSON.parse(readFileSync(join(folder, "audit.log"), "utf8"))).toMatchObject({ who: "none", what: "GET /jobs", status: 401 });
});
