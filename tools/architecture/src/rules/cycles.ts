import { findCycles } from "../find-cycles.ts";
import { packageOf } from "../imports.ts";
import type { Rule } from "../rule.ts";
import { projectsByName, resolveRelative } from "../workspace.ts";

/** No project needs itself through others, by what its shipped sources import or its package.json depends on. */
export const projectCycles: Rule = (workspace) => {
  const byName = projectsByName(workspace);
  const graph = new Map(
    workspace.projects.map(({ manifest, sources }) => {
      const imported = sources.filter(({ role }) => role === "shipped").flatMap((source) => source.imports.map(({ specifier }) => packageOf(specifier) ?? ""));
      const needed = new Set([...imported, ...Object.keys(manifest.dependencies ?? {})].filter((name) => byName.has(name) && name !== manifest.name));
      return [manifest.name, needed];
    }),
  );
  return findCycles(graph).map((cycle) => ({
    place: `${byName.get(cycle[0] ?? "")?.folder ?? ""}/package.json`,
    reason: `packages that need each other can neither be built, published nor understood alone: ${cycle.join(" → ")}`,
  }));
};

/** No files of a project import each other's values in a circle; `import type` may, since nothing of it is left at run time. */
export const fileCycles: Rule = (workspace) =>
  workspace.projects.flatMap(({ sources }) => {
    const graph = new Map(
      sources.map(({ path, imports }) => [
        path,
        imports.filter(({ specifier, typeOnly }) => !typeOnly && specifier.startsWith(".")).map(({ specifier }) => resolveRelative(path, specifier)),
      ]),
    );
    return findCycles(graph).map((cycle) => ({
      place: cycle[0] ?? "",
      reason: `files that import each other's values depend on which of them is loaded first: ${cycle.join(" → ")}`,
    }));
  });
