import { isBuiltin } from "node:module";
import { globalUses } from "../global-uses.ts";
import type { Rule, Violation } from "../rule.ts";

const WHY = "the contracts do no I/O and need nothing, so that they run in a worker, a browser and any host";
/** Names that reach the outside of a program, in Node or in a browser. */
const OUTSIDE: ReadonlySet<string> = new Set([
  "Buffer", "EventSource", "NodeJS", "WebSocket", "Worker", "XMLHttpRequest", "__dirname", "__filename", "console", "document",
  "fetch", "indexedDB", "localStorage", "navigator", "process", "require", "sessionStorage", "window",
]);

/** Core has no run-time dependency, imports nothing of Node and does no I/O. */
export const pureCore: Rule = ({ projects }) =>
  projects
    .filter(({ layer }) => layer === "layer:contract")
    .flatMap(({ folder, manifest, sources }): Violation[] => {
      const needed = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies });
      const shipped = sources.filter(({ role }) => role === "shipped");
      return [
        ...needed.map((name) => ({ place: `${folder}/package.json`, reason: `depends on ${name}: ${WHY}` })),
        ...shipped.flatMap(({ path, imports }) =>
          imports.filter(({ specifier }) => isBuiltin(specifier)).map(({ specifier, line }) => ({ place: `${path}:${line}`, reason: `imports ${specifier}: ${WHY}` })),
        ),
        ...shipped.flatMap(({ path, code }) => globalUses(code, OUTSIDE).map(({ name, line }) => ({ place: `${path}:${line}`, reason: `uses ${name}: ${WHY}` }))),
      ];
    });
