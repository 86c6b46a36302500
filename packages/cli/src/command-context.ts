import type { Host } from "@hilum/host";

/** What a command works with. */
export interface CommandContext {
  readonly host: Host;
  /** What was typed behind the program's name. */
  readonly args: readonly string[];
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}
