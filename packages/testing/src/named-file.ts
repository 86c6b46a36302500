import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A file in memory. `name` is relative, with "/" between folders. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Writes files under a directory, which is made where it does not exist. @returns the directory. */
export function saveFiles(directory: string, files: readonly NamedFile[]): string {
  mkdirSync(directory, { recursive: true });
  for (const { name, bytes } of files) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), bytes);
  }
  return directory;
}
