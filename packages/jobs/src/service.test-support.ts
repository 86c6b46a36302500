import { openJobService } from "./index.ts";
import { isEnd } from "./job-table.ts";
import type { JobRequest } from "./job-service.ts";

/** A service in a process of its own, to be killed: accepts the requests it is given and prints every state, one JSON line each. */
const { dataDirectory, requests, concurrency } = JSON.parse(process.argv[2] ?? "{}") as { dataDirectory: string; requests: readonly JobRequest[]; concurrency: number };
const startedAt = new Date().toISOString();
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const service = await openJobService({
  dataDirectory,
  concurrency,
  // A job may live through any number of kills: what is counted here is that it ends once.
  maxAttempts: 1_000_000,
  child: { command: process.execPath, args: ["--conditions=hilum-source", new URL("./job-child.test-support.ts", import.meta.url).pathname] },
});
await Promise.all(
  requests.map(async (request, index) => {
    const { uid } = await service.submit(request);
    say({ accepted: uid, index });
  }),
);
const owed = (await service.list({ limit: 10_000 })).filter(({ state }) => !isEnd(state));
await Promise.all(
  owed.map(async ({ uid }) => {
    // What happened before this process is not news of it.
    for await (const { type, data, at } of service.events(uid)) if (type === "state" && at >= startedAt) say({ uid, ...(data as object) });
  }),
);
say({ idle: true });
// Stays until it is killed.
setInterval(() => {}, 1000);
