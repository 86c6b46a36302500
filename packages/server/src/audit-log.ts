import { closeSync, openSync, writeSync } from "node:fs";
import { HilumError } from "@hilum/core";

/** Who did what, and how it went. Never a path, a name or a patient's value. */
export interface AuditEntry {
  /** Id of the token, or "none" where it was missing or wrong. */
  readonly who: string;
  /** Method and pattern of the route, e.g. "DELETE /jobs/:uid". */
  readonly what: string;
  /** The job that it was about. */
  readonly uid?: string;
  readonly status: number;
  /** Code of the error that the client was told. */
  readonly code?: string;
}

/** A file that only grows: one line of JSON for each entry. */
export interface AuditLog extends Disposable {
  record(entry: AuditEntry): void;
}

/**
 * Opens an audit log for appending (0600).
 * @throws {HilumError} OUTPUT_NOT_WRITABLE.
 */
export function openAuditLog(path: string): AuditLog {
  let handle: number;
  try {
    handle = openSync(path, "a", 0o600);
  } catch (cause) {
    throw new HilumError("OUTPUT_NOT_WRITABLE", "The audit log cannot be written to.", { cause });
  }
  return {
    record(entry) {
      writeSync(handle, `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`);
    },
    [Symbol.dispose]() {
      closeSync(handle);
    },
  };
}
