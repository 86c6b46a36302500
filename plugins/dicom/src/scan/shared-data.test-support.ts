import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Source } from "@hilum/core";
import { memorySource } from "@hilum/testing";

const DATA = fileURLToPath(new URL("../../../../../shared/data/", import.meta.url));

/** Whether the public test data lie beside the workspace; what integration tests say when they do not. */
export const sharedDataPresent = existsSync(`${DATA}oracle.json`);
export const orSkipped = sharedDataPresent ? "" : " (skipped: ../shared/data is not there)";

/** The path of something in the shared data. */
export function sharedPath(path: string): string {
  return `${DATA}${path}`;
}

/** The oracle's part of that name, or nothing where the data are not there. */
export function oracle<T>(part: "files" | "series"): readonly T[] {
  return sharedDataPresent ? (JSON.parse(readFileSync(`${DATA}oracle.json`, "utf8")) as Record<typeof part, T[]>)[part] : [];
}

/** A file or folder of the shared data as a source in memory. */
export function sharedSource(path: string): Source {
  const root = sharedPath(path);
  if (statSync(root).isFile()) return memorySource([{ name: basename(root), bytes: readFileSync(root) }]);
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => statSync(`${root}/${name}`).isFile());
  return memorySource(
    names.map((name) => ({ name, bytes: readFileSync(`${root}/${name}`) })),
    { kind: "directory" },
  );
}
