import { packageOf } from "../imports.ts";
import type { Rule } from "../rule.ts";
import { projectsByName, resolveRelative } from "../workspace.ts";

/** Projects meet only at the entries that a package's `exports` names. */
export const packageEntries: Rule = (workspace) => {
  const byName = projectsByName(workspace);
  return workspace.projects.flatMap(({ folder, sources }) =>
    sources.flatMap((source) =>
      source.imports.flatMap(({ specifier, line }) => {
        const place = `${source.path}:${line}`;
        if (specifier.startsWith("."))
          return resolveRelative(source.path, specifier).startsWith(`${folder}/`)
            ? []
            : [{ place, reason: `"${specifier}" leaves the project: a published package has nothing beside it, so import by the name of a package` }];
        if (specifier.startsWith("/") || specifier.startsWith("file:"))
          return [{ place, reason: `"${specifier}" is a place on one machine: import by the name of a package` }];
        const name = packageOf(specifier) ?? "";
        const target = byName.get(name);
        const entry = `.${specifier.slice(name.length)}`;
        return target === undefined || Object.hasOwn(target.manifest.exports ?? {}, entry)
          ? []
          : [{ place, reason: `"${specifier}" reaches past the entries that ${name} exports: what is behind them may change any day` }];
      }),
    ),
  );
};
