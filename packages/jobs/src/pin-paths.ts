import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { HilumError } from "@hilum/core";
import type { ChildOrder } from "./child-messages.ts";

type Order = ChildOrder["request"];

/** O_PATH (open(2)): a place to start from, which needs no right to read it. Node has no name for it. */
const O_PATH = 0x20_0000;
/** By number, so that a program which a plugin starts finds it too. */
const DESCRIPTORS = `/proc/${process.pid}/fd`;

/**
 * The same request with paths that start at open descriptors: of the input's and the template's directory (of a file, the
 * directory that it lies in), and of the folder that the output goes into. The paths were real ones when the request was
 * confined to its roots; whatever takes the place of a folder after this, what was opened here is what is read and written. The
 * descriptors stay open until the process ends.
 *
 * Where the system has no /proc, the paths are only checked once.
 * @throws {HilumError} FORBIDDEN_PATH where a link is part of a path; SOURCE_NOT_FOUND, OUTPUT_NOT_WRITABLE where a part of one is missing.
 */
export function pinPaths(request: Order): Order {
  if (!existsSync(DESCRIPTORS)) {
    refuseLinks(request);
    return request;
  }
  const { inputPath, outputPath, templatePath } = request;
  return {
    ...request,
    inputPath: pinSource(inputPath),
    outputPath: `${DESCRIPTORS}/${openFolder(dirname(outputPath), outputMissing)}${outputPath.slice(dirname(outputPath).length)}`,
    ...(templatePath === undefined ? {} : { templatePath: pinSource(templatePath) }),
  };
}

function pinSource(path: string): string {
  const folder = openFolder(dirname(path), sourceMissing);
  const name = path.slice(dirname(path).length).replace(/^\//, "");
  const place = `${DESCRIPTORS}/${folder}/${name}`;
  const handle = openPart(place, 0, sourceMissing);
  const stats = fstatSync(handle);
  if (stats.isSymbolicLink()) throw throughLink();
  // A file keeps its name, which says what it holds; whoever reads it follows no link there.
  if (stats.isDirectory()) return `${DESCRIPTORS}/${handle}`;
  closeSync(handle);
  return place;
}

/** Opens a folder part by part, so that no link on the way can be followed. */
function openFolder(path: string, missing: () => HilumError): number {
  let folder = openSync("/", O_PATH | constants.O_DIRECTORY);
  for (const part of path.split("/")) {
    if (part === "") continue;
    const next = openPart(`${DESCRIPTORS}/${folder}/${part}`, constants.O_DIRECTORY, missing);
    closeSync(folder);
    folder = next;
  }
  return folder;
}

function openPart(place: string, flags: number, missing: () => HilumError): number {
  try {
    return openSync(place, O_PATH | constants.O_NOFOLLOW | flags);
  } catch {
    throw lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() ? throughLink() : missing();
  }
}

function refuseLinks({ inputPath, outputPath, templatePath }: Order): void {
  for (const path of [inputPath, dirname(outputPath), ...(templatePath === undefined ? [] : [templatePath])]) {
    let real: string;
    try {
      real = realpathSync(path);
    } catch {
      // Nothing that could be followed; who opens it says what is wrong.
      continue;
    }
    if (real !== path) throw throughLink();
  }
}

function throughLink(): HilumError {
  return new HilumError("FORBIDDEN_PATH", "A path of the job leads through a link.", { remedy: "Ask for the job with the path that the link leads to." });
}

function sourceMissing(): HilumError {
  return new HilumError("SOURCE_NOT_FOUND", "There is nothing at a path of the job, or it may not be opened.");
}

function outputMissing(): HilumError {
  return new HilumError("OUTPUT_NOT_WRITABLE", "The directory that the output should go into does not exist.", { remedy: "Create it first." });
}
