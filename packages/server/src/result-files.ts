import { closeSync, constants, createReadStream, fstatSync, lstatSync, openSync, readdirSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import { HilumError } from "@hilum/core";
import type { JobRecord } from "@hilum/jobs";

/** A file of a job's result. */
export interface ResultFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256?: string;
}

/** A published result: regular files, in the order of names. */
export interface Result {
  readonly files: readonly ResultFile[];
  /** @throws {HilumError} SOURCE_NOT_FOUND for what is not in `files`, or no longer the file that was published. */
  open(name: string): { readonly bytes: number; readonly stream: Readable };
}

/** The result of a job that succeeded. @throws {HilumError} SOURCE_NOT_FOUND where somebody took it away. */
export function openResult({ outputPath, outputs = [] }: JobRecord): Result {
  const stats = outputPath === undefined ? undefined : lstatSync(outputPath, { throwIfNoEntry: false });
  if (outputPath === undefined || stats === undefined || !(stats.isFile() || stats.isDirectory()) || realpathSync(outputPath) !== outputPath) throw gone();
  const isFile = stats.isFile();
  const names = isFile ? [basename(outputPath)] : readdirSync(outputPath, { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => name);
  const pathOf = (name: string): string => (isFile ? outputPath : join(outputPath, name));
  const digests = new Map(outputs.map(({ name, sha256 }) => [name, sha256]));
  const files = names.toSorted().flatMap((name) => {
    const bytes = lstatSync(pathOf(name), { throwIfNoEntry: false })?.size;
    const sha256 = digests.get(isFile ? "" : name);
    return bytes === undefined ? [] : [{ name, bytes, ...(sha256 === undefined ? {} : { sha256 }) }];
  });
  return {
    files,
    open(name) {
      if (!names.includes(name)) throw gone();
      return openRegularFile(pathOf(name));
    },
  };
}

/** Opens a file at a real path; a link that took the place of any part of it is found out, also one that comes and goes. */
function openRegularFile(path: string): { readonly bytes: number; readonly stream: Readable } {
  let handle: number;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    throw gone();
  }
  try {
    const opened = fstatSync(handle);
    const named = lstatSync(path);
    if (!opened.isFile() || realpathSync(path) !== path || opened.ino !== named.ino || opened.dev !== named.dev) throw gone();
    // Exactly what was announced, even if somebody lets the file grow meanwhile.
    return { bytes: opened.size, stream: createReadStream("", { fd: handle, start: 0, end: Math.max(0, opened.size - 1) }) };
  } catch {
    closeSync(handle);
    throw gone();
  }
}

function gone(): HilumError {
  return new HilumError("SOURCE_NOT_FOUND", "The result has no such file.", { remedy: "GET /jobs/{uid}/result lists its files; somebody may have taken them away." });
}
