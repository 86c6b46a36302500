import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { HilumError, type HilumPlugin } from "@hilum/core";

/**
 * Loads a plugin by the path of its module or by the name of an installed package (looked for from the current folder first).
 * @throws {HilumError} UNKNOWN_PLUGIN when there is none; PLUGIN_LOAD_FAILED when it throws or exports no plugin.
 */
export async function loadPlugin(pathOrName: string): Promise<HilumPlugin> {
  const url = locate(pathOrName);
  let module: { readonly default?: unknown };
  try {
    module = (await import(url)) as { readonly default?: unknown };
  } catch (cause) {
    throw new HilumError("PLUGIN_LOAD_FAILED", `The plugin "${pathOrName}" threw while it was loaded.`, { cause });
  }
  const plugin = module.default as Partial<HilumPlugin> | undefined;
  if (typeof plugin !== "object" || plugin === null || typeof plugin.name !== "string" || typeof plugin.apiVersion !== "number")
    throw new HilumError("PLUGIN_LOAD_FAILED", `The module "${pathOrName}" has no plugin as its default export.`, {
      remedy: "Write `export default definePlugin({ … })` in it.",
    });
  return plugin as HilumPlugin;
}

function locate(pathOrName: string): string {
  const isPath = /^[./\\]|^[A-Za-z]:/.test(pathOrName) || /\.[cm]?[jt]s$/.test(pathOrName);
  if (isPath) {
    const path = resolve(pathOrName);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) throw new HilumError("UNKNOWN_PLUGIN", `There is no plugin at "${pathOrName}".`);
    if (!stats.isDirectory()) return pathToFileURL(path).href;
    // A directory is a package: its own package.json says where its module is.
    return resolveFrom(path, path);
  }
  return resolveFrom(join(process.cwd(), "package.json"), pathOrName);
}

function resolveFrom(from: string, request: string): string {
  try {
    return pathToFileURL(createRequire(from === request ? join(from, "package.json") : from).resolve(request)).href;
  } catch (cause) {
    try {
      return import.meta.resolve(request);
    } catch {
      throw new HilumError("UNKNOWN_PLUGIN", `There is no plugin "${request}".`, { cause });
    }
  }
}
