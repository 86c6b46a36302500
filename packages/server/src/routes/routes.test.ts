import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fakeJobService } from "../fake-job-service.test-support.ts";
import { testServer, type TestServer } from "../test-server.test-support.ts";

let server: TestServer;
beforeEach(async () => {
  server = await testServer();
});
afterEach(() => server[Symbol.asyncDispose]());

const NOBODY = "00000000-0000-4000-8000-000000000000";
const post = (url: string, payload?: object, headers = {}) => server.send({ method: "POST", url, headers, ...(payload === undefined ? {} : { payload }) });
const get = (url: string, headers = {}) => server.send({ url, headers });
const accept = async (): Promise<string> => (await post("/jobs", { job: "blur", input: { root: "images", path: "series" } })).json<{ uid: string }>().uid;

describe("the first users' routes", () => {
  test("accept a job by absolute paths, and name it by its own name", async () => {
    const answer = await post("/job", { job_name: "3dblur", in_dir: join(server.root, "series"), out_dir: join(server.root, "results/new") });
    expect(answer.statusCode).toBe(201);
    const { uid } = answer.json<{ uid: string }>();
    expect(answer.headers["location"]).toBe(`/query/${uid}`);
    expect(server.jobs.requests.get(uid)).toMatchObject({ job: "blur", inputPath: join(server.root, "series"), outputPath: join(server.root, "results/new") });
  });

  test("take a path that is relative to the only root", async () => {
    const { uid } = (await post("/job", { job_name: "blur", in_dir: "series" })).json<{ uid: string }>();
    expect(server.jobs.requests.get(uid)?.inputPath).toBe(join(server.root, "series"));
  });

  test.each(["queued", "starting", "running", "publishing"] as const)("answer 202 while a job is %s", async (state) => {
    const uid = await accept();
    server.jobs.change(uid, { state });
    const answer = await get(`/query/${uid}`);
    expect([answer.statusCode, answer.json()]).toEqual([202, { state, output_dir: null }]);
  });

  test("answer 200 with state and output_dir when a job of the other family has ended", async () => {
    const uid = await accept();
    server.jobs.change(uid, { state: "succeeded", outputPath: "/somewhere/out" });
    const answer = await get(`/query/${uid}`);
    expect([answer.statusCode, answer.json()]).toEqual([200, { state: "succeeded", output_dir: "/somewhere/out" }]);
  });

  test("answer 200 with the reason when a job failed", async () => {
    const uid = await accept();
    server.jobs.change(uid, { state: "failed", error: { code: "JOB_TIMED_OUT", message: "It took too long." } });
    const answer = await get(`/query/${uid}`);
    expect([answer.statusCode, answer.json()]).toEqual([200, { state: "failed", output_dir: null, error: { code: "JOB_TIMED_OUT", message: "It took too long." } }]);
  });

  test("answer 404 for a uid that nobody has", async () => {
    expect((await get(`/query/${NOBODY}`)).statusCode).toBe(404);
  });
});

describe("POST /jobs", () => {
  test("accepts a job by root and path, with settings by step as --set takes them", async () => {
    const answer = await post("/jobs", {
      job: "blur",
      input: { root: "images", path: "series" },
      output: { root: "images", path: "results/blurred.h5" },
      template: { root: "images", path: "series" },
      config: { sigma: 2, "preprocess.0.scope": "series", "process.0.order": [1, 2] },
      priority: 5,
    });
    expect(answer.statusCode).toBe(202);
    const { uid } = answer.json<{ uid: string }>();
    expect(answer.headers["location"]).toBe(`/jobs/${uid}`);
    expect(server.jobs.requests.get(uid)).toEqual({
      job: "blur",
      inputPath: join(server.root, "series"),
      outputPath: join(server.root, "results/blurred.h5"),
      templatePath: join(server.root, "series"),
      config: { "process.0": { sigma: 2, order: [1, 2] }, "preprocess.0": { scope: "series" } },
      priority: 5,
      requestedBy: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
    });
  });

  test("gives the same job for the same Idempotency-Key, also when its output is there meanwhile and its input is gone", async () => {
    mkdirSync(join(server.root, "results/passing"));
    const body = { job: "blur", input: { root: "images", path: "results/passing" }, output: { root: "images", path: "results/new" } };
    const first = await post("/jobs", body, { "idempotency-key": "a" });
    mkdirSync(join(server.root, "results/new"));
    rmSync(join(server.root, "results/passing"), { recursive: true });
    const second = await post("/jobs", body, { "idempotency-key": "a" });
    expect(second.statusCode).toBe(202);
    expect(second.json()).toEqual(first.json());
    expect(server.jobs.requests.size).toBe(1);
    const other = await post("/jobs", { ...body, priority: 1 }, { "idempotency-key": "a" });
    expect([other.statusCode, other.json<{ code: string }>().code]).toEqual([409, "IDEMPOTENCY_MISMATCH"]);
  });

  test.each([
    ["an unknown job", { job: "blurr" }, 404, "UNKNOWN_JOB"],
    ["a name that is none", { job: "../blur" }, 400, "USAGE"],
    ["an unknown step", { config: { "process.7.sigma": 1 } }, 400, "INVALID_CONFIG"],
    ["an unknown key", { config: { sgima: 1 } }, 400, "INVALID_CONFIG"],
    ["a value of the wrong type", { config: { sigma: "two" } }, 400, "INVALID_CONFIG"],
    ["a configuration of the step that undoes", { config: { "postprocess.0.scope": "phase" } }, 400, "INVALID_CONFIG"],
    ["an unknown field", { colour: "blue" }, 400, "USAGE"],
    ["a priority that is no whole number", { priority: 1.5 }, 400, "USAGE"],
    ["a missing input", { input: undefined }, 400, "USAGE"],
    ["an unknown root", { input: { root: "other", path: "series" } }, 403, "FORBIDDEN_PATH"],
    ["an input that is not there", { input: { root: "images", path: "nothing" } }, 404, "SOURCE_NOT_FOUND"],
    ["an output that is there", { output: { root: "images", path: "series" } }, 409, "OUTPUT_EXISTS"],
    ["an output in a folder that is not there", { output: { root: "images", path: "no/such" } }, 404, "SOURCE_NOT_FOUND"],
  ])("refuses %s", async (_, change, status, code) => {
    const answer = await post("/jobs", { job: "blur", input: { root: "images", path: "series" }, ...change });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([status, code]);
    expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({ status, title: expect.any(String) as string, detail: expect.any(String) as string, remedy: expect.any(String) as string });
    expect(server.jobs.requests.size).toBe(0);
  });

  test("answers 429 with Retry-After when the queue is full", async () => {
    await using full = await testServer({ jobs: fakeJobService({ maxQueued: 0 }) });
    const answer = await full.send({ method: "POST", url: "/jobs", payload: { job: "blur", input: { root: "images", path: "series" } } });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([429, "QUEUE_FULL"]);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  });
});

describe("the routes of one job", () => {
  test("tell it, and 404 for another", async () => {
    const uid = await accept();
    expect((await get(`/jobs/${uid}`)).json()).toMatchObject({ uid, job: "blur", state: "queued" });
    for (const path of ["", "/log", "/events", "/result"]) expect((await get(`/jobs/${NOBODY}${path}`)).statusCode).toBe(404);
  });

  test("list jobs, newest first, by state and in pages", async () => {
    const uids = [await accept(), await accept(), await accept()];
    server.jobs.change(uids[0] as string, { state: "failed" });
    const page = (await get("/jobs?limit=2")).json<{ jobs: { uid: string }[]; next?: string }>();
    expect(page.jobs.map(({ uid }) => uid)).toEqual([uids[2], uids[1]]);
    expect(page.next).toBe(uids[1]);
    const failed = (await get("/jobs?state=failed")).json<{ jobs: { uid: string }[]; next?: string }>();
    expect([failed.jobs.map(({ uid }) => uid), failed.next]).toEqual([[uids[0]], undefined]);
  });

  test("cancel it once", async () => {
    const uid = await accept();
    const first = await server.send({ method: "DELETE", url: `/jobs/${uid}` });
    expect([first.statusCode, first.json()]).toEqual([202, { uid, state: "cancelled" }]);
    const second = await server.send({ method: "DELETE", url: `/jobs/${uid}` });
    expect([second.statusCode, second.json<{ code: string }>().code]).toEqual([409, "JOB_ENDED"]);
  });

  test("try it again when it failed, and not while it waits", async () => {
    const uid = await accept();
    expect((await post(`/jobs/${uid}/retry`)).statusCode).toBe(409);
    server.jobs.change(uid, { state: "failed" });
    const again = await post(`/jobs/${uid}/retry`);
    expect([again.statusCode, again.json()]).toEqual([202, { uid, state: "queued" }]);
  });

  test("give its log as text", async () => {
    const answer = await get(`/jobs/${await accept()}/log`);
    expect([answer.headers["content-type"], answer.body]).toEqual(["text/plain; charset=utf-8", 'info "blur" began\n']);
  });
});

describe("events", () => {
  test("come with ids, resume after Last-Event-ID, and end with the job", async () => {
    const uid = await accept();
    server.jobs.emit(uid, "state", { state: "running" });
    server.jobs.emit(uid, "progress", { pass: "write", done: 1, total: 2 });
    server.jobs.emit(uid, "state", { state: "succeeded" });
    server.jobs.change(uid, { state: "succeeded" });
    const all = await get(`/jobs/${uid}/events`);
    expect(all.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
    expect(all.headers["x-content-type-options"]).toBe("nosniff");
    expect(all.body).toBe(
      [
        'retry: 2000\nid: 1\nevent: state\ndata: {"at":"2026-11-22T12:00:00.000Z","data":{"state":"running"}}',
        'id: 2\nevent: progress\ndata: {"at":"2026-11-22T12:00:00.000Z","data":{"pass":"write","done":1,"total":2}}',
        'id: 3\nevent: state\ndata: {"at":"2026-11-22T12:00:00.000Z","data":{"state":"succeeded"}}',
        "event: end\ndata: {}\n\n",
      ].join("\n\n"),
    );
    const rest = await get(`/jobs/${uid}/events`, { "last-event-id": "2" });
    expect(rest.body.match(/^id: .*$/gm)).toEqual(["id: 3"]);
    const nothing = await get(`/jobs/${uid}/events`, { "last-event-id": "3" });
    expect([nothing.statusCode, nothing.body]).toEqual([204, ""]);
  });

  test("wait for what is still to come, with a sign of life", async () => {
    await using patient = await testServer({ limits: { heartbeatMs: 10 } });
    const uid = (await patient.send({ method: "POST", url: "/job", payload: { job_name: "blur", in_dir: "series" } })).json<{ uid: string }>().uid;
    const answer = patient.send({ url: `/jobs/${uid}/events` });
    setTimeout(() => {
      patient.jobs.emit(uid, "state", { state: "failed" });
      patient.jobs.change(uid, { state: "failed" });
    }, 100);
    const { body } = await answer;
    expect(body).toContain(": alive\n\n");
    expect(body.match(/^(id|event): .*$/gm)).toEqual(["id: 1", "event: state", "event: end"]);
  });

  test("end when the server closes, without saying that the job did", async () => {
    await using closing = await testServer();
    const uid = (await closing.send({ method: "POST", url: "/job", payload: { job_name: "blur", in_dir: "series" } })).json<{ uid: string }>().uid;
    const answer = closing.send({ url: `/jobs/${uid}/events` });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await closing.app.close();
    expect((await answer).body).toBe("retry: 2000\n");
  });

  test("are refused beyond the number of streams", async () => {
    await using small = await testServer({ limits: { eventStreams: 0 } });
    const uid = (await small.send({ method: "POST", url: "/job", payload: { job_name: "blur", in_dir: "series" } })).json<{ uid: string }>().uid;
    const answer = await small.send({ url: `/jobs/${uid}/events` });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([429, "TOO_MANY_STREAMS"]);
  });

  test.each(["-1", "1e3", "x", "9".repeat(30)])("refuse the id %s", async (id) => {
    expect((await get(`/jobs/${await accept()}/events`, { "last-event-id": id })).statusCode).toBe(400);
  });
});

describe("results", () => {
  const succeed = async (): Promise<string> => {
    const uid = await accept();
    const outputPath = join(server.root, "results/out");
    mkdirSync(outputPath);
    writeFileSync(join(outputPath, "b.dcm"), "bytes of b");
    writeFileSync(join(outputPath, "a.dcm"), "");
    symlinkSync(join(server.folder, "secret.dcm"), join(outputPath, "c.dcm"));
    server.jobs.change(uid, { state: "succeeded", outputPath });
    return uid;
  };

  test("are listed by name and size, links left out", async () => {
    const answer = await get(`/jobs/${await succeed()}/result`);
    expect(answer.json()).toEqual({ files: [{ name: "a.dcm", bytes: 0 }, { name: "b.dcm", bytes: 10 }] });
  });

  test("are given one file at a time", async () => {
    const uid = await succeed();
    const file = await get(`/jobs/${uid}/result?file=b.dcm`);
    expect([file.statusCode, file.body, file.headers["content-length"], file.headers["content-type"]]).toEqual([200, "bytes of b", "10", "application/octet-stream"]);
    const empty = await get(`/jobs/${uid}/result?file=a.dcm`);
    expect([empty.statusCode, empty.body]).toEqual([200, ""]);
  });

  test.each(["c.dcm", "../out/b.dcm", "..%2f..%2f..%2fsecret.dcm", "%2fetc%2fpasswd", "b.dcm%00", ".", "nothing"])("hold no file %s", async (name) => {
    const answer = await get(`/jobs/${await succeed()}/result?file=${name}`);
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([404, "SOURCE_NOT_FOUND"]);
  });

  test("are one file for a job that wrote one", async () => {
    const uid = await accept();
    const outputPath = join(server.root, "results/out.h5");
    writeFileSync(outputPath, "voxels");
    server.jobs.change(uid, { state: "succeeded", outputPath });
    expect((await get(`/jobs/${uid}/result`)).json()).toEqual({ files: [{ name: "out.h5", bytes: 6 }] });
    expect((await get(`/jobs/${uid}/result?file=out.h5`)).body).toBe("voxels");
  });

  test("are none before the end", async () => {
    const answer = await get(`/jobs/${await accept()}/result`);
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([409, "NO_RESULT"]);
  });

  test("are gone when somebody took them away", async () => {
    const uid = await accept();
    server.jobs.change(uid, { state: "succeeded", outputPath: join(server.root, "results/taken") });
    expect((await get(`/jobs/${uid}/result`)).statusCode).toBe(404);
  });

  test.each([["?format=zip", {}], ["", { accept: "application/zip" }]])("come as a zip by %s %o", async (query, headers) => {
    const answer = await get(`/jobs/${await succeed()}/result${query}`, headers);
    expect(answer.headers["content-type"]).toBe("application/zip");
    // APPNOTE 4.3.7, 4.3.16: a local file header comes first, the end of the central directory last, with the number of entries in it.
    const bytes = answer.rawPayload;
    expect(bytes.readUInt32LE(0)).toBe(0x04034b50);
    expect(bytes.readUInt32LE(bytes.length - 22)).toBe(0x06054b50);
    expect(bytes.readUInt16LE(bytes.length - 12)).toBe(2);
    expect(bytes.includes("bytes of b")).toBe(true);
    expect(bytes.includes("ZZCANARY")).toBe(false);
  });
});

describe("the service's own routes", () => {
  test("say that it is up, and nothing more, without a token", async () => {
    const answer = await server.app.inject({ url: "/health" });
    expect([answer.statusCode, answer.body]).toEqual([200, '{"status":"up"}']);
  });

  test("say when jobs start", async () => {
    expect((await get("/ready")).statusCode).toBe(200);
    await using waking = await testServer({ jobs: fakeJobService({ ready: false }) });
    expect((await waking.send({ url: "/ready" })).statusCode).toBe(503);
  });

  test("count jobs by state and answers by route", async () => {
    const uid = await accept();
    server.jobs.change(uid, { state: "running" });
    await get(`/jobs/${uid}`);
    await get(`/jobs/${NOBODY}`);
    await get("/ZZCANARY");
    const { body, headers } = await get("/metrics");
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4");
    expect(body).toContain('hilum_jobs{state="running"} 1\n');
    expect(body).toContain("hilum_oldest_queued_seconds 1.5\n");
    expect(body).toContain('hilum_http_requests_total{method="GET",route="/jobs/:uid",status="200"} 1\n');
    expect(body).toContain('hilum_http_requests_total{method="GET",route="/jobs/:uid",status="404"} 1\n');
    expect(body).toContain('hilum_http_requests_total{method="GET",route="unknown",status="404"} 1\n');
    expect(body).not.toContain("ZZCANARY");
    expect(body).not.toContain(uid);
  });

  test("show the catalogue with the JSON Schema of every configuration", async () => {
    const catalogue = (await get("/catalogue")).json<{ jobs: unknown[]; processors: { id: string; config: { properties: object } }[]; roots: string[] }>();
    expect(catalogue.jobs).toEqual([
      { name: "blur", title: "Blur a series", aliases: ["3dblur"], steps: [{ place: "preprocess.0", processor: "scale" }, { place: "process.0", processor: "blur" }, { place: "postprocess.0", invert: "scale" }] },
    ]);
    expect(catalogue.processors.find(({ id }) => id === "blur")?.config.properties).toMatchObject({ sigma: { type: "number", default: 1, exclusiveMinimum: 0 } });
    expect(catalogue.roots).toEqual(["images"]);
  });

  test("plan a job without accepting it", async () => {
    const answer = await post("/plans", { job: "blur", input: { root: "images", path: "series" } });
    expect([answer.statusCode, answer.json()]).toEqual([200, { job: "blur", passes: ["write dicom"] }]);
    expect(server.jobs.requests.size).toBe(0);
    expect((await post("/plans", { job: "blur", input: { root: "images", path: "../x" } })).statusCode).toBe(403);
  });

  test("show a page without scripts, made from the OpenAPI document", async () => {
    const { body, headers } = await get("/docs");
    expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}';/);
    expect(body).not.toMatch(/<script|<link|src=|https?:/);
    expect(body).toContain('<span class="method">POST</span> /jobs</code>');
    expect((await server.app.inject({ url: "/docs", headers: { authorization: `Basic ${btoa(`anybody:${server.token}`)}` } })).statusCode).toBe(200);
  });
});
