import { closeSync, constants, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes a JSON file (0600) under its name whole or not at all; on the disk when this resolves. */
export async function writeDurable(path: string, content: unknown): Promise<void> {
  const staged = `${path}.tmp`;
  const handle = await open(staged, "w", 0o600);
  try {
    await handle.writeFile(JSON.stringify(content));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(staged, path);
  await syncDirectory(dirname(path));
}

/** As {@link writeDurable}, in one go: for what has to be decided before anything else can happen. */
export function writeDurableNow(path: string, content: unknown): void {
  const staged = `${path}.tmp`;
  const handle = openSync(staged, "w", 0o600);
  try {
    writeFileSync(handle, JSON.stringify(content));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameNow(staged, path);
}

/** Renames inside one directory; on the disk when this returns. */
export function renameNow(from: string, to: string): void {
  renameSync(from, to);
  syncDirectoryNow(dirname(to));
}

/** As {@link syncDirectory}, in one go. */
export function syncDirectoryNow(path: string): void {
  const handle = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Forces a directory's names to the disk. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What a JSON file holds; undefined where there is none, or it is damaged. */
export function readJsonFile<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}
