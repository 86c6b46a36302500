import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { saveFiles, scanSeries } from "@hilum/testing";
import { reportFsync } from "./fsync-loop.ts";
import { startListening } from "./listening-process.ts";
import { reportLoad } from "./load.ts";
import { conditions } from "./machine.ts";

const CONNECTIONS = 50;
/** More than can be sent: what is measured is accepting, not refusing. */
const MOST_QUEUED = 1_000_000_000;
const FSYNC_SECONDS = 2;
const LOOK_MS = 100;
const JOB = { job: "gaussian-blur", input: { root: "images", path: "series" } };

/** `hilum serve` under load on its status and submit routes, beside a bare Fastify route and a bare fsync. */
export async function serveSuite(seconds: number): Promise<void> {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), "hilum-bench-")));
  try {
    process.stdout.write(`serve: ${conditions()}, load from the same machine\n`);
    say(reportFsync(join(scratch, "fsync"), FSYNC_SECONDS));
    say(await bareFastify(seconds));
    await service(scratch, seconds);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

async function bareFastify(seconds: number): Promise<string> {
  await using bare = await startListening([fileURLToPath(new URL("bare-server.ts", import.meta.url))]);
  // Without await the server would be ended at once.
  return await reportLoad({ name: "bare Fastify, GET /", url: bare.url, pid: bare.pid, connections: CONNECTIONS, seconds });
}

async function service(scratch: string, seconds: number): Promise<void> {
  const images = join(scratch, "images");
  saveFiles(join(images, "series"), scanSeries({ size: [24, 20, 12] }).files);
  const program = fileURLToPath(new URL("../../../packages/cli/bin/hilum.cjs", import.meta.url));
  await using server = await startListening([program, "serve", "--port", "0", "--data", join(scratch, "data"), "--root", `images=${images}`, "--concurrency", "1", "--max-queued", String(MOST_QUEUED), "--rate-limit", "1000000000"]);
  const headers = { authorization: `Bearer ${await server.said(/^token: (\S+)$/m)}` };
  // Making the database takes seconds of one core.
  await server.said(/^(ready)/m);
  const uid = await jobThatEnded(server.url, headers);
  const load = { pid: server.pid, connections: CONNECTIONS, seconds, headers };
  say(await reportLoad({ ...load, name: "status, GET /jobs/{uid} of a job that has ended", url: `${server.url}/jobs/${uid}` }));
  say(await reportLoad({ ...load, name: "submit, POST /jobs while accepted jobs run", url: `${server.url}/jobs`, json: JOB }));
}

async function jobThatEnded(url: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const { uid } = await answer<{ uid: string }>(`${url}/jobs`, { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(JOB) });
  for (;;) {
    const { state } = await answer<{ state: string }>(`${url}/jobs/${uid}`, { headers });
    if (state === "succeeded") return uid;
    if (state === "failed") throw new Error("the first job of the serve suite failed");
    await sleep(LOOK_MS);
  }
}

async function answer<T>(url: string, request: RequestInit): Promise<T> {
  const response = await fetch(url, request);
  if (!response.ok) throw new Error(`the service answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
