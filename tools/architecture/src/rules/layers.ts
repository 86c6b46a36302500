import { packageOf } from "../imports.ts";
import type { Rule, Violation } from "../rule.ts";
import { projectsByName, type Project, type Source } from "../workspace.ts";

interface Layer {
  readonly mayImport: readonly string[];
  readonly why: string;
}

const LAYERS: ReadonlyMap<string, Layer> = new Map([
  ["layer:contract", { mayImport: [], why: "the contracts stand alone, so that a plugin can be written against them and nothing else" }],
  ["layer:engine", { mayImport: ["layer:contract"], why: "the host knows no format, no algorithm and no transport, so that it can run anybody's" }],
  ["layer:service", { mayImport: ["layer:contract", "layer:engine"], why: "a queue that knew HTTP or a format could not be embedded without them" }],
  ["layer:shell", { mayImport: ["layer:contract", "layer:engine", "layer:service"], why: "the command line alone chooses plugins and starts the server; any other shell gets them as values" }],
  ["layer:plugin", { mayImport: ["layer:contract"], why: "a plugin that sees contracts only runs in every host and can be left out of any" }],
  ["layer:kit", { mayImport: ["layer:contract", "layer:engine"], why: "the kit tests any plugin, so it can depend on none" }],
  ["layer:tool", { mayImport: ["layer:contract", "layer:engine", "layer:service", "layer:shell", "layer:plugin", "layer:kit"], why: "tools are for us alone: nothing may depend on one" }],
]);

const INTEGRATION = /\.int\.test(-support)?\.ts$/;
const COMMAND_LINE = "packages/cli";
/** Folders whose name already says the layer. */
const LAYER_OF_GROUP: ReadonlyMap<string, string> = new Map([["plugins", "layer:plugin"], ["tools", "layer:tool"]]);

/** Holds the table of layers: who may import whom, by the nx tags of the projects. */
export const layers: Rule = (workspace) => {
  const byName = projectsByName(workspace);
  return workspace.projects.flatMap((project): Violation[] => {
    const layer = LAYERS.get(project.layer ?? "");
    const group = project.folder.split("/")[0] ?? "";
    const expected = LAYER_OF_GROUP.get(group);
    if (layer === undefined || (expected !== undefined && project.layer !== expected) || (expected === undefined && [...LAYER_OF_GROUP.values()].includes(project.layer ?? "")))
      return [{ place: `${project.folder}/package.json`, reason: `needs exactly one nx tag of the layer table${expected === undefined ? ", not one of plugins/ or tools/" : `: "${expected}"`}, or no rule can hold it` }];
    return project.sources.flatMap((source) =>
      source.imports.flatMap(({ specifier, line }) => {
        const target = byName.get(packageOf(specifier) ?? "");
        if (target === undefined || target === project || mayImport(project, layer, source, target)) return [];
        const why = source.role === "shipped" && target.layer === "layer:kit" ? "the kit is for tests: no shipped source may need it" : layer.why;
        return [{ place: `${source.path}:${line}`, reason: `${project.manifest.name} (${project.layer ?? ""}) may not import ${target.manifest.name} (${target.layer ?? ""}): ${why}` }];
      }),
    );
  });
};

function mayImport(project: Project, layer: Layer, source: Source, target: Project): boolean {
  const to = target.layer ?? "";
  if (layer.mayImport.includes(to)) return true;
  if (project.folder === COMMAND_LINE && (to === "layer:plugin" || to === "layer:shell")) return true;
  if (source.role !== "test") return false;
  // Tests of a plugin may run it in a host when they say that they cross packages; they never see another plugin.
  return to === "layer:kit" || (INTEGRATION.test(source.path) && (to === "layer:contract" || to === "layer:engine"));
}
