import type { CodecContext, Logger, Warning } from "@hilum/core";

/** A logger that keeps what it is told. */
export interface RecordingLogger extends Logger {
  readonly lines: readonly { readonly level: "debug" | "info" | "warn"; readonly message: string }[];
}

/** Makes a logger whose lines a test can look at. */
export function recordingLogger(): RecordingLogger {
  const lines: { level: "debug" | "info" | "warn"; message: string }[] = [];
  const at = (level: "debug" | "info" | "warn") => (message: string) => {
    lines.push({ level, message });
  };
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn") };
}

/** A codec's context that keeps what the codec said. */
export interface RecordingContext extends CodecContext {
  readonly logger: RecordingLogger;
  readonly warnings: readonly Warning[];
}

/** Makes the context for one call of a codec; its time is always 2026-01-02 03:04:05 UTC. */
export function codecContext(signal: AbortSignal = new AbortController().signal): RecordingContext {
  const warnings: Warning[] = [];
  return {
    signal,
    logger: recordingLogger(),
    jobTime: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
    warnings,
    warn: (warning) => {
      warnings.push(warning);
    },
  };
}
