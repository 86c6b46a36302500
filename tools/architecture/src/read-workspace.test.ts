import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readWorkspace } from "./read-workspace.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "hilum-architecture-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("a workspace on disk", () => {
  it("is read without git too: text files, hidden ones included, without what is ignored", () => {
    write({
      ".gitignore": "node_modules/\ndist/\n",
      ".ci/run": "true",
      "packages/a/package.json": '{ "name": "a", "nx": { "tags": ["layer:engine"] } }',
      "packages/a/src/index.ts": 'import "b";',
      "packages/a/src/voxels.bin": "\0",
      "packages/a/dist/index.js": "",
      "node_modules/b/index.js": "",
    });
    const workspace = readWorkspace(root);
    expect([...workspace.files.keys()]).toEqual([".ci/run", ".gitignore", "packages/a/package.json", "packages/a/src/index.ts"]);
    expect(workspace.projects.map(({ folder, layer, sources }) => ({ folder, layer, sources: sources.map(({ path }) => path) }))).toEqual([
      { folder: "packages/a", layer: "layer:engine", sources: ["packages/a/src/index.ts"] },
    ]);
  });
});

function write(files: { readonly [path: string]: string }): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
