import ts from "typescript";

/** A use of something that nobody imported. */
export interface GlobalUse {
  readonly name: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Where a file uses some of the given globals. A name that the file itself declares anywhere is taken for its own everywhere. */
export function globalUses(code: ts.SourceFile, names: ReadonlySet<string>): readonly GlobalUse[] {
  const uses: GlobalUse[] = [];
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && names.has(node.text)) {
      if (declares(node)) declared.add(node.text);
      else if (refersTo(node)) uses.push({ name: node.text, line: code.getLineAndCharacterOfPosition(node.getStart(code)).line + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(code);
  return uses.filter(({ name }) => !declared.has(name));
}

function declares(name: ts.Identifier): boolean {
  const { parent } = name;
  const bindsName =
    ts.isVariableDeclaration(parent) ||
    ts.isParameter(parent) ||
    ts.isBindingElement(parent) ||
    ts.isFunctionDeclaration(parent) ||
    ts.isImportClause(parent) ||
    ts.isImportSpecifier(parent) ||
    ts.isNamespaceImport(parent);
  return bindsName && parent.name === name && !(ts.isParameter(parent) && ts.isFunctionTypeNode(parent.parent));
}

function refersTo(name: ts.Identifier): boolean {
  const { parent } = name;
  if (ts.isPropertyAccessExpression(parent) && parent.name === name)
    return ts.isIdentifier(parent.expression) && parent.expression.text === "globalThis";
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  if (ts.isQualifiedName(parent)) return parent.left === name;
  if ((ts.isBindingElement(parent) || ts.isImportSpecifier(parent)) && parent.propertyName === name) return false;
  return !("name" in parent && parent.name === name);
}
