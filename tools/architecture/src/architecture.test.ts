import { describe, expect, it } from "vitest";
import { readWorkspace, WORKSPACE_ROOT } from "./read-workspace.ts";
import type { Rule } from "./rule.ts";
import { fileCycles, projectCycles } from "./rules/cycles.ts";
import { declaredDependencies, exactVersions, usedDependencies } from "./rules/dependencies.ts";
import { fileLength } from "./rules/file-length.ts";
import { layers } from "./rules/layers.ts";
import { libraryDoors } from "./rules/library-doors.ts";
import { lockWithoutAddresses, machinePlaces } from "./rules/machine-places.ts";
import { names } from "./rules/names.ts";
import { noConsole } from "./rules/no-console.ts";
import { packageEntries } from "./rules/package-entries.ts";
import { pureCore } from "./rules/pure-core.ts";
import { testsStayOutside } from "./rules/tests-stay-outside.ts";

const workspace = readWorkspace(WORKSPACE_ROOT);

describe("the workspace", () => {
  it("is seen by the rules: core, the host and this tool are in it, with their sources", () => {
    const seen = new Map(workspace.projects.map(({ folder, sources }) => [folder, sources.length]));
    for (const folder of ["packages/core", "packages/host", "tools/architecture"]) expect(seen.get(folder)).toBeGreaterThan(5);
    expect(workspace.files.has("tsconfig.base.json")).toBe(true);
  });

  it.each<[string, Rule]>([
    ["imports only what the table of layers allows", layers],
    ["has no projects that need each other", projectCycles],
    ["has no files that import each other's values", fileCycles],
    ["imports other packages only by the entries that they export", packageEntries],
    ["keeps core free of I/O and dependencies", pureCore],
    ["keeps each library behind its door", libraryDoors],
    ["ships nothing that needs a test", testsStayOutside],
    ["declares every package that it imports", declaredDependencies],
    ["pins every dependency to one version", exactVersions],
    ["uses every dependency that it declares", usedDependencies],
    ["names files and folders in kebab-case, after what is in them", names],
    ["has no file too long to read in one go", fileLength],
    ["writes nothing to the console", noConsole],
    ["names no folder of one machine and no registry", machinePlaces],
    ["locks dependencies without addresses", lockWithoutAddresses],
  ])("%s", (_, rule) => {
    expect(rule(workspace).map(({ place, reason }) => `${place}  ${reason}`)).toEqual([]);
  });
});
