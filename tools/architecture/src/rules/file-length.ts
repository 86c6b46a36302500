import ts from "typescript";
import type { Rule } from "../rule.ts";

const MOST_LINES = 400;

/** No file is longer than can be read in one go. */
export const fileLength: Rule = ({ projects }) =>
  projects.flatMap(({ sources }) =>
    sources.flatMap(({ path, code }) => {
      if (path.includes(".generated.")) return [];
      const lines = linesOfCode(code);
      return lines <= MOST_LINES ? [] : [{ place: path, reason: `has ${lines} lines of code, more than the ${MOST_LINES} that can be read in one go: take it apart by what it is about` }];
    }),
  );

/** Lines with code on them, without blank lines and comments. */
function linesOfCode(code: ts.SourceFile): number {
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (node.kind >= ts.SyntaxKind.FirstJSDocNode && node.kind <= ts.SyntaxKind.LastJSDocNode) return;
    const children = node.getChildren(code);
    children.forEach(visit);
    if (children.length > 0 || node.end === node.getStart(code)) return;
    const last = code.getLineAndCharacterOfPosition(node.end).line;
    for (let line = code.getLineAndCharacterOfPosition(node.getStart(code)).line; line <= last; line++) lines.add(line);
  };
  visit(code);
  return lines.size;
}
