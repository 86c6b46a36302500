import type { Rule } from "../rule.ts";
import { resolveRelative } from "../workspace.ts";

/** No shipped source imports a test, or what supports tests. */
export const testsStayOutside: Rule = ({ projects }) =>
  projects.flatMap(({ sources }) => {
    const tests = new Set(sources.filter(({ role }) => role === "test").map(({ path }) => path));
    return sources
      .filter(({ role }) => role === "shipped")
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ specifier }) => tests.has(resolveRelative(path, specifier)))
          .map(({ specifier, line }) => ({ place: `${path}:${line}`, reason: `imports "${specifier}", which is for tests alone and takes what tests need with it` })),
      );
  });
