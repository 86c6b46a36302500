import { isHilumError, type JobReport, type Warning } from "@hilum/core";
import type { AnnouncedFile, ChildMessage, ChildOrder, JobFailure } from "./child-messages.ts";
import { failureOfEnd } from "./failure-of-end.ts";
import { findPublished, type OutputFiles } from "./published-output.ts";
import { superviseChild, type ChildOptions } from "./supervised-child.ts";

/** How an attempt ended. */
export type AttemptEnd =
  | { readonly kind: "succeeded"; readonly outputs: OutputFiles; readonly report?: JobReport }
  | { readonly kind: "failed"; readonly failure: JobFailure }
  | { readonly kind: "stopped" };

/** What an attempt tells while it runs. */
export interface AttemptListener {
  /** The child is there and waits; once this resolves it gets its order. */
  spawned(pid: number): Promise<void>;
  started(): void;
  progress(progress: { readonly pass: string; readonly done: number; readonly total: number }): void;
  warning(warning: Warning): void;
  log(line: string): void;
  /** Everything is written; where this resolves to true, the output may appear. Rejects to have the attempt stopped. */
  publishing(files: readonly AnnouncedFile[]): Promise<boolean>;
}

/** An attempt under way. */
export interface RunningAttempt {
  stop(): void;
  /** Never rejects. Once it resolves, the listener is told nothing more, and nothing that it was told is still under way. */
  readonly ended: Promise<AttemptEnd>;
}

/** Runs a job once in a child process. */
export function runAttempt(request: ChildOrder["request"], options: Omit<ChildOptions, "onMessage">, listener: AttemptListener): RunningAttempt {
  let last: Extract<ChildMessage, { type: "succeeded" | "failed" }> | undefined;
  let announced: readonly AnnouncedFile[] | undefined;
  const hearing = new Set<Promise<void>>();
  let concluded = false;
  const hear = async (message: ChildMessage): Promise<void> => {
    switch (message.type) {
      case "hello":
        await listener.spawned(child.pid as number);
        child.send({ type: "run", request });
        break;
      case "event":
        if (message.event.type === "started") listener.started();
        else if (message.event.type === "progress") listener.progress({ pass: message.event.pass, done: message.event.done, total: message.event.total });
        else if (message.event.type === "warning") listener.warning(message.event.warning);
        break;
      case "log":
        listener.log(message.line);
        break;
      case "publishing":
        if (!(await listener.publishing(message.files))) break;
        announced = message.files;
        child.send({ type: "publish" });
        break;
      case "succeeded":
      case "failed":
        last = message;
    }
  };
  const child = superviseChild({
    ...options,
    onMessage(message) {
      if (concluded) return;
      const heard = hear(message).catch((error: unknown) => {
        // The service's own disk fails: nothing may be published that it could not remember.
        last ??= { type: "failed", failure: isHilumError(error) ? error : { code: "STORAGE_FULL", message: "The service could not write its records." }, frames: [] };
        child.stop();
      });
      hearing.add(heard);
      void heard.then(() => hearing.delete(heard));
    },
  });

  const conclude = async (): Promise<AttemptEnd> => {
    const end = await child.ended;
    // A process can die while the disk still takes what it had said: its attempt has not ended before that is done.
    await Promise.all(hearing);
    concluded = true;
    if (last?.type === "succeeded") return { kind: "succeeded", outputs: last.report.outputs, report: last.report };
    if (last?.type === "failed") {
      for (const frame of last.frames) listener.log(frame);
      return { kind: "failed", failure: last.failure };
    }
    // It may have died after the output appeared and before it could say so.
    const outputs = announced === undefined ? undefined : await findPublished(request.outputPath, announced);
    if (outputs !== undefined) return { kind: "succeeded", outputs };
    if (end.cause === "stopped") return { kind: "stopped" };
    listener.log(`the process ended: ${end.cause}, code ${end.code ?? "none"}, signal ${end.signal ?? "none"}`);
    return { kind: "failed", failure: failureOfEnd(end, options) };
  };
  return { stop: () => child.stop(), ended: conclude() };
}
