import type { Host } from "@hilum/host";

/** What a command works with. */
export interface CommandContext {
  readonly host: Host;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}
