import { ERROR_CATALOGUE, type ErrorCode } from "@hilum/core";
import type { JobFailure } from "./child-messages.ts";
import type { ChildEnd, ChildOptions } from "./supervised-child.ts";

/** What may go well next time; anything else would only fail once more. */
const WORTH_ANOTHER_ATTEMPT: ReadonlySet<string> = new Set<ErrorCode>(["JOB_CRASHED", "STORAGE_FULL"]);

/** Whether a failed attempt is followed by another one, as long as there are any left. */
export function isWorthAnotherAttempt({ code }: JobFailure): boolean {
  return WORTH_ANOTHER_ATTEMPT.has(code);
}

/** The failure that stands for a child's end without a word. */
export function failureOfEnd(end: ChildEnd, { timeoutMs, memoryBytes }: Pick<ChildOptions, "timeoutMs" | "memoryBytes">): JobFailure {
  if (end.cause === "timeout") return failure("JOB_TIMED_OUT", `The job did not end within ${timeoutMs} ms.`);
  if (end.cause === "memory")
    return failure("MEMORY_BUDGET_EXCEEDED", `The job's process took more memory than it may (${memoryBytes} bytes).`, "Give the service a larger memory budget for each job, or the job less to do.");
  return failure("JOB_CRASHED", `The job's process ended before its time (${end.signal ?? `exit status ${end.code ?? "unknown"}`}).`);
}

/** A failure with a code of the catalogue. */
export function failure(code: ErrorCode, message: string, remedy: string = ERROR_CATALOGUE[code].remedy): JobFailure {
  return { code, message, remedy };
}
