import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createClient } from "@hey-api/openapi-ts";
import { CANARY, saveFiles, scanSeries } from "@hilum/testing";
import { rolldown } from "rolldown";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { breast, missing, missingPython, python, run, workspace } from "./outside.test-support.ts";
import { startService, type RunningService } from "./running-service.test-support.ts";

let folder: string;
let images: string;
let results: string;
let data: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "hilum-test-")));
  [images, results, data] = [join(folder, "images"), join(folder, "results"), join(folder, "data")];
  mkdirSync(join(images, "series"), { recursive: true });
  mkdirSync(results);
  saveFiles(join(images, "series"), scanSeries({ size: [24, 20, 12], phases: 2 }).files);
});
afterEach(() => rmSync(folder, { recursive: true }));

const start = (...args: readonly string[]): Promise<RunningService> => startService("--data", data, "--root", `images=${images}`, "--root", `results=${results}`, ...args);
const client = (service: RunningService, ...args: readonly string[]) => run("hilum", ...args, "--url", service.url, "--token", service.token ?? "");

/** The SHA-256 of every file's pixels as pydicom reads them, in the order of instance numbers. */
const PIXELS = `
import sys, json, glob, hashlib, pydicom
found = [pydicom.dcmread(path) for path in glob.glob(sys.argv[1] + "/*")]
found.sort(key=lambda one: int(one.InstanceNumber))
print(json.dumps([hashlib.sha256(one.PixelData).hexdigest() + f" {one.get('RescaleSlope')} {one.get('RescaleIntercept')} {list(one.ImagePositionPatient)}" for one in found]))
`;
const pixelsOf = (directory: string): readonly string[] => python<readonly string[]>(PIXELS, directory);

const noCurl = missing("curl", "unzip");
const noPydicom = missingPython("pydicom");

describe("hilum serve", () => {
  test("answers /health within 2 s on its first start, shows its token once, and ends with 0 when it is asked to", async () => {
    const first = await start();
    expect(first.healthMs).toBeLessThan(2000);
    expect(first.token).toMatch(/^[\w-]{43}$/);
    expect(await first.stop()).toBe(0);
    await using second = await start();
    expect(second.token).toBeUndefined();
    expect(second.output()).not.toContain(first.token);
    expect((await fetch(`${second.url}/jobs`, { headers: { authorization: `Bearer ${first.token ?? ""}` } })).status).toBe(200);
    expect(statSync(data).mode & 0o777).toBe(0o700);
    for (const name of ["token", "audit.log"]) expect(statSync(join(data, name)).mode & 0o777).toBe(0o600);
  });

  test("refuses a data directory that another one works in, by name", async () => {
    await using first = await start();
    expect(first.url).toBeDefined();
    const { status, stderr } = run("hilum", "serve", "--data", data, "--port", "0");
    expect([status, stderr]).toEqual([7, expect.stringContaining("DATA_DIRECTORY_IN_USE") as string]);
  });

  test.each([
    [["--host", "0.0.0.0"], "USAGE"],
    [["--root", "images"], "USAGE"],
    [["--root", "Images=."], "USAGE"],
    [["--root", "a=/nowhere/at/all"], "USAGE"],
    [["--root", "a=.", "--root", "a=.."], "USAGE"],
    [["--tls-cert", "cert.pem"], "USAGE"],
  ])("refuses %j", (args, code) => {
    const { status, stderr } = run("hilum", "serve", "--data", data, "--port", "0", ...args);
    expect([status, stderr]).toEqual([2, expect.stringContaining(`error ${code}`) as string]);
  });

  test.skipIf(missing("openssl", "curl") !== false)("does TLS with a certificate of its own (needs openssl and curl)", async () => {
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    spawnSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", cert, "-keyout", key]);
    await using service = await start("--host", "0.0.0.0", "--tls-cert", cert, "--tls-key", key);
    const url = service.url.replace("0.0.0.0", "localhost");
    expect(url).toMatch(/^https:/);
    expect(spawnSync("curl", ["--silent", "--cacert", cert, `${url}/health`], { encoding: "utf8" }).stdout).toBe('{"status":"up"}');
    expect(spawnSync("curl", ["--silent", "--cacert", cert, "--write-out", "%{http_code}", "--output", join(folder, "answer"), `${url}/jobs`], { encoding: "utf8" }).stdout).toBe("401");
  });
});

describe("a request", () => {
  const post = (service: RunningService, key: string, path: string) =>
    fetch(`${service.url}/jobs`, {
      method: "POST",
      headers: { authorization: `Bearer ${service.token ?? ""}`, "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ job: "gaussian-blur", input: { root: "images", path } }),
    });

  test("that is repeated with its key gets the same job, also when its input is gone, over a restart too", async () => {
    const uids: string[] = [];
    for (const [attempt, key] of ["a", "a", "a"].entries()) {
      await using service = await startService("--data", data, "--root", `images=${images}`);
      const token = service.token ?? readFileSync(join(folder, "kept-token"), "utf8");
      writeFileSync(join(folder, "kept-token"), token);
      const answer = await post({ ...service, token }, key, "series");
      expect(answer.status).toBe(202);
      uids.push(((await answer.json()) as { readonly uid: string }).uid);
      if (attempt === 1) rmSync(join(images, "series"), { recursive: true });
      if (attempt === 2) expect((await post({ ...service, token }, "b", "series")).status).toBe(404);
    }
    expect(new Set(uids).size).toBe(1);
  });

  test("is refused when as many wait as --max-queued says, and told when to come again", async () => {
    // Nothing runs before the database is up, which takes longer than two requests.
    await using service = await start("--max-queued", "1");
    const answers = [await post(service, "a", "series"), await post(service, "b", "series")];
    expect(answers.map(({ status }) => status)).toEqual([202, 429]);
    expect(Number(answers[1]?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await answers[1]?.json()).toMatchObject({ code: "QUEUE_FULL" });
  });
});

describe("the client commands", () => {
  test("submit a job, follow it to its end and leave its result where it was asked for", async () => {
    await using service = await start();
    const submitted = client(service, "submit", "gaussian-blur", "images:series", "--output", "results:blurred", "--set", "sigma=2", "--priority", "3");
    expect([submitted.status, submitted.stderr]).toEqual([0, ""]);
    const uid = submitted.stdout.trim();
    const watched = client(service, "status", uid, "--watch");
    expect([watched.status, watched.stdout]).toEqual([0, `gaussian-blur: succeeded, ${join(results, "blurred")}\n`]);
    expect(watched.stderr).toContain("write dicom");
    expect(readdirSync(join(results, "blurred"))).toHaveLength(24);
    const told = JSON.parse(client(service, "status", uid, "--json").stdout) as { report: { steps: { processor: string; config: { sigma?: number } }[] } };
    expect(told.report.steps.find(({ processor }) => processor === "gaussian-blur")?.config.sigma).toBe(2);
  });

  test("take absolute paths, and an output file by its name", async () => {
    await using service = await start();
    const uid = client(service, "submit", "3dblur", join(images, "series"), "--output", join(results, "blurred.h5")).stdout.trim();
    expect(client(service, "status", uid, "--watch").status).toBe(0);
    expect(statSync(join(results, "blurred.h5")).isFile()).toBe(true);
  });

  test("reach the jobs of a plugin that the service was started with", async () => {
    await using service = await start("--plugin", join(workspace, "examples/window-plugin.mjs"));
    const uid = client(service, "submit", "window", "images:series", "--output", "results:windowed.h5", "--set", "low=10").stdout.trim();
    expect(client(service, "status", uid, "--watch")).toMatchObject({ status: 0, stdout: `window: succeeded, ${join(results, "windowed.h5")}\n` });
  });

  test("end with the status of the error that a job failed with", async () => {
    await using service = await start();
    mkdirSync(join(images, "cut"));
    saveFiles(join(images, "cut"), scanSeries({ size: [24, 20, 12], faults: [{ kind: "truncated-file", slice: 5 }] }).files);
    const uid = client(service, "submit", "gaussian-blur", "images:cut").stdout.trim();
    const { status, stderr } = client(service, "status", uid, "--watch");
    expect([status, stderr]).toEqual([5, expect.stringMatching(/error (TRUNCATED_PIXEL_DATA|MALFORMED_FILE)/) as string]);
  });

  test("cancel a job, once, and say so when they are asked", async () => {
    await using service = await start();
    const body = JSON.stringify({ job_name: "gaussian-blur", in_dir: join(images, "series") });
    const submit = async () => (await (await fetch(`${service.url}/job`, { method: "POST", headers: { authorization: `Bearer ${service.token ?? ""}`, "content-type": "application/json" }, body })).json()) as { uid: string };
    // One job runs at a time: the last of so many still waits, or runs at most.
    const { uid } = (await Promise.all(Array.from({ length: 12 }, submit))).at(-1) ?? { uid: "" };
    expect(client(service, "cancel", uid)).toMatchObject({ status: 0, stdout: "cancelled\n" });
    expect(client(service, "status", uid)).toMatchObject({ status: 130, stdout: "gaussian-blur: cancelled\n" });
    const second = client(service, "cancel", uid);
    expect([second.status, second.stderr]).toEqual([2, expect.stringContaining("has ended already") as string]);
  });

  test("say what is wrong with a request, a token or an address", async () => {
    await using service = await start();
    expect(client(service, "submit", "gaussian-blurr", "images:series")).toMatchObject({ status: 3, stderr: expect.stringContaining("UNKNOWN_JOB") as string });
    expect(client(service, "submit", "gaussian-blur", "/etc")).toMatchObject({ status: 2, stderr: expect.stringContaining("FORBIDDEN_PATH") as string });
    expect(client(service, "submit", "gaussian-blur", "images:series", "--output", results)).toMatchObject({ status: 2, stderr: expect.stringContaining("USAGE") as string });
    expect(client(service, "status", "00000000-0000-4000-8000-000000000000")).toMatchObject({ status: 3, stderr: expect.stringContaining("UNKNOWN_JOB") as string });
    expect(run("hilum", "status", "x", "--url", service.url)).toMatchObject({ status: 2, stderr: expect.stringContaining("UNAUTHORIZED") as string });
    expect(run("hilum", "status", "x", "--url", "http://127.0.0.1:9")).toMatchObject({ status: 3, stderr: expect.stringContaining("No service answers") as string });
  });
});

describe("a patient's name", () => {
  test("is in no log, metric, audit record, event, error or answer, whether jobs succeed or fail", async () => {
    await using service = await start("--debug");
    const named = join(images, `${CANARY}^series`);
    mkdirSync(named);
    saveFiles(named, scanSeries({ size: [24, 20, 12] }).files);
    for (const [name, kind] of [["cut", "truncated-file"], ["mixed", "foreign-patient"], ["gap", "missing-slice"]] as const) {
      mkdirSync(join(images, `${CANARY}-${name}`));
      saveFiles(join(images, `${CANARY}-${name}`), scanSeries({ size: [24, 20, 12], faults: [{ kind, slice: 5 }] }).files);
    }
    const headers = { authorization: `Bearer ${service.token ?? ""}`, "content-type": "application/json" };
    const answers: string[] = [];
    const ask = async (path: string, body?: object): Promise<string> => {
      const response = await fetch(service.url + path, { headers, ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }) });
      const text = await response.text();
      answers.push(text, JSON.stringify([...response.headers]));
      return text;
    };
    const states: string[] = [];
    for (const path of [`${CANARY}^series`, `${CANARY}-cut`, `${CANARY}-mixed`, `${CANARY}-gap`, `${CANARY}^series/${CANARY}-0001.dcm`]) {
      await ask("/plans", { job: "gaussian-blur", input: { root: "images", path } });
      const { uid } = JSON.parse(await ask("/job", { job_name: "3dblur", in_dir: join(images, path) })) as { uid: string };
      await ask(`/jobs/${uid}/events`);
      const { state } = JSON.parse(await ask(`/query/${uid}`)) as { state: string };
      states.push(state);
      for (const route of ["", "/log", "/result"]) await ask(`/jobs/${uid}${route}`);
    }
    expect(states.slice(0, 4)).toEqual(["succeeded", "failed", "failed", "failed"]);
    for (const path of [`${CANARY}-not-there`, `../${CANARY}`, `${CANARY}^series/../..`]) await ask("/jobs", { job: "gaussian-blur", input: { root: "images", path } });
    for (const route of ["/metrics", "/jobs", "/catalogue", "/ready"]) await ask(route);
    await service.stop();
    expect(answers.filter((text) => text.includes(CANARY))).toEqual([]);
    expect(service.output()).not.toContain(CANARY);
    // A request holds the path that it asks for, or nobody could carry it out; a result holds the patient's images.
    const kept = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== "request.json" && !join(entry.parentPath, entry.name).startsWith(join(data, "results")));
    expect(kept.length).toBeGreaterThan(10);
    expect(kept.filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(CANARY)).map((entry) => entry.name)).toEqual([]);
    expect(readdirSync(data, { recursive: true }).filter((name) => !name.toString().startsWith("results/") && name.toString().includes(CANARY))).toEqual([]);
  });
});

describe("the results of the service", () => {
  test.skipIf(noCurl !== false || noPydicom !== false)("equal those of hilum run pixel for pixel, on the breast series by the example's curl through both families of routes (needs curl, unzip, pydicom and ../shared)", () => {
    const output = join(folder, "example");
    const { status, stdout, stderr } = spawnSync(join(workspace, "examples/serve.sh"), [breast, output], { encoding: "utf8", env: { ...process.env, HILUM: `${process.execPath} ${join(workspace, "packages/cli/bin/hilum.cjs")}` } });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain('"state":"succeeded"');
    for (const [name, settings] of [["first", []], ["second", ["--set", "sigma=2"]]] as const) {
      const local = join(folder, `local-${name}`);
      expect(run("hilum", "run", "gaussian-blur", breast, local, ...settings, "--quiet").status).toBe(0);
      const expected = pixelsOf(local);
      expect(expected).toHaveLength(180);
      expect(pixelsOf(join(output, name))).toEqual(expected);
    }
    const unpacked = join(folder, "unpacked");
    expect(spawnSync("unzip", ["-q", join(output, "second.zip"), "-d", unpacked]).status).toBe(0);
    for (const name of readdirSync(join(output, "second"))) expect(readFileSync(join(unpacked, name)).equals(readFileSync(join(output, "second", name)))).toBe(true);
  });

  test("are reached by a client that is generated from the OpenAPI document", async () => {
    await using service = await start();
    const auth = { Authorization: `Bearer ${service.token ?? ""}` };
    writeFileSync(join(folder, "openapi.json"), await (await fetch(`${service.url}/openapi.json`, { headers: auth })).text());
    const api = await generatedClient(join(folder, "openapi.json"), join(folder, "client"));
    const call = async (operation: string, options: object): Promise<Answer> => {
      const made = api[operation];
      if (made === undefined) throw new Error(`the client has no ${operation}`);
      return made({ baseUrl: service.url, headers: auth, throwOnError: true, ...options });
    };
    expect((await call("getHealth", {})).data).toEqual({ status: "up" });
    const first = await call("postJob", { body: { job_name: "3dblur", in_dir: join(images, "series") } });
    const { uid } = first.data as { uid: string };
    let asked = await call("queryJob", { path: { uid } });
    while (asked.response.status === 202) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      asked = await call("queryJob", { path: { uid } });
    }
    expect(asked.data).toMatchObject({ state: "succeeded", output_dir: join(data, "results", uid) });
    const second = (await call("submitJob", { body: { job: "gaussian-blur", input: { root: "images", path: "series" }, config: { sigma: 2 } } })).data as { uid: string };
    const types: string[] = [];
    const followed = await call("followJob", { path: { uid: second.uid }, onSseEvent: ({ event }: { event?: string }) => types.push(event ?? ""), sseMaxRetryAttempts: 1 });
    for await (const _ of followed.stream ?? []) if (types.at(-1) === "end") break;
    expect([types[0], types.at(-1)]).toEqual(["state", "end"]);
    const listed = (await call("getResult", { path: { uid: second.uid } })).data as { files: { name: string; bytes: number; sha256: string }[] };
    expect(listed.files).toHaveLength(24);
    const file = await call("getResult", { path: { uid: second.uid }, query: { file: listed.files[0]?.name }, parseAs: "arrayBuffer" });
    expect((file.data as ArrayBuffer).byteLength).toBe(listed.files[0]?.bytes);
    const refused = await call("submitJob", { throwOnError: false, body: { job: "gaussian-blur", input: { root: "images", path: ".." } } });
    expect(refused.error).toMatchObject({ status: 403, code: "FORBIDDEN_PATH" });
  });
});

interface Answer {
  readonly data: unknown;
  readonly error?: unknown;
  readonly response: Response;
  readonly stream?: AsyncIterable<unknown>;
}

/** Generates a client, makes one module of it, and loads that. */
async function generatedClient(document: string, into: string): Promise<Record<string, (options: object) => Promise<Answer>>> {
  await createClient({ input: document, output: into, logs: { level: "silent" }, plugins: ["@hey-api/typescript", "@hey-api/sdk", "@hey-api/client-fetch"] });
  const bundle = await rolldown({ input: join(into, "index.ts"), platform: "node" });
  const file = join(into, "client.mjs");
  await bundle.write({ file, format: "esm" });
  await bundle.close();
  expect(existsSync(file)).toBe(true);
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, (options: object) => Promise<Answer>>;
}
