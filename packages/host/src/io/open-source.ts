import { closeSync, constants, lstatSync, openSync, readlinkSync, readSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { HilumError, type Source, type SourceFile } from "@hilum/core";

/** Folders below folders that are looked into; deeper trees are loops or mistakes. */
const MAX_DEPTH = 32;
const MAX_FILES = 1_000_000;

/**
 * Opens a file, or lists the regular files below a directory without following links.
 * @throws {HilumError} SOURCE_NOT_FOUND.
 */
export function openSource(path: string): Source {
  const absolute = resolve(path);
  const stats = statSync(absolute, { throwIfNoEntry: false });
  if (stats === undefined) throw new HilumError("SOURCE_NOT_FOUND", `There is nothing at "${path}".`);
  if (stats.isFile())
    return { kind: "file", path: absolute, files: [sourceFile(dirname(absolute), basename(absolute), stats.size)], skippedEntries: 0 };
  if (!stats.isDirectory())
    throw new HilumError("SOURCE_NOT_FOUND", `"${path}" is neither a regular file nor a directory.`);
  const files: SourceFile[] = [];
  const skippedEntries = list(absolute, "", 0, files);
  return { kind: "directory", path: absolute, files, skippedEntries };
}

function list(root: string, folder: string, depth: number, files: SourceFile[]): number {
  if (depth > MAX_DEPTH) throw new HilumError("SOURCE_NOT_FOUND", `The directory is more than ${MAX_DEPTH} levels deep.`);
  let skipped = 0;
  let entries;
  try {
    entries = readdirSync(folder === "" ? root : `${root}/${folder}`, { withFileTypes: true });
  } catch (cause) {
    throw new HilumError("SOURCE_NOT_FOUND", "A directory of the input cannot be read.", { cause, remedy: "Check its permissions." });
  }
  // Sorted, so that two runs meet the files in one order whatever the file system says.
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) skipped += list(root, name, depth + 1, files);
    else if (entry.isFile()) {
      if (files.length >= MAX_FILES) throw new HilumError("SOURCE_NOT_FOUND", `The directory holds more than ${MAX_FILES} files.`);
      files.push(sourceFile(root, name, lstatSync(`${root}/${name}`).size));
    } else skipped++;
  }
  return skipped;
}

function sourceFile(root: string, name: string, size: number): SourceFile {
  let handle: number | undefined;
  return {
    name,
    size,
    read(into, position) {
      try {
        handle ??= openWithin(root, name);
        let done = 0;
        while (done < into.length) {
          const count = readSync(handle, into, done, into.length - done, position + done);
          if (count === 0) break;
          done += count;
        }
        return done;
      } catch (cause) {
        throw new HilumError("SOURCE_NOT_FOUND", "A file of the input cannot be read.", {
          cause,
          details: { reason: (cause as NodeJS.ErrnoException).code ?? "unknown" },
          remedy: "Check its permissions, and that nobody is changing the directory.",
        });
      }
    },
    close() {
      if (handle !== undefined) closeSync(handle);
      handle = undefined;
    },
  };
}

/** Opens a file below a directory, also while somebody changes the folders on the way to links. @throws {Error} ELOOP where one is part of its path. */
function openWithin(root: string, name: string): number {
  const handle = openSync(`${root}/${name}`, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  // That one was a link when the directory was listed, or became one since, shows in where the open file lies (where there is a /proc).
  if (name.includes("/") && !liesAt(handle, `${realpathSync(root)}/${name}`)) {
    closeSync(handle);
    throw Object.assign(new Error("a link is part of the path"), { code: "ELOOP" });
  }
  return handle;
}

function liesAt(handle: number, path: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${handle}`) === path;
  } catch {
    return true;
  }
}
