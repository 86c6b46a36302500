import { workspaceOf, type Workspace } from "./workspace.ts";

/** A made-up workspace: paths from its root with their text, or with what their JSON says. */
export function tinyWorkspace(files: { readonly [path: string]: string | object }): Workspace {
  return workspaceOf(new Map(Object.entries(files).map(([path, content]) => [path, typeof content === "string" ? content : JSON.stringify(content)])));
}

/** A package.json with a name, a layer and one entry. */
export function manifest(name: string, layer: string, more: object = {}): object {
  return { name, version: "0.1.0", exports: { ".": { "hilum-source": "./src/index.ts" } }, nx: { tags: [`layer:${layer}`] }, ...more };
}
