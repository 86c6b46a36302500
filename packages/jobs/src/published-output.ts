import { createHash } from "node:crypto";
import { constants, lstatSync, readdirSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { JobReport } from "@hilum/core";
import type { AnnouncedFile } from "./child-messages.ts";

/** The files of a published output as a job's report names them. */
export type OutputFiles = JobReport["outputs"];

/**
 * What stands at `path`, with digests taken from the files, where it is what was announced: the same names and sizes, regular
 * files alone. An output appears whole or not at all, so nothing less can be there.
 * @returns undefined where there is nothing, or something else.
 */
export async function findPublished(path: string, announced: readonly AnnouncedFile[]): Promise<OutputFiles | undefined> {
  const found = listFiles(path);
  if (found === undefined || found.length !== announced.length) return undefined;
  const sizes = new Map(announced.map(({ name, bytes }) => [name, bytes]));
  if (found.some(({ name, bytes }) => sizes.get(name) !== bytes)) return undefined;
  const outputs: { name: string; bytes: number; sha256: string }[] = [];
  for (const file of found) outputs.push({ ...file, sha256: await digestOf(file.name === "" ? path : join(path, file.name)) });
  return outputs;
}

function listFiles(path: string): readonly AnnouncedFile[] | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isFile()) return [{ name: "", bytes: stats.size }];
  if (!stats.isDirectory()) return undefined;
  const entries = readdirSync(path, { withFileTypes: true });
  if (entries.some((entry) => !entry.isFile())) return undefined;
  return entries.map(({ name }) => ({ name, bytes: lstatSync(join(path, name)).size })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function digestOf(path: string): Promise<string> {
  await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  const hash = createHash("sha256");
  const chunk = Buffer.allocUnsafe(1 << 18);
  for (let { bytesRead } = await handle.read(chunk); bytesRead > 0; { bytesRead } = await handle.read(chunk)) hash.update(chunk.subarray(0, bytesRead));
  return hash.digest("hex");
}
