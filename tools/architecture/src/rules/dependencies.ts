import { isBuiltin } from "node:module";
import { packageOf } from "../imports.ts";
import type { Rule, Violation } from "../rule.ts";
import { projectsByName, type Project, type Source } from "../workspace.ts";

const EXACT = /^\d+\.\d+\.\d+(-[\w.-]+)?$/;

/** Every imported package is declared by the project that imports it. */
export const declaredDependencies: Rule = ({ projects, rootManifest }) =>
  projects.flatMap((project) => {
    const { manifest, layer, sources } = project;
    const shipped = namesIn(manifest.dependencies, manifest.peerDependencies, manifest.optionalDependencies);
    const here = namesIn(manifest.dependencies, manifest.peerDependencies, manifest.optionalDependencies, manifest.devDependencies, rootManifest.devDependencies);
    return sources.flatMap((source) =>
      source.imports.flatMap(({ specifier, line }): Violation[] => {
        const name = packageOf(specifier);
        if (name === undefined || isBuiltin(specifier) || name === manifest.name) return [];
        // A tool is never published, so the root's devDependencies are always there for it.
        const forUsers = source.role === "shipped" && layer !== "layer:tool";
        if ((forUsers ? shipped : here).has(name)) return [];
        return [{
          place: `${source.path}:${line}`,
          reason: forUsers
            ? `imports ${name}, which is not in the dependencies of ${project.folder}/package.json: whoever installs the package lacks it`
            : `imports ${name}, which is neither declared in ${project.folder}/package.json nor a devDependency of the root`,
        }];
      }),
    );
  });

/** Every declared dependency is one exact version; a package of the workspace is the version that it has. */
export const exactVersions: Rule = (workspace) => {
  const byName = projectsByName(workspace);
  const manifests = [{ folder: "", manifest: workspace.rootManifest }, ...workspace.projects];
  return manifests.flatMap(({ folder, manifest }) =>
    // Peers are ranges by nature: they say with which versions of others a package gets along.
    Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }).flatMap(([name, version]) => {
      const place = `${folder}${folder === "" ? "" : "/"}package.json`;
      const own = byName.get(name)?.manifest.version;
      if (!EXACT.test(version)) return [{ place, reason: `"${name}": "${version}" is no exact version: two installations could differ` }];
      return own === undefined || own === version ? [] : [{ place, reason: `"${name}": "${version}" is not the ${own} of the workspace: npm would fetch another copy` }];
    }),
  );
};

/** Every dependency that a project declares is imported by it: shipped sources use dependencies, tests devDependencies. */
export const usedDependencies: Rule = ({ projects }) =>
  projects.flatMap(({ folder, manifest, layer, sources }) => {
    const used = importedBy(sources);
    const usedByShipped = layer === "layer:tool" ? used : importedBy(sources.filter(({ role }) => role === "shipped"));
    const place = `${folder}/package.json`;
    return [
      ...[...namesIn(manifest.dependencies, manifest.optionalDependencies)]
        .filter((name) => !usedByShipped.has(name))
        .map((name) => ({ place, reason: `depends on ${name}, which no shipped source imports: users would install it for nothing` })),
      ...[...namesIn(manifest.devDependencies, manifest.peerDependencies)]
        .filter((name) => !used.has(name))
        .map((name) => ({ place, reason: `declares ${name}, which nothing in the project imports` })),
    ];
  });

function namesIn(...groups: readonly Project["manifest"]["dependencies"][]): ReadonlySet<string> {
  return new Set(groups.flatMap((group) => Object.keys(group ?? {})));
}

function importedBy(sources: readonly Source[]): ReadonlySet<string> {
  return new Set(sources.flatMap(({ imports }) => imports.map(({ specifier }) => packageOf(specifier) ?? "")));
}
