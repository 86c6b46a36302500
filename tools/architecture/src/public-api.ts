import ts from "typescript";
import { originOf, type ApiEntry, type ApiProgram } from "./api-program.ts";

const STRING_LITERAL = /"(?:[^"\\]|\\.)*"/g;

/**
 * The public side of each package as text, by the name of its project's folder: for each entry a heading and one line for
 * each export, sorted by name, with the declaration on that line; what a package passes on from another is named only.
 * Sentences in types of constants are left out: they are for people, and no program may depend on them.
 */
export function publicApi(api: ApiProgram): ReadonlyMap<string, string> {
  const declarations = new Map<ts.SourceFile, ts.SourceFile>();
  const declarationsOf = (code: ts.SourceFile): ts.SourceFile => {
    const known = declarations.get(code) ?? emitDeclarations(api.program, code);
    declarations.set(code, known);
    return known;
  };
  const texts = new Map<string, string>();
  for (const entry of api.entries) {
    const name = entry.project.folder.split("/").at(-1) ?? "";
    const lines = entry.exports
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((symbol) => describeExport(api, entry, symbol, declarationsOf));
    texts.set(name, `${texts.has(name) ? `${texts.get(name) ?? ""}\n` : ""}# ${entry.specifier}\n\n${lines.map((line) => `${line}\n`).join("")}`);
  }
  return texts;
}

function describeExport(api: ApiProgram, { project }: ApiEntry, symbol: ts.Symbol, declarationsOf: (code: ts.SourceFile) => ts.SourceFile): string {
  const origin = originOf(api, symbol);
  const declaration = origin.declarations?.[0];
  if (declaration === undefined) throw new Error(`nothing declares the export ${symbol.name}`);
  const code = declaration.getSourceFile();
  const path = api.pathOf(code);
  if (!path.startsWith(`${project.folder}/`)) return `${symbol.name} from ${ownerOf(api, path)}`;
  const local = origin.name === "default" ? "_default" : origin.name;
  const statements = aliasText(api.program.getTypeChecker(), origin) ?? declarationsOf(code).statements.flatMap((statement) => textsDeclaring(statement, local));
  const text = statements.length === 0 ? `all of ${path}` : statements.join(" | ");
  const valueAsType = origin.flags & ts.SymbolFlags.Value && symbol.declarations?.some((each) => ts.isExportSpecifier(each) && (each.isTypeOnly || each.parent.parent.isTypeOnly));
  return `${symbol.name}: ${valueAsType ? "the type alone of " : ""}${text}`;
}

/** A type that is computed from a value, written out: its name alone would hide a change of the value. */
function aliasText(checker: ts.TypeChecker, { name, declarations }: ts.Symbol): readonly string[] | undefined {
  const declaration = declarations?.find(ts.isTypeAliasDeclaration);
  if (declaration === undefined || !/\btypeof\b/.test(declaration.type.getText())) return undefined;
  const flags = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.InTypeAlias;
  return [`type ${name} = ${checker.typeToString(checker.getTypeAtLocation(declaration), declaration, flags)};`];
}

/** The declarations of a name in one statement of a .d.ts file, each on one line. */
function textsDeclaring(statement: ts.Statement, name: string): readonly string[] {
  const print = (node: ts.Node): string =>
    ts.createPrinter({ removeComments: true }).printNode(ts.EmitHint.Unspecified, node, statement.getSourceFile()).replaceAll(/\s+/g, " ").replaceAll(STRING_LITERAL, (literal) => (literal.includes(" ") ? "string" : literal));
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.filter((each) => ts.isIdentifier(each.name) && each.name.text === name).map((each) => `const ${print(each)}`);
  const declared = "name" in statement ? (statement.name as ts.Identifier | undefined) : undefined;
  const isDefault = ts.canHaveModifiers(statement) && (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
  if (declared?.text !== name && !(isDefault && name === "_default")) return [];
  return [print(statement).replace(/^(export |default |declare )+/, "")];
}

function emitDeclarations(program: ts.Program, code: ts.SourceFile): ts.SourceFile {
  let text = "";
  program.emit(code, (_path, written) => (text = written), undefined, true);
  return ts.createSourceFile("declarations.d.ts", text, ts.ScriptTarget.Latest, true);
}

/** The package that a file belongs to, for a file of another project or of node_modules. */
function ownerOf({ entries }: ApiProgram, path: string): string {
  const project = entries.find((entry) => path.startsWith(`${entry.project.folder}/`))?.project;
  return project?.manifest.name ?? /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path;
}
