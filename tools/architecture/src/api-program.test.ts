import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApiProgram, type ApiProgram } from "./api-program.ts";
import { publicApi } from "./public-api.ts";
import { manifest, tinyWorkspace } from "./tiny-workspace.test-support.ts";
import { undocumentedExports } from "./undocumented-exports.ts";

const CORE_EXPORTS = { ".": { "hilum-source": "./src/index.ts" }, "./laws": { "hilum-source": "./src/laws.ts" }, "./package.json": "./package.json" };

const FILES: { readonly [path: string]: string } = {
  "tsconfig.base.json": JSON.stringify({
    compilerOptions: { module: "nodenext", moduleResolution: "nodenext", customConditions: ["hilum-source"], strict: true, types: [], noEmit: true, allowImportingTsExtensions: true },
  }),
  "packages/core/package.json": JSON.stringify(manifest("@tiny/core", "contract", { type: "module", exports: CORE_EXPORTS })),
  "packages/core/src/index.ts": `
    import { size } from "./model.ts";
    export { size, MODES, Ring as RingBuffer } from "./model.ts";
    export type { Size, Mode, Ring } from "./model.ts";
    export default size({ i: 1 });
  `,
  "packages/core/src/model.ts": `
    /** How many. */
    export interface Size { readonly i: number; /** Rows. */ readonly j?: number }
    /**
     * @returns only a tag, which says nothing of what it does
     */
    export function size(of: Size, times = 2): number { return of.i * times; }
    /** Every mode. */
    export const MODES = Object.freeze({ name: "nearest", remedy: "Try the other one." } as const);
    /** The name of a mode. */
    export type Mode = (typeof MODES)["name"];
    export class Ring<T> { #slots: T[] = []; get(k: number): T | undefined { return this.#slots[k]; } }
  `,
  "packages/core/src/laws.ts": "/** A law. */\nexport const law = 1;",
  "packages/host/package.json": JSON.stringify(manifest("@tiny/host", "engine", { type: "module" })),
  "packages/host/src/index.ts": 'export * from "@tiny/core";',
};

let root = "";
let api: ApiProgram;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "hilum-architecture-"));
  const packages = { "node_modules/@tiny/core/package.json": JSON.stringify({ name: "@tiny/core", type: "module", exports: { ".": "./src/index.ts" } }) };
  for (const [path, text] of Object.entries({ ...FILES, ...packages, "node_modules/@tiny/core/src/index.ts": "/** Of another. */\nexport const other = 1;" })) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  api = createApiProgram(root, tinyWorkspace(FILES));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("the public API of a package", () => {
  it("is one line for each export of each entry, with bodies, comments and sentences left out and computed types written out", () => {
    expect(publicApi(api).get("core")).toBe(`# @tiny/core

MODES: const MODES: Readonly<{ readonly name: "nearest"; readonly remedy: string; }>
Mode: type Mode = "nearest";
Ring: the type alone of class Ring<T> { #private; get(k: number): T | undefined; }
RingBuffer: class Ring<T> { #private; get(k: number): T | undefined; }
Size: interface Size { readonly i: number; readonly j?: number; }
default: const _default: number
size: function size(of: Size, times?: number): number;

# @tiny/core/laws

law: const law = 1
`);
  });

  it("names what comes from another package, and no more", () => {
    expect(publicApi(api).get("host")).toBe("# @tiny/host\n\nother from @tiny/core\n");
  });

  it("is undocumented where an export of its own has no sentence before it", () => {
    expect(undocumentedExports(api)).toEqual([
      { place: "packages/core/src/model.ts:7", reason: expect.stringContaining(" size ") as string },
      { place: "packages/core/src/model.ts:12", reason: expect.stringContaining(" RingBuffer ") as string },
      { place: "packages/core/src/model.ts:12", reason: expect.stringContaining(" Ring ") as string },
      { place: "packages/core/src/index.ts:5", reason: expect.stringContaining(" default ") as string },
    ]);
  });
});
