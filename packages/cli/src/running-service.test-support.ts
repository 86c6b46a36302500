import { spawn } from "node:child_process";
import { join } from "node:path";
import { workspace } from "./outside.test-support.ts";

/** A `hilum serve` in a process of its own, on any free port. */
export interface RunningService extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Printed at the first start alone. */
  readonly token: string | undefined;
  /** From the start to the first answer of /health. */
  readonly healthMs: number;
  /** All that it has said so far. */
  output(): string;
  /** Asks it to stop. @returns its exit status. */
  stop(): Promise<number | null>;
}

/** Starts one and waits until it listens. @throws what it said, where it ended before. */
export async function startService(...args: readonly string[]): Promise<RunningService> {
  const began = performance.now();
  const child = spawn(process.execPath, [join(workspace, "packages/cli/bin/hilum.cjs"), "serve", "--port", "0", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const found = (pattern: RegExp): string | undefined => pattern.exec(output)?.[1];
  let url: string | undefined;
  while ((url = found(/^listening: (\S+)$/m)) === undefined) {
    if (child.exitCode !== null) throw new Error(output);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await fetch(`${url}/health`).catch(() => {});
  const healthMs = performance.now() - began;
  const stop = (): Promise<number | null> => {
    child.kill("SIGTERM");
    return ended;
  };
  return {
    url,
    pid: child.pid as number,
    token: found(/^token: (\S+)$/m),
    healthMs,
    output: () => output,
    stop,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) await stop();
    },
  };
}
