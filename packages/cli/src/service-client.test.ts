import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createServiceClient, type ServiceClient, type ServiceEvent } from "./service-client.ts";

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function clientOf(answer: (request: IncomingMessage, response: ServerResponse) => void, signal = new AbortController().signal): Promise<ServiceClient> {
  server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return createServiceClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: "secret" }, signal);
}

async function all(events: AsyncIterable<ServiceEvent>): Promise<readonly ServiceEvent[]> {
  const found: ServiceEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}

const event = (id: number, data: object): string => `id: ${id}\nevent: progress\ndata: ${JSON.stringify({ at: "now", data })}\n\n`;

test("sends the token, and reads events however the network cuts them", async () => {
  const tokens: unknown[] = [];
  const client = await clientOf((request, response) => {
    tokens.push(request.headers.authorization);
    const text = `retry: 2000\n${event(1, { name: "Zoë" })}: alive\n\n${event(2, { done: 2 })}event: end\ndata: {}\n\n`;
    const bytes = Buffer.from(text);
    void (async () => {
      for (let at = 0; at < bytes.length; at += 7) {
        response.write(bytes.subarray(at, at + 7));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    })();
  });
  expect(await all(client.events("x"))).toEqual([
    { type: "progress", data: { name: "Zoë" } },
    { type: "progress", data: { done: 2 } },
  ]);
  expect(tokens).toEqual(["Bearer secret"]);
});

test("comes back with the last id when the connection breaks, and asks for nothing twice", async () => {
  const asked: unknown[] = [];
  const client = await clientOf((request, response) => {
    asked.push(request.headers["last-event-id"]);
    if (asked.length === 1) response.write(event(1, { done: 1 }), () => response.destroy());
    else response.end(`${event(2, { done: 2 })}event: end\ndata: {}\n\n`);
  });
  expect(await all(client.events("x"))).toHaveLength(2);
  expect(asked).toEqual([undefined, "1"]);
});

test("is done when the service has nothing more", async () => {
  const client = await clientOf((_, response) => void response.writeHead(204).end());
  expect(await all(client.events("x"))).toEqual([]);
});

test.each([
  [404, { code: "UNKNOWN_JOB", detail: "There is no job of this uid.", remedy: "Check it." }, { code: "UNKNOWN_JOB", message: "There is no job of this uid.", remedy: "Check it." }],
  [414, { code: "URL_TOO_LONG", detail: "The URL is long." }, { code: "USAGE", message: "The URL is long." }],
  [409, { code: "toString", detail: "x" }, { code: "USAGE" }],
  [502, "no JSON at all", { code: "USAGE", message: "The service answered 502." }],
])("throws what an answer of %i says", async (status, body, expected) => {
  const client = await clientOf((_, response) => void response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body)));
  await expect(client.request("GET", "/jobs/x")).rejects.toMatchObject(expected);
});

test("follows no redirection, which could carry the token elsewhere", async () => {
  let requests = 0;
  const client = await clientOf((_, response) => {
    requests++;
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  await expect(client.request("GET", "/jobs")).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
  expect(requests).toBe(1);
});

test("stops with the signal's reason", async () => {
  const stop = new AbortController();
  const client = await clientOf((_, response) => void response.write(event(1, {})), stop.signal);
  const reason = new Error("enough");
  await expect(
    (async () => {
      for await (const _ of client.events("x")) stop.abort(reason);
    })(),
  ).rejects.toBe(reason);
});
