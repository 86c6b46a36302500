import { HilumError } from "@hilum/core";

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** What the operating system said while writing, as an error of the catalogue. */
export function storageError(cause: unknown): HilumError {
  const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
  if (reason === "EEXIST" || reason === "ENOTEMPTY")
    return new HilumError("OUTPUT_EXISTS", "The output appeared while the job ran.", { cause });
  return FULL.has(reason)
    ? new HilumError("STORAGE_FULL", "There is no space left for the output.", { cause, details: { reason } })
    : new HilumError("OUTPUT_NOT_WRITABLE", `The output cannot be written (${reason}).`, { cause, details: { reason } });
}
