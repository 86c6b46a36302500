import { existsSync, globSync } from "node:fs";
import { join, relative, sep } from "node:path";
import ts from "typescript";
import type { Project, Workspace } from "./workspace.ts";

/** A way into a package, with the symbols that it exports. */
export interface ApiEntry {
  readonly project: Project;
  /** What users import: "@hilum/core", "@hilum/testing/conformance". */
  readonly specifier: string;
  readonly exports: readonly ts.Symbol[];
}

/** The public side of a workspace, as the TypeScript compiler sees it. */
export interface ApiProgram {
  readonly program: ts.Program;
  readonly entries: readonly ApiEntry[];
  /** The path of a file from the workspace's root, with "/" between its parts. */
  readonly pathOf: (file: ts.SourceFile) => string;
}

/** Compiles the entries of every package, read from the disk below `root` with the workspace's own compiler options. */
export function createApiProgram(root: string, { projects }: Workspace): ApiProgram {
  const sources = projects.flatMap((project) =>
    Object.entries(project.manifest.exports ?? {}).flatMap(([entry, conditions]) => {
      const source = (conditions as { readonly "hilum-source"?: string })["hilum-source"];
      return source === undefined ? [] : [{ project, specifier: project.manifest.name + entry.slice(1), file: join(root, project.folder, source) }];
    }),
  );
  const { config } = ts.readConfigFile(join(root, "tsconfig.base.json"), (path) => ts.sys.readFile(path)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const ambient = globSync("types/*.d.ts", { cwd: root }).map((path) => join(root, path));
  const program = ts.createProgram(
    [...sources.map(({ file }) => file).filter((file) => existsSync(file)), ...ambient],
    // Without a stable order, the members of a union would change places when something else is compiled beside it.
    { ...options, noEmit: false, emitDeclarationOnly: true, declaration: true, removeComments: true, stableTypeOrdering: true },
  );
  const checker = program.getTypeChecker();
  const entries = sources.map(({ project, specifier, file }) => {
    const code = program.getSourceFile(file);
    if (code === undefined) throw new Error(`the entry ${specifier} has no source`);
    const module = checker.getSymbolAtLocation(code);
    return { project, specifier, exports: module === undefined ? [] : checker.getExportsOfModule(module) };
  });
  return { program, entries, pathOf: (file) => relative(root, file.fileName).split(sep).join("/") };
}

/** The symbol that an export stands for, behind every re-export. */
export function originOf({ program }: ApiProgram, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? program.getTypeChecker().getAliasedSymbol(symbol) : symbol;
}
