import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** A program that serves HTTP on a port of its own choice. */
export interface ListeningProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** The first group of the pattern in what the program says, when it has said it. @throws {Error} with all it said, where it ends before. */
  said(pattern: RegExp): Promise<string>;
}

const LOOK_MS = 20;

/** Starts a program of this Node and waits until it says `listening: URL`; disposing of it ends it and waits for its end. */
export async function startListening(args: readonly string[]): Promise<ListeningProcess> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data.toString()));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  const said = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = pattern.exec(output)?.[1];
      if (found !== undefined) return found;
      if (!running()) throw new Error(`a server ended too early: ${output}`);
      await sleep(LOOK_MS);
    }
  };
  return {
    url: await said(/^listening: (\S+)$/m),
    pid: child.pid as number,
    said,
    async [Symbol.asyncDispose]() {
      if (running()) child.kill("SIGTERM");
      await ended;
    },
  };
}
