import ts from "typescript";

/** One mention of another module. */
export interface ImportUse {
  readonly specifier: string;
  /** Counted from 1. */
  readonly line: number;
  /** Whether nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

/** Every module that a file names: static and dynamic imports, re-exports, `require`, and types by `import("…")`. */
export function importsOf(code: ts.SourceFile): readonly ImportUse[] {
  const uses: ImportUse[] = [];
  const add = (at: ts.Node | undefined, typeOnly: boolean): void => {
    if (at === undefined || !ts.isStringLiteralLike(at)) return;
    uses.push({ specifier: at.text, line: code.getLineAndCharacterOfPosition(at.getStart(code)).line + 1, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    // `import { type A }` stays behind as a bare import under verbatimModuleSyntax, so only `import type` counts as gone.
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isExternalModuleReference(node)) add(node.expression, false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && loadsModule(node.expression)) add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(code);
  return uses;
}

/** Whether a call is `import()`, `require()`, `require.resolve()` or `import.meta.resolve()`. */
function loadsModule(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isIdentifier(callee)) return callee.text === "require";
  if (!ts.isPropertyAccessExpression(callee) || callee.name.text !== "resolve") return false;
  return ts.isMetaProperty(callee.expression) || (ts.isIdentifier(callee.expression) && callee.expression.text === "require");
}

/** The package of a specifier: "@a/b" of "@a/b/c"; undefined for relative paths. */
export function packageOf(specifier: string): string | undefined {
  if (/^[./#]/.test(specifier)) return undefined;
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}
