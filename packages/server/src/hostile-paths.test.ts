import { mkdirSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SECRET, testServer, type TestServer } from "./test-server.test-support.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
  const { root, folder, dataDirectory } = server;
  symlinkSync(join(folder, "images-of-others"), join(root, "link-out"));
  symlinkSync("../../images-of-others", join(root, "series/relative-link-out"));
  symlinkSync(join(folder, "nowhere"), join(root, "dangling"));
  symlinkSync(join(root, "loop"), join(root, "loop"));
  symlinkSync(dataDirectory, join(root, "link-to-data"));
  symlinkSync(join(root, "series"), join(root, "link-within"));
  symlinkSync("link-out", join(root, "link-to-link"));
  symlinkSync(root, join(folder, "link-to-root"));
});
afterAll(() => server[Symbol.asyncDispose]());

const INPUTS = [
  "..",
  "../images-of-others",
  "../images-of-others/one.dcm",
  "series/../../images-of-others",
  "./../secret.dcm",
  "series/./../../secret.dcm",
  "series//..//..//secret.dcm",
  "/",
  "/etc/passwd",
  "//etc/passwd",
  "\\\\server\\share",
  "..\\images-of-others",
  "C:\\Windows",
  "C:/Windows",
  "file:///etc/passwd",
  "series\0/../../secret.dcm",
  "series\0",
  "link-out",
  "link-out/one.dcm",
  "link-out/missing",
  "link-to-link/one.dcm",
  "series/relative-link-out/one.dcm",
  "dangling",
  "dangling/file",
  "loop",
  "loop/file",
  "link-to-data",
  "link-to-data/token",
  "~/.ssh",
  "%2e%2e/secret.dcm",
  "..%2fsecret.dcm",
  "%2e%2e%2fsecret.dcm",
  "..;/secret.dcm",
  "....//secret.dcm",
  "\u2025/secret.dcm",
  "\uff0e\uff0e/secret.dcm",
  "series/one.dcm/..",
  "a/".repeat(3000),
  "a".repeat(300),
];

describe("a path inside a root", () => {
  test.each(INPUTS)("reaches nothing outside as an input (%#)", async (path) => {
    const answer = await server.send({ method: "POST", url: "/jobs", payload: { job: "blur", input: { root: "images", path } } });
    expect([400, 403, 404]).toContain(answer.statusCode);
    expect(answer.body).not.toContain(server.folder);
  });

  test.each([...INPUTS, ".", "link-out/new", "link-to-link/new", "dangling/new", "link-to-data/results/new", "series/one.dcm/new", "series/relative-link-out/new"])("reaches nothing outside as an output (%#)", async (path) => {
    const answer = await server.send({ method: "POST", url: "/jobs", payload: { job: "blur", input: { root: "images", path: "series" }, output: { root: "images", path } } });
    // Names without a folder stand for a new file inside the root, however odd they look.
    expect([202, 400, 403, 404, 409]).toContain(answer.statusCode);
    if (answer.statusCode !== 202) return;
    const { outputPath = "" } = server.jobs.requests.get(answer.json<{ uid: string }>().uid) ?? {};
    expect(`${realpathSync(dirname(outputPath))}/`).toMatch(new RegExp(`^${server.root}/`));
    expect(path).not.toMatch(/link|dangling|^\.\.(\/|$)|\/\.\.(\/|$)|^\/|\\|\0/);
  });

  test.each(["__proto__", "constructor", "", "images/..", "IMAGES", "images\0"])("needs a root that there is: %j", async (root) => {
    const answer = await server.send({ method: "POST", url: "/jobs", payload: { job: "blur", input: { root, path: "series" } } });
    expect([400, 403]).toContain(answer.statusCode);
  });

  test("does not tell what a link that leads out leads to", async () => {
    const [there, missing] = await Promise.all(["link-out/one.dcm", "link-out/missing"].map((path) => server.send({ method: "POST", url: "/jobs", payload: { job: "blur", input: { root: "images", path } } })));
    expect(there?.body).toBe(missing?.body);
    expect(there?.statusCode).toBe(403);
  });

  test("may go through a link that stays inside, and is handed on without it", async () => {
    await using other = await testServer();
    symlinkSync(join(other.root, "series"), join(other.root, "link-within"));
    const { uid } = (await other.send({ method: "POST", url: "/jobs", payload: { job: "blur", input: { root: "images", path: "link-within" } } })).json<{ uid: string }>();
    expect(other.jobs.requests.get(uid)?.inputPath).toBe(join(other.root, "series"));
  });
});

describe("an absolute path of the first users", () => {
  const places = (): readonly string[] => [
    "/etc",
    "/etc/passwd",
    "/nowhere",
    "/proc/self/root/etc",
    "/dev/zero",
    server.folder,
    join(server.folder, "images-of-others"),
    `${server.root}-of-others`,
    `${server.root}/../images-of-others`,
    `${server.root}/../secret.dcm`,
    `/${server.root}`,
    `${server.root}/link-out/one.dcm`,
    `${server.root}/dangling`,
    `${server.root}\0`,
    server.dataDirectory,
    join(server.dataDirectory, "token"),
    join(server.folder, "link-to-root/../secret.dcm"),
    join(server.folder, "link-to-root/link-out"),
  ];

  test.each(Array.from({ length: 18 }, (_, index) => index))("reaches nothing outside of the roots, and says the same of what is there and what is not (place %i)", async (index) => {
    const before = server.jobs.requests.size;
    const answer = await server.send({ method: "POST", url: "/job", payload: { job_name: "blur", in_dir: places()[index] } });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([403, "FORBIDDEN_PATH"]);
    expect(answer.body).not.toContain(server.folder);
    const output = await server.send({ method: "POST", url: "/job", payload: { job_name: "blur", in_dir: server.root, out_dir: `${places()[index] ?? ""}/new` } });
    expect([403, 404]).toContain(output.statusCode);
    expect(server.jobs.requests.size).toBe(before);
  });

  test("may come into a root through a link", async () => {
    await using other = await testServer();
    symlinkSync(other.root, join(other.folder, "link-to-root"));
    const { uid } = (await other.send({ method: "POST", url: "/job", payload: { job_name: "blur", in_dir: join(other.folder, "link-to-root/series"), out_dir: join(other.folder, "link-to-root/new") } })).json<{ uid: string }>();
    expect(other.jobs.requests.get(uid)).toMatchObject({ inputPath: join(other.root, "series"), outputPath: join(other.root, "new") });
  });

  test("is none where the service has no roots", async () => {
    await using none = await testServer({ roots: new Map() });
    for (const place of [none.root, "series", "/"]) expect((await none.send({ method: "POST", url: "/job", payload: { job_name: "blur", in_dir: place } })).statusCode).toBe(403);
  });
});

describe("a result", () => {
  test("is not read through a link that took the place of a file or a folder of it", async () => {
    await using other = await testServer();
    const { uid } = (await other.send({ method: "POST", url: "/job", payload: { job_name: "blur", in_dir: "series" } })).json<{ uid: string }>();
    const outputPath = join(other.root, "results/out");
    mkdirSync(outputPath);
    writeFileSync(join(outputPath, "one.dcm"), "result");
    other.jobs.change(uid, { state: "succeeded", outputPath });
    const file = () => other.send({ url: `/jobs/${uid}/result?file=one.dcm` });
    const zip = () => other.send({ url: `/jobs/${uid}/result?format=zip` }).then(({ rawPayload }) => rawPayload.toString("latin1"), String);
    expect((await file()).body).toBe("result");

    rmSync(join(outputPath, "one.dcm"));
    symlinkSync(join(other.folder, "images-of-others/one.dcm"), join(outputPath, "one.dcm"));
    expect((await file()).body).not.toContain(SECRET);
    expect(await zip()).not.toContain(SECRET);

    rmSync(outputPath, { recursive: true });
    symlinkSync(join(other.folder, "images-of-others"), outputPath);
    expect((await file()).body).not.toContain(SECRET);

    rmSync(outputPath);
    renameSync(join(other.root, "results"), join(other.root, "results-before"));
    mkdirSync(join(other.folder, "images-of-others/out"));
    writeFileSync(join(other.folder, "images-of-others/out/one.dcm"), SECRET);
    symlinkSync(join(other.folder, "images-of-others"), join(other.root, "results"));
    const swapped = await file();
    expect([swapped.statusCode, swapped.body.includes(SECRET)]).toEqual([404, false]);
    expect((await other.send({ url: `/jobs/${uid}/result` })).statusCode).toBe(404);
    expect(await zip()).not.toContain(SECRET);
  });

  test("stays inside while links come and go", async () => {
    await using other = await testServer();
    const { uid } = (await other.send({ method: "POST", url: "/job", payload: { job_name: "blur", in_dir: "series" } })).json<{ uid: string }>();
    const outputPath = join(other.root, "results/out");
    mkdirSync(outputPath);
    const one = join(outputPath, "one.dcm");
    writeFileSync(one, "result");
    symlinkSync(join(other.folder, "secret.dcm"), join(outputPath, "link"));
    other.jobs.change(uid, { state: "succeeded", outputPath });
    const bodies: string[] = [];
    for (let round = 0; round < 100; round++) {
      const answer = other.send({ url: `/jobs/${uid}/result?file=one.dcm` });
      // Whatever the server is doing now, the name changes from a file to a link and back under it.
      for (const turn of [0, 1]) await new Promise((resolve) => setImmediate(() => resolve(renameSync(turn === 0 ? join(outputPath, "link") : one, turn === 0 ? one : join(outputPath, "link")))));
      bodies.push((await answer).body);
      writeFileSync(one, "result");
    }
    expect(bodies.filter((body) => body.includes(SECRET))).toEqual([]);
  });
});

describe("a root", () => {
  test.each([
    ["is no folder", (other: TestServer) => ({ images: join(other.folder, "secret.dcm") })],
    ["is not there", (other: TestServer) => ({ images: join(other.folder, "nowhere") })],
    ["is a whole file system", () => ({ images: "/" })],
    ["is the data directory", (other: TestServer) => ({ images: other.dataDirectory })],
    ["has an id that is none", (other: TestServer) => ({ "Images/..": other.root })],
  ])("that %s stops the start", async (_, folders) => {
    await expect(testServer({ roots: new Map(Object.entries(folders(server) as Record<string, string>)), dataDirectory: server.dataDirectory })).rejects.toMatchObject({ code: "USAGE" });
  });

  test("may hold the data directory, which stays out of reach all the same", async () => {
    const dataInside = join(server.root, "service");
    mkdirSync(join(dataInside, "results"), { recursive: true });
    await using other = await testServer({ roots: new Map([["all", server.root]]), dataDirectory: dataInside });
    for (const [input, status] of [["service", 403], ["service/results", 403], [".", 403], ["series", 201]] as const) {
      const answer = await other.send({ method: "POST", url: "/job", payload: { job_name: "blur", in_dir: input } });
      expect([input, answer.statusCode]).toEqual([input, status]);
    }
    expect((await other.send({ method: "POST", url: "/job", payload: { job_name: "blur", in_dir: "series", out_dir: join(dataInside, "results/new") } })).statusCode).toBe(403);
    rmSync(dataInside, { recursive: true });
  });
});
