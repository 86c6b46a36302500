/** The person at the terminal, or the system, asked the command to stop. */
export class InterruptedError extends Error {
  readonly exitStatus: number;

  constructor(signal: "SIGINT" | "SIGTERM") {
    super("interrupted");
    this.exitStatus = signal === "SIGINT" ? 130 : 143;
  }
}

/** Runs something with a signal that Ctrl-C and SIGTERM abort. A second Ctrl-C ends the process at once. */
export async function withInterrupt<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (signal: "SIGINT" | "SIGTERM"): void => controller.abort(new InterruptedError(signal));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    return await action(controller.signal);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}
