/** The only style of the page; its digest is in the page's policy. */
export const PAGE_STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.5rem; border-bottom: 1px solid #d0d7de } h3 { font-size: 1rem; margin: 1.5rem 0 .25rem }
code, pre { font: 14px/1.45 ui-monospace, monospace } pre { background: #f6f8fa; padding: .75rem; overflow: auto }
.method { display: inline-block; min-width: 4.5rem; font-weight: 600 } table { border-collapse: collapse } td { padding: .1rem 1rem .1rem 0; vertical-align: top } summary { cursor: pointer }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117 } pre { background: #161b22 } h2 { border-color: #30363d } }
`;

/** The parts of an OpenAPI document that the page shows. */
interface ApiDocument {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths?: { readonly [path: string]: { readonly [method: string]: unknown } | undefined };
  readonly components?: { readonly schemas?: { readonly [name: string]: unknown } };
}

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean; readonly description?: string; readonly schema?: { readonly description?: string } }[];
  readonly requestBody?: { readonly content?: { readonly [type: string]: { readonly schema?: unknown } } };
  readonly responses?: { readonly [status: string]: { readonly description?: string; readonly content?: object } };
}

/** A page for people, made from the OpenAPI document alone: no script, nothing from elsewhere. */
export function apiPage(api: object): string {
  const { info, paths = {}, components } = api as ApiDocument;
  const operations = Object.entries(paths).flatMap(([path, methods = {}]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation: operation as Operation })));
  const groups = Map.groupBy(operations, ({ operation }) => operation.tags?.[0] ?? "Other");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(info.title)}</title><style>${PAGE_STYLE}</style></head><body>
<h1>${escape(info.title)} ${escape(info.version)}</h1>
<p>${escape(info.description ?? "")}</p>
<p>The same as a document for programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>
${[...groups].map(([tag, all]) => `<h2>${escape(tag)}</h2>\n${all.map(operationSection).join("\n")}`).join("\n")}
<h2>Bodies</h2>
${Object.entries(components?.schemas ?? {})
  .map(([name, schema]) => `<details id="${escape(name)}"><summary><code>${escape(name)}</code></summary>${json(schema)}</details>`)
  .join("\n")}
</body></html>
`;
}

function operationSection({ path, method, operation }: { readonly path: string; readonly method: string; readonly operation: Operation }): string {
  const parameters = (operation.parameters ?? []).map(({ name, in: place, required, description, schema }) => [name, `${place}${required === true ? ", required" : ""}`, description ?? schema?.description ?? ""]);
  const responses = Object.entries(operation.responses ?? {}).map(([status, { description = "", content = {} }]) => [status, description, Object.keys(content).join(", ")]);
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  return `<h3><code><span class="method">${method.toUpperCase()}</span> ${escape(path)}</code></h3>
<p>${escape(operation.summary ?? "")}</p>
${table(parameters)}${body === undefined ? "" : `<details><summary>Body</summary>${json(body)}</details>`}${table(responses)}`;
}

function table(rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  return `<table>${rows.map((row) => `<tr>${row.map((cell, column) => `<td>${column === 0 ? `<code>${escape(cell)}</code>` : escape(cell)}</td>`).join("")}</tr>`).join("")}</table>\n`;
}

function json(value: unknown): string {
  return `<pre>${escape(JSON.stringify(value, undefined, 2))}</pre>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
