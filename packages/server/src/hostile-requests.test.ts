import { connect, type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SECRET, testServer, type TestServer } from "./test-server.test-support.ts";

let server: TestServer;
let port: number;
beforeAll(async () => {
  server = await testServer({ limits: { headersTimeoutMs: 500, requestTimeoutMs: 1000 } });
  await server.app.listen({ host: "127.0.0.1", port: 0 });
  port = (server.app.server.address() as AddressInfo).port;
});
afterAll(() => server[Symbol.asyncDispose]());

const ACCEPTED = { job: "blur", input: { root: "images", path: "series" } };

/** Sends text over a bare socket, in parts, and gives all that came back until the server closed the connection. */
function raw(parts: readonly string[], pauseMs = 0): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.on("data", (data) => {
      answer += data.toString("latin1");
      if (/\r\n\r\n/.test(answer) && pauseMs === 0) socket.end();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
    void (async () => {
      for (const part of parts) {
        if (socket.destroyed) return;
        socket.write(part);
        if (pauseMs > 0) await new Promise((wake) => setTimeout(wake, pauseMs));
      }
    })();
  });
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
const head = (...lines: readonly string[]): string => `${[...lines, `Authorization: Bearer ${server.token}`].join("\r\n")}\r\n\r\n`;

describe("the token", () => {
  const ROUTES = [
    ["POST", "/job"], ["GET", "/query/x"], ["POST", "/jobs"], ["GET", "/jobs"], ["GET", "/jobs/x"], ["GET", "/jobs/x/events"], ["DELETE", "/jobs/x"], ["POST", "/jobs/x/retry"], ["GET", "/jobs/x/log"],
    ["GET", "/jobs/x/result"], ["POST", "/plans"], ["GET", "/catalogue"], ["GET", "/ready"], ["GET", "/metrics"], ["GET", "/openapi.json"], ["GET", "/docs"], ["GET", "/no-such-route"], ["OPTIONS", "/jobs"],
  ] as const;
  test.each(ROUTES)("is needed for %s %s", async (method, url) => {
    const answer = await server.app.inject({ method, url });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([401, "UNAUTHORIZED"]);
    expect(answer.headers["www-authenticate"]).toBeDefined();
  });

  test.each([
    ["another", () => `Bearer ${"A".repeat(43)}`],
    ["a part of it", () => `Bearer ${server.token.slice(0, -1)}`],
    ["with more behind it", () => `Bearer ${server.token}x`],
    ["without its scheme", () => server.token],
    ["empty", () => "Bearer "],
    ["as a Basic password where it is not for a browser", () => `Basic ${btoa(`x:${server.token}`)}`],
    ["a very long one", () => `Bearer ${"A".repeat(5000)}`],
    ["the stored digest", () => `Bearer ${"0".repeat(64)}`],
  ])("is refused: %s", async (_, authorization) => {
    expect((await server.app.inject({ url: "/jobs", headers: { authorization: authorization() } })).statusCode).toBe(401);
  });

  test("is not told by the database of routes: every route that there is was tried", () => {
    const routes = Object.entries(server.app.swagger().paths ?? {}).flatMap(([path, methods]) => Object.keys(methods ?? {}).map((method) => `${method.toUpperCase()} ${path.replace("{uid}", "x")}`));
    const tried = new Set(ROUTES.map(([method, url]) => `${method} ${url}`));
    expect(routes.filter((route) => !tried.has(route))).toEqual(["GET /health"]);
  });
});

describe("the Host header", () => {
  test.each(["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:80", "0.0.0.0", "[::]", "user@localhost", "localhost:80:80", "localhost/", "127.0.0.1, evil.example", "localhost\u0000", "[::ffff:127.0.0.1]"])("is refused: %j", async (host) => {
    const answer = await server.send({ url: "/health", headers: { host } });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([421, "MISDIRECTED"]);
  });

  test.each(["localhost", "LOCALHOST:8460", "127.0.0.1:1", "[::1]:8460"])("is known: %s", async (host) => {
    expect((await server.app.inject({ url: "/health", headers: { host } })).statusCode).toBe(200);
  });

  test("may be another where the server was told so", async () => {
    await using other = await testServer({ allowedHosts: ["hilum.example"] });
    expect((await other.app.inject({ url: "/health", headers: { host: "hilum.example" } })).statusCode).toBe(200);
  });

  test("has to be there, once", async () => {
    expect(statusOf(await raw(["GET /health HTTP/1.1\r\n\r\n"]))).toBe(400);
    expect(statusOf(await raw(["GET /health HTTP/1.1\r\nHost: \r\n\r\n"]))).toBe(421);
    expect(statusOf(await raw(["GET /health HTTP/1.0\r\n\r\n"]))).toBe(421);
    expect([400, 421]).toContain(statusOf(await raw(["GET /health HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n\r\n"])));
  });

  test("is not overruled by what the request line or a proxy's header says", async () => {
    expect(statusOf(await raw([head("GET http://evil.example/jobs HTTP/1.1", "Host: evil.example")]))).toBe(421);
    expect(statusOf(await raw([head("GET /jobs HTTP/1.1", "Host: evil.example", "X-Forwarded-Host: localhost")]))).toBe(421);
  });
});

describe("a body", () => {
  const send = (payload: string, type = "application/json") => server.send({ method: "POST", url: "/jobs", payload, headers: { "content-type": type } });

  test.each([
    ["", 400], ["{", 400], ["null", 400], ["[]", 400], ["42", 400], ['"text"', 400], ["{}", 400], ["{'job':1}", 400], ['{"job":"blur",}', 400], ["NaN", 400], ["\uFEFF{", 400], ["\0", 400],
    ['{"job":"blur","job":"../x","input":{"root":"images","path":".."}}', 400],
    ["[".repeat(60_000), 400],
    [`${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`, 400],
    [JSON.stringify({ ...ACCEPTED, config: { sigma: JSON.parse(`${"[".repeat(100)}${"]".repeat(100)}`) as unknown } }), 400],
    [JSON.stringify({ ...ACCEPTED, config: Object.fromEntries(Array.from({ length: 4000 }, (_, at) => [`key${at}`, at])) }), 400],
    [JSON.stringify({ ...ACCEPTED, config: { sigma: "x".repeat(65_536) } }), 413],
  ])("that is no request is refused: %#", async (body, status) => {
    const answer = await send(body);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(answer.body.length).toBeLessThan(2500);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "application/json-patch+json", ""])("of type %j is refused", async (type) => {
    expect((await send(JSON.stringify(ACCEPTED), type)).statusCode).toBe(415);
  });

  test.each([
    '{"__proto__":{"polluted":true},"job":"blur","input":{"root":"images","path":"series"}}',
    '{"constructor":{"prototype":{"polluted":true}},"job":"blur","input":{"root":"images","path":"series"}}',
    '{"job":"blur","input":{"root":"images","path":"series","__proto__":{"path":".."}}}',
    '{"job":"blur","input":{"root":"images","path":"series"},"config":{"__proto__":{"polluted":true}}}',
    '{"job":"blur","input":{"root":"images","path":"series"},"config":{"\\u005f_proto__":{"polluted":true}}}',
    '{"job":"blur","input":{"root":"images","path":"series"},"config":{"constructor":1}}',
    '{"job":"blur","input":{"root":"images","path":"series"},"config":{"prototype":1}}',
    '{"job":"blur","input":{"root":"images","path":"series"},"config":{"process.0.__proto__":{"polluted":true}}}',
    '{"job":"blur","input":{"root":"images","path":"series"},"config":{"process.0.constructor.prototype.polluted":true}}',
    '{"job":"blur","input":{"root":"images","path":"series"},"config":{"__proto__.0.polluted":true}}',
    '{"job":"blur","input":{"root":"images","path":"series"},"config":{"sigma":{"constructor":{"prototype":{"polluted":true}}}}}',
    '{"job":"blur","input":{"root":"images","path":"series"},"config":{"sigma":{"a":{"constructor":1}}}}',
    '{"job":"__proto__","input":{"root":"images","path":"series"}}',
    '{"job":"constructor","input":{"root":"constructor","path":"series"}}',
    '{"job":"tostring","input":{"root":"images","path":"series"}}',
  ])("that reaches for a prototype is refused: %s", async (body) => {
    const answer = await send(body);
    expect([400, 403, 404]).toContain(answer.statusCode);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(server.jobs.requests.size).toBe(0);
  });

  test.each(["constructor", "prototype", "process.0.constructor", "preprocess.0.prototype", "process.0.a.constructor.b"])("with the key %s is refused before a step sees it", async (key) => {
    const answer = await send(JSON.stringify({ ...ACCEPTED, config: { [key]: 1 } }));
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([400, "USAGE"]);
  });

  test.each(["/jobs?__proto__=1", "/jobs?constructor=1", "/jobs?limit[__proto__]=1", "/jobs?limit=1&limit=2", "/jobs?limit=1e9", "/jobs?before=..%2f", "/jobs?state=done", "/jobs?limit=%00"])("is not the only way: the query %s is refused", async (url) => {
    expect((await server.send({ url })).statusCode).toBe(400);
  });

  test("larger than 64 KiB is refused before it has come", async () => {
    const answer = await raw([head("POST /jobs HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Content-Length: 65537"), '{"job":'], 0);
    expect(statusOf(answer)).toBe(413);
  });

  test("that grows beyond 64 KiB without saying so is refused", async () => {
    const chunk = `8000\r\n${" ".repeat(0x8000)}\r\n`;
    const answer = await raw([head("POST /jobs HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Transfer-Encoding: chunked"), chunk, chunk, chunk, "0\r\n\r\n"]);
    expect(statusOf(answer)).toBe(413);
  });
});

describe("a request", () => {
  test.each([
    ["GET /jobs HTTP/9.9\r\nHost: localhost\r\n\r\n"],
    ["NONSENSE\r\n\r\n"],
    ["GET /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
    ["GET /jobs HTTP/1.1\r\nHost: localhost\r\nBad Header\r\n\r\n"],
    ["GET /jobs HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\0\r\n\r\n"],
    ["\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001"],
  ])("that is no HTTP is refused: %j", async (text) => {
    const answer = await raw([text]);
    expect(statusOf(answer)).toBe(400);
    expect(answer).toContain("application/problem+json");
  });

  test("with a head larger than 8 KiB is refused", async () => {
    expect(statusOf(await raw([head("GET /jobs HTTP/1.1", "Host: localhost", `X: ${"x".repeat(9000)}`)]))).toBe(431);
  });

  test("with a long URL is refused", async () => {
    expect((await server.send({ url: `/jobs?before=${"x".repeat(2100)}` })).statusCode).toBe(414);
  });

  test.each(["/jobs/%2e%2e", "/jobs/..%2f..%2fetc%2fpasswd", "/jobs/%00", "/jobs/../health/x", "/query/..", `/jobs/${"x".repeat(200)}`, "/jobs/%ff", "/jobs/__proto__", "/static/../../etc/passwd", "//evil.example/jobs", "/jobs/;", "/JOBS"])("for an odd URL finds nothing: %#", async (url) => {
    const answer = await server.send({ url });
    expect([400, 404, 414]).toContain(answer.statusCode);
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
    expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({ status: answer.statusCode, code: expect.any(String) as string });
  });

  test("for a uid that can be none never reaches the service", async () => {
    for (const uid of ["..", "%2e%2e%2f..", "__proto__", "00000000-0000-4000-8000-00000000000g", "00000000-0000-4000-8000-000000000000%2f.."]) await server.send({ url: `/query/${uid}` });
    expect(server.jobs.askedFor).toEqual([]);
  });

  test("from another site gets no permission", async () => {
    const preflight = await server.app.inject({ method: "OPTIONS", url: "/jobs", headers: { origin: "https://evil.example", "access-control-request-method": "POST" } });
    expect(preflight.statusCode).toBe(401);
    const answer = await server.send({ url: "/jobs", headers: { origin: "https://evil.example" } });
    expect(Object.keys({ ...preflight.headers, ...answer.headers }).filter((name) => name.startsWith("access-control-"))).toEqual([]);
  });

  test("that fails in a way that nobody expected is told without its reason, which the owner learns", async () => {
    const seen: unknown[] = [];
    await using other = await testServer({ onDefect: (error) => seen.push(error) });
    const broken = { ...other.jobs, list: () => Promise.reject(new Error(`${SECRET} in ${other.folder}`)) };
    await using faulty = await testServer({ jobs: broken, onDefect: (error) => seen.push(error) });
    const answer = await faulty.send({ url: "/jobs" });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([500, "INTERNAL"]);
    expect(answer.body).not.toMatch(/ZZCANARY|hilum-test|\\n *at /);
    expect(seen).toEqual([expect.objectContaining({ message: expect.stringContaining(SECRET) as string })]);
  });
});

describe("a slow client", () => {
  test("that does not end its head is sent away", async () => {
    const began = performance.now();
    const answer = await raw(["GET /jobs HTTP/1.1\r\n", ...Array.from({ length: 40 }, (_, at) => `X-${at}: y\r\n`)], 200);
    expect(statusOf(answer)).toBe(408);
    expect(performance.now() - began).toBeLessThan(4000);
  });

  test("that does not end its body is sent away", async () => {
    const began = performance.now();
    const answer = await raw([head("POST /jobs HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Content-Length: 1000"), ...Array.from({ length: 40 }, () => " ")], 200);
    expect([0, 408]).toContain(statusOf(answer) || 0);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(server.jobs.requests.size).toBe(0);
  });

  test("has no effect on others, also when there are hundreds of it", async () => {
    const sockets = Array.from({ length: 300 }, () => {
      const socket = connect(port, "127.0.0.1").on("error", () => {});
      socket.write("GET /jobs HTTP/1.1\r\nX: ");
      return socket;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const began = performance.now();
    expect(statusOf(await raw(["GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"]))).toBe(200);
    expect(performance.now() - began).toBeLessThan(1000);
    sockets.forEach((socket) => socket.destroy());
  });

  test("is one of a limited number", async () => {
    await using small = await testServer({ limits: { connections: 5 } });
    await small.app.listen({ host: "127.0.0.1", port: 0 });
    const open = Array.from({ length: 20 }, () => connect((small.app.server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {}));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(open.filter((socket) => !socket.closed).length).toBeLessThanOrEqual(5);
    open.forEach((socket) => socket.destroy());
  });
});

describe("too many requests", () => {
  test("are answered 429 with Retry-After, whoever sends them; health and metrics are not counted", async () => {
    await using small = await testServer({ limits: { requestsPerMinute: 3 } });
    const statuses = async (url: string, headers: Record<string, string>): Promise<readonly number[]> => {
      const all: number[] = [];
      for (let at = 0; at < 5; at++) all.push((await small.app.inject({ url, headers })).statusCode);
      return all;
    };
    expect(await statuses("/jobs", {})).toEqual([401, 401, 401, 429, 429]);
    const refused = await small.send({ url: "/jobs" });
    expect([refused.statusCode, refused.json<{ code: string }>().code]).toEqual([429, "TOO_MANY_REQUESTS"]);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    const authorization = `Bearer ${small.token}`;
    expect(await statuses("/health", {})).toEqual([200, 200, 200, 200, 200]);
    expect(await statuses("/metrics", { authorization })).toEqual([200, 200, 200, 200, 200]);
    expect((await small.send({ url: "/no-such-route" })).statusCode).toBe(429);
  });

  test("are counted by the address that the proxy tells, and not by the one that the client claims", async () => {
    await using proxied = await testServer({ behindProxy: true, limits: { requestsPerMinute: 1 } });
    const ask = async (forwarded: string): Promise<number> => (await proxied.send({ url: "/jobs", headers: { "x-forwarded-for": forwarded } })).statusCode;
    expect([await ask("10.0.0.1"), await ask("10.0.0.2"), await ask("1.2.3.4, 10.0.0.1"), await ask("10.0.0.2")]).toEqual([200, 200, 429, 429]);
  });
});

describe("the audit log", () => {
  test("says who did what and how it went, and nothing of paths, names and values", async () => {
    await using other = await testServer();
    const { uid } = (await other.send({ method: "POST", url: "/jobs", payload: ACCEPTED })).json<{ uid: string }>();
    await other.send({ method: "POST", url: "/job", payload: { job_name: "blur", in_dir: `/${SECRET}/series` } });
    await other.send({ method: "DELETE", url: `/jobs/${uid}` });
    await other.send({ url: `/jobs/${SECRET}/result?file=${SECRET}` });
    await other.app.inject({ url: `/${SECRET}`, headers: { authorization: `Bearer ${SECRET}` } });
    await other.send({ url: `/jobs/${uid}` });
    const lines = other.audit().trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    const who = expect.stringMatching(/^[0-9a-f]{8}$/) as string;
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
    expect(lines).toEqual([
      { at, who, what: "POST /jobs", uid, status: 202 },
      { at, who, what: "POST /job", status: 403, code: "FORBIDDEN_PATH" },
      { at, who, what: "DELETE /jobs/:uid", uid, status: 202 },
      { at, who, what: "GET /jobs/:uid/result", status: 404, code: "UNKNOWN_JOB" },
      { at, who: "none", what: "GET unknown", status: 401, code: "UNAUTHORIZED" },
    ]);
    expect(other.audit()).not.toContain(SECRET);
    expect(other.audit()).not.toContain(other.folder);
    expect(other.audit()).not.toContain(other.token);
  });
});
