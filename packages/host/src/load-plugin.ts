import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
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
  if (!isPath) return locateByName(pathOrName);
  const path = resolve(pathOrName);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new HilumError("UNKNOWN_PLUGIN", `There is no plugin at "${pathOrName}".`);
  return pathToFileURL(stats.isDirectory() ? entryOf(path) : path).href;
}

/** From the folder of the person who asks upwards, as Node looks for packages; then beside the host itself. */
function locateByName(name: string): string {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const installed = join(folder, "node_modules", name);
    if (existsSync(join(installed, "package.json"))) return pathToFileURL(entryOf(installed)).href;
    if (folder === dirname(folder)) break;
  }
  try {
    return pathToFileURL(createRequire(import.meta.url).resolve(name)).href;
  } catch (cause) {
    throw new HilumError("UNKNOWN_PLUGIN", `There is no plugin "${name}".`, { cause });
  }
}

/** The module that a package's manifest names for importing (Node's package entry points, the cases that a plugin needs). */
function entryOf(directory: string): string {
  try {
    const { exports, main } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as { exports?: unknown; main?: unknown };
    const entry = importTarget(exports) ?? (typeof main === "string" ? main : "index.js");
    return join(directory, entry);
  } catch (cause) {
    throw new HilumError("UNKNOWN_PLUGIN", "The plugin's directory has no readable package.json.", { cause });
  }
}

function importTarget(exports: unknown): string | undefined {
  if (typeof exports === "string" || exports === undefined) return exports;
  if (typeof exports !== "object" || exports === null) return undefined;
  const conditions = exports as { readonly [condition: string]: unknown };
  return importTarget(conditions["."] ?? conditions["node"] ?? conditions["import"] ?? conditions["default"]);
}
