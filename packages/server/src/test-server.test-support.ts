import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definePlugin, type AnyJobProcessor } from "@hilum/core";
import { createHost } from "@hilum/host";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import { z } from "zod";
import { openAccessToken } from "./access-token.ts";
import { openAuditLog } from "./audit-log.ts";
import { createServer, type ServerOptions } from "./create-server.ts";
import { fakeJobService, type FakeJobService } from "./fake-job-service.test-support.ts";

/** What tests put into places where a patient could be named. */
export const SECRET = "ZZCANARY";

/** A server over a fake service, with one root that holds a series, a secret beside the root, and the first start's token. */
export interface TestServer extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly jobs: FakeJobService;
  readonly token: string;
  /** The folder around everything. */
  readonly folder: string;
  /** The root of the id "images"; holds series/one.dcm. */
  readonly root: string;
  readonly dataDirectory: string;
  audit(): string;
  /** Sends a request with the token; `authorization: undefined` leaves it out. */
  send(request: InjectOptions): Promise<LightMyRequestResponse>;
}

const blur: AnyJobProcessor = {
  id: "blur",
  title: "Blur",
  config: z.strictObject({ sigma: z.number().positive().default(1), order: z.array(z.number()).default([]) }),
  run() {},
};
const scale: AnyJobProcessor = { id: "scale", title: "Scale", config: z.strictObject({ scope: z.enum(["phase", "series"]).default("phase") }), run() {}, undo() {} };

const plugin = definePlugin({
  name: "test-plugin",
  version: "1.0.0",
  module: import.meta.url,
  processors: [blur, scale],
  jobs: [{ name: "blur", title: "Blur a series", aliases: ["3dblur"], preprocess: [{ processor: "scale" }], process: [{ processor: "blur" }], postprocess: [{ invert: "scale" }] }],
});

/** Starts one; `jobs` and the options of the server can be given. */
export async function testServer({ jobs = fakeJobService(), ...options }: Partial<Omit<ServerOptions, "jobs">> & { readonly jobs?: FakeJobService } = {}): Promise<TestServer> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "hilum-test-")));
  const [root, dataDirectory] = [join(folder, "images"), join(folder, "data")];
  for (const path of [join(root, "series"), join(root, "results"), join(folder, "images-of-others"), dataDirectory]) mkdirSync(path, { recursive: true });
  writeFileSync(join(root, "series/one.dcm"), "image");
  writeFileSync(join(folder, "secret.dcm"), SECRET);
  writeFileSync(join(folder, "images-of-others/one.dcm"), SECRET);
  const { accessToken, created: token = "" } = openAccessToken(dataDirectory);
  const auditPath = join(dataDirectory, "audit.log");
  const auditLog = openAuditLog(auditPath);
  const host = await createHost({ plugins: [plugin] });
  const app = await createServer({ jobs, host, roots: new Map([["images", root]]), dataDirectory, accessToken, auditLog, ...options });
  return {
    app,
    jobs,
    token,
    folder,
    root,
    dataDirectory,
    audit: () => readFileSync(auditPath, "utf8"),
    send: ({ headers, ...request }) => app.inject({ ...request, headers: { authorization: `Bearer ${token}`, ...headers } }),
    async [Symbol.asyncDispose]() {
      await app.close();
      auditLog[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    },
  };
}
