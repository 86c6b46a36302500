import { posix } from "node:path";
import ts from "typescript";
import { importsOf, type ImportUse } from "./imports.ts";

/** The parts of a package.json that the rules read. */
export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly exports?: { readonly [entry: string]: unknown };
  readonly nx?: { readonly tags?: readonly string[] };
  readonly dependencies?: { readonly [name: string]: string };
  readonly devDependencies?: { readonly [name: string]: string };
  readonly peerDependencies?: { readonly [name: string]: string };
  readonly optionalDependencies?: { readonly [name: string]: string };
}

/** A source of a project. */
export interface Source {
  /** From the workspace's root. */
  readonly path: string;
  /** Whether users of the package run it; tests and what supports them (`*.test-support.ts`) are for us alone. */
  readonly role: "shipped" | "test";
  readonly code: ts.SourceFile;
  readonly imports: readonly ImportUse[];
}

/** A package of the workspace. */
export interface Project {
  /** From the workspace's root, e.g. "plugins/dicom". */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Its only layer tag; undefined where there is none, or several. */
  readonly layer: string | undefined;
  readonly sources: readonly Source[];
}

/** Everything that the rules look at. */
export interface Workspace {
  readonly rootManifest: Manifest;
  readonly projects: readonly Project[];
  /** Every text file by its path from the root. */
  readonly files: ReadonlyMap<string, string>;
}

const PROJECT_MANIFEST = /^((?:packages|plugins|tools)\/[^/]+)\/package\.json$/;
const SOURCE = /^(src\/.*\.ts|bin\/.*\.js)$/;
const TEST = /\.test(-support)?\.ts$/;

/** Sees a workspace in a set of text files, given by their paths from its root. */
export function workspaceOf(files: ReadonlyMap<string, string>): Workspace {
  const projects = [...files.keys()].flatMap((path) => {
    const folder = PROJECT_MANIFEST.exec(path)?.[1];
    return folder === undefined ? [] : [projectIn(folder, files)];
  });
  return { rootManifest: manifestOf(files, "package.json"), projects, files };
}

function projectIn(folder: string, files: ReadonlyMap<string, string>): Project {
  const manifest = manifestOf(files, `${folder}/package.json`);
  const layers = (manifest.nx?.tags ?? []).filter((tag) => tag.startsWith("layer:"));
  const sources = [...files].flatMap(([path, text]): Source[] => {
    if (!path.startsWith(`${folder}/`) || !SOURCE.test(path.slice(folder.length + 1))) return [];
    const code = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    return [{ path, role: TEST.test(path) ? "test" : "shipped", code, imports: importsOf(code) }];
  });
  return { folder, manifest, layer: layers.length === 1 ? layers[0] : undefined, sources };
}

function manifestOf(files: ReadonlyMap<string, string>, path: string): Manifest {
  return JSON.parse(files.get(path) ?? "{}") as Manifest;
}

/** The path that a relative specifier of a file means, from the root ("../" ahead where it leaves the workspace). */
export function resolveRelative(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier);
}

/** The projects of a workspace by the names of their packages. */
export function projectsByName({ projects }: Workspace): ReadonlyMap<string, Project> {
  return new Map(projects.map((project) => [project.manifest.name, project]));
}
