import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { temporaryDirectory } from "@hilum/testing";
import { expect, test } from "vitest";
import { runAttempt, type AttemptEnd, type AttemptListener } from "./run-attempt.ts";

/** A child that says what a job's child says, in plain JavaScript. */
async function attempt(afterOrder: string, listener: Partial<AttemptListener>): Promise<AttemptEnd> {
  using directory = temporaryDirectory();
  const program = `process.send({ type: "hello" }); process.once("message", () => { ${afterOrder} }); setTimeout(() => {}, 60000);`;
  const { ended } = runAttempt(
    { job: "any", inputPath: "/none", outputPath: join(directory.path, "out") },
    { command: process.execPath, args: ["-e", program], temporaryDirectory: join(directory.path, "tmp"), timeoutMs: 20_000, memoryBytes: 2 ** 30 },
    { spawned: async () => {}, started() {}, progress() {}, warning() {}, log() {}, publishing: async () => true, ...listener },
  );
  return ended;
}

const DIE = 'process.kill(process.pid, "SIGKILL")';

test("has not ended while the disk still takes the announcement of a process that died after it", async () => {
  let recorded = false;
  const end = await attempt(`process.send({ type: "publishing", files: [] }, () => ${DIE})`, {
    async publishing() {
      // Longer than a process takes to die.
      await delay(1500);
      recorded = true;
      return true;
    },
  });
  expect({ end, recorded }).toMatchObject({ recorded: true, end: { kind: "failed", failure: { code: "JOB_CRASHED" } } });
});

test("gives no leave where the output may not appear", async () => {
  const after = 'process.send({ type: "publishing", files: [] }); process.once("message", () => process.exit(7)); setTimeout(() => process.exit(8), 300);';
  expect(await attempt(after, { publishing: async () => false })).toMatchObject({ failure: { message: expect.stringContaining("exit status 8") as string } });
  expect(await attempt(after, { publishing: async () => true })).toMatchObject({ failure: { message: expect.stringContaining("exit status 7") as string } });
});

test("fails for the service's own disk where it cannot record what is announced, without leave", async () => {
  const end = await attempt('process.send({ type: "publishing", files: [] });', { publishing: () => Promise.reject(new Error("full")) });
  expect(end).toMatchObject({ kind: "failed", failure: { code: "STORAGE_FULL" } });
});
