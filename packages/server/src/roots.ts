import { lstatSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { HilumError } from "@hilum/core";

const ROOT_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
const LONGEST_PATH = 4096;
const LONGEST_NAME = 255;

/** A path inside a root, with "/" between its parts. */
export interface RootedPath {
  readonly root: string;
  readonly path: string;
}

/** Where an output may appear, and whether something is there already. */
export interface OutputPlace {
  readonly path: string;
  readonly exists: boolean;
}

/**
 * The only folders that requests can name. What these functions return is a real path: no part of it is a link, so that
 * it stays inside even if a link is changed afterwards.
 */
export interface Roots {
  /** In the order in which they were configured. */
  readonly ids: readonly string[];
  /** @throws {HilumError} FORBIDDEN_PATH; SOURCE_NOT_FOUND for what is inside and not there. */
  input(place: RootedPath | string): string;
  /** The same for something that does not exist yet, in a folder that does. @throws as `input`. */
  output(place: RootedPath | string): OutputPlace;
}

/**
 * Opens the roots of a server.
 * @param folders absolute paths by id; links are followed once, here.
 * @param privateFolder the service's own data: never an input, nor inside one.
 * @throws {HilumError} USAGE for an id that is none, or a root that is no folder, the whole file system, or inside the private folder.
 */
export function openRoots(folders: ReadonlyMap<string, string>, privateFolder: string): Roots {
  const hidden = realpathSync(privateFolder);
  const roots = new Map([...folders].map(([id, folder]) => [id, openRoot(id, folder, hidden)]));

  /** Follows a path part by part, and stops at the first that leads out: whoever asks learns nothing of what is there. */
  const descend = (root: string, path: string): string => {
    let at = root;
    for (const part of partsOf(path)) {
      at = realPart(join(at, part));
      if (!isWithin(at, root)) throw forbidden();
    }
    if (isWithin(at, hidden)) throw forbidden();
    return at;
  };

  const locate = (place: RootedPath | string): { readonly root: string; readonly path: string } => {
    if (typeof place !== "string") {
      const root = roots.get(place.root)?.real;
      if (root === undefined) throw new HilumError("FORBIDDEN_PATH", "There is no root of this name.");
      return { root, path: place.path };
    }
    if (!isAbsolute(place)) {
      const only = roots.size === 1 ? [...roots.values()][0] : undefined;
      if (only === undefined) throw new HilumError("FORBIDDEN_PATH", "A relative path needs a service with exactly one root.", { remedy: "Write the absolute path." });
      return { root: only.real, path: place };
    }
    partsOf(place.slice(1));
    for (const { given, real } of roots.values())
      for (const folder of [given, real]) if (isWithin(resolve(place), folder)) return { root: real, path: relative(folder, resolve(place)) };
    return elsewhere(place);
  };

  /** A path that only links lead into a root. Whatever else it is, the answer is the same. */
  const elsewhere = (place: string): { readonly root: string; readonly path: string } => {
    const [folder, name] = [dirname(resolve(place)), basename(resolve(place))];
    for (const find of [() => realpathSync(place), () => join(realpathSync(folder), name)]) {
      let real: string;
      try {
        real = find();
      } catch {
        continue;
      }
      const root = [...roots.values()].find((one) => isWithin(real, one.real))?.real;
      if (root !== undefined) return { root, path: relative(root, real) };
    }
    throw forbidden();
  };

  return {
    ids: [...roots.keys()],
    input(place) {
      const { root, path } = locate(place);
      const real = descend(root, path);
      // Everything under a folder is read, so the service's own data may not be under it either.
      if (isWithin(hidden, real)) throw forbidden();
      return real;
    },
    output(place) {
      const { root, path } = locate(place);
      const name = partsOf(path).at(-1);
      if (name === undefined) throw forbidden();
      if (Buffer.byteLength(name) > LONGEST_NAME) throw new HilumError("USAGE", "The name of the output is too long.", { remedy: "Choose a shorter name." });
      const folder = descend(root, partsOf(path).slice(0, -1).join("/"));
      if (!statSync(folder).isDirectory()) throw new HilumError("SOURCE_NOT_FOUND", "The folder that the output should go into is none.");
      const real = join(folder, name);
      // A name that is taken may be a link; to say that it exists is enough, it is never followed.
      return { path: real, exists: lstatSync(real, { throwIfNoEntry: false }) !== undefined };
    },
  };
}

interface Root {
  /** As it was configured. */
  readonly given: string;
  readonly real: string;
}

function openRoot(id: string, folder: string, hidden: string): Root {
  if (!ROOT_ID.test(id)) throw new HilumError("USAGE", "The id of a root is made of lower-case letters, digits and hyphens.");
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) throw new HilumError("USAGE", `The root "${id}" is no folder.`);
  const real = realpathSync(folder);
  if (dirname(real) === real) throw new HilumError("USAGE", `The root "${id}" is a whole file system.`, { remedy: "Name the folders that hold images." });
  if (isWithin(real, hidden)) throw new HilumError("USAGE", `The root "${id}" lies in the data directory of the service.`);
  return { given: resolve(folder), real };
}

/** The parts of a path that is only names. "." and doubled slashes say nothing and are dropped. */
function partsOf(path: string): readonly string[] {
  if (path.length > LONGEST_PATH || path.includes("\0") || path.includes("\\") || /^([/]|[A-Za-z]:)/.test(path)) throw forbidden();
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw forbidden();
  return parts;
}

function realPart(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    const missing = ["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes((cause as NodeJS.ErrnoException).code ?? "");
    // Where a link leads to is not told, not even that nothing is there.
    if (missing && !lstatOrNothing(path)?.isSymbolicLink()) throw new HilumError("SOURCE_NOT_FOUND", "There is nothing at this path of the root.");
    throw forbidden();
  }
}

function lstatOrNothing(path: string): ReturnType<typeof lstatSync> | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

function forbidden(): HilumError {
  return new HilumError("FORBIDDEN_PATH", "The path does not lie inside a root of this service.");
}
