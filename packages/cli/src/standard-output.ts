/** One for the process: the service's commands are a bundle of their own, with a copy of this module. */
const state = ((globalThis as { [key: symbol]: unknown })[Symbol.for("hilum.standard-output")] ??= { isUsed: false }) as { isUsed: boolean };

/** Writes to standard output, which is opened by the first that has something to say: opening it takes milliseconds of every start. */
export function print(text: string): void {
  if (!state.isUsed) process.stdout.on("error", endOnClosedPipe);
  state.isUsed = true;
  process.stdout.write(text);
}

/** Resolves when what was printed is out. */
export async function printed(): Promise<void> {
  if (state.isUsed) await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
}

/** `hilum … | head` closes the pipe early; that is no fault. */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}
