import { ERROR_CATALOGUE, HilumError, type ErrorCode, type Json } from "@hilum/core";
import type { ChildMessage, ChildOrder, JobFailure } from "./child-messages.ts";
import { failureOfEnd } from "./failure-of-end.ts";
import { superviseChild, type ChildOptions } from "./supervised-child.ts";

/** A plan opens its input and reads no voxels. */
const PLAN_TIMEOUT_MS = 60_000;

/** Makes a plan in a process of its own. @throws {HilumError} as the plan, or for the process; the signal's reason. */
export async function planInChild(request: ChildOrder["request"], options: Omit<ChildOptions, "onMessage">, signal: AbortSignal): Promise<Json> {
  let last: Extract<ChildMessage, { type: "planned" | "failed" }> | undefined;
  const limited = { ...options, timeoutMs: Math.min(options.timeoutMs, PLAN_TIMEOUT_MS) };
  const child = superviseChild({
    ...limited,
    onMessage(message) {
      if (message.type === "hello") child.send({ type: "plan", request });
      if (message.type === "planned" || message.type === "failed") last = message;
    },
  });
  const stop = (): void => child.stop();
  signal.addEventListener("abort", stop, { once: true });
  const end = await child.ended;
  signal.removeEventListener("abort", stop);
  if (last?.type === "planned") return last.plan;
  signal.throwIfAborted();
  throw errorOf(last?.failure ?? failureOfEnd(end, limited));
}

function errorOf({ code, message, remedy }: JobFailure): HilumError {
  const known = Object.hasOwn(ERROR_CATALOGUE, code) ? (code as ErrorCode) : "INTERNAL";
  return new HilumError(known, message, remedy === undefined ? {} : { remedy });
}
