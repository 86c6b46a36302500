import { originOf, type ApiProgram } from "./api-program.ts";
import type { Violation } from "./rule.ts";

/** The exported symbols without a docstring. */
export function undocumentedExports(api: ApiProgram): readonly Violation[] {
  const checker = api.program.getTypeChecker();
  return api.entries.flatMap(({ project, specifier, exports }) =>
    exports.flatMap((symbol) => {
      const origin = originOf(api, symbol);
      const declaration = origin.declarations?.[0];
      if (declaration === undefined || symbol.getDocumentationComment(checker).length > 0 || origin.getDocumentationComment(checker).length > 0) return [];
      const code = declaration.getSourceFile();
      const path = api.pathOf(code);
      // What a package passes on from another is that one's to document.
      if (!path.startsWith(`${project.folder}/`)) return [];
      const line = code.getLineAndCharacterOfPosition(declaration.getStart(code)).line + 1;
      return [{ place: `${path}:${line}`, reason: `${specifier} exports ${symbol.name} without a docstring: users have nothing else to go by` }];
    }),
  );
}
