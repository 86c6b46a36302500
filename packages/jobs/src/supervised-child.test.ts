import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@hilum/testing";
import { expect, test } from "vitest";
import type { ChildMessage } from "./child-messages.ts";
import { superviseChild, type ChildOptions, type SupervisedChild } from "./supervised-child.ts";

function start(directory: string, program: string, options: Partial<ChildOptions> = {}): SupervisedChild {
  return superviseChild({
    command: process.execPath,
    args: ["-e", program],
    temporaryDirectory: join(directory, "tmp"),
    timeoutMs: 9000,
    memoryBytes: 2 ** 31,
    onMessage() {},
    ...options,
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("gives a child nothing of its environment but PATH, TMPDIR and LANG, and takes its temporary directory away", async () => {
  using directory = temporaryDirectory();
  process.env.HILUM_TEST_SECRET = "secret";
  const heard: unknown[] = [];
  const child = start(directory.path, "process.send(Object.keys(process.env)); process.disconnect()", { onMessage: (message) => heard.push(message) });
  expect(existsSync(join(directory.path, "tmp"))).toBe(true);
  expect(await child.ended).toEqual({ cause: "exit", code: 0, signal: null });
  delete process.env.HILUM_TEST_SECRET;
  // NODE_CHANNEL_* say where the IPC channel is; Node takes them away in some versions only.
  const names = (heard[0] as string[]).filter((name) => !name.startsWith("NODE_CHANNEL_"));
  for (const name of names) expect(["PATH", "TMPDIR", "LANG"]).toContain(name);
  expect(names).toContain("TMPDIR");
  expect(existsSync(join(directory.path, "tmp"))).toBe(false);
});

test("hears every message of a child that ends right after them", async () => {
  using directory = temporaryDirectory();
  const heard: ChildMessage[] = [];
  const program = "let left = 200; for (let i = 0; i < 200; i++) process.send({ type: 'log', line: 'x'.repeat(1000) }, () => --left || process.exit())";
  await start(directory.path, program, { onMessage: (message) => heard.push(message) }).ended;
  expect(heard).toHaveLength(200);
});

test("kills a child that takes too long, with an endless loop in its only thread", async () => {
  using directory = temporaryDirectory();
  const started = performance.now();
  const child = start(directory.path, "for (;;);", { timeoutMs: 300 });
  expect(await child.ended).toEqual({ cause: "timeout", code: null, signal: "SIGKILL" });
  expect(performance.now() - started).toBeLessThan(2000);
});

test.skipIf(!existsSync("/proc/self/status"))("kills a child that takes too much memory (where there is a /proc)", async () => {
  using directory = temporaryDirectory();
  const program = "const all = []; setInterval(() => all.push(Buffer.alloc(20e6, 1)), 5)";
  const child = start(directory.path, program, { memoryBytes: 200e6 });
  expect(await child.ended).toMatchObject({ cause: "memory", signal: "SIGKILL" });
});

test("knows a full heap from other crashes", async () => {
  using directory = temporaryDirectory();
  const child = start(directory.path, "", { args: ["--max-old-space-size=20", "-e", "const all = []; for (;;) all.push(new Array(1000).fill(Math.random()))"] });
  expect((await child.ended).cause).toBe("memory");
});

test("asks a child to end, and kills it where it does not listen", async () => {
  using directory = temporaryDirectory();
  const ready = Promise.withResolvers<void>();
  const deaf = start(directory.path, "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); process.send({})", { onMessage: () => ready.resolve() });
  await ready.promise;
  const started = performance.now();
  deaf.stop();
  expect(await deaf.ended).toEqual({ cause: "stopped", code: null, signal: "SIGKILL" });
  expect(performance.now() - started).toBeGreaterThanOrEqual(1900);
});

test("leaves no process behind that a child has started", async () => {
  using directory = temporaryDirectory();
  mkdirSync(join(directory.path, "notes"));
  const note = join(directory.path, "notes", "pid");
  writeFileSync(note, "");
  const program = `const { pid } = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]); require("node:fs").writeFileSync(${JSON.stringify(note)}, String(pid)); process.exit()`;
  await start(directory.path, program).ended;
  const pid = Number(readFileSync(note, "utf8"));
  expect(pid).toBeGreaterThan(0);
  for (let waited = 0; waited < 2000 && isAlive(pid); waited += 20) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isAlive(pid)).toBe(false);
});

test("ends at once where there is no such program", async () => {
  using directory = temporaryDirectory();
  const child = start(directory.path, "", { command: join(directory.path, "none") });
  expect(child.pid).toBeUndefined();
  expect(await child.ended).toEqual({ cause: "exit", code: null, signal: null });
});
