import { describe, expect, it } from "vitest";
import { manifest, tinyWorkspace } from "../tiny-workspace.test-support.ts";
import { layers } from "./layers.ts";

const MANIFESTS = {
  "packages/core/package.json": manifest("@hilum/core", "contract"),
  "packages/host/package.json": manifest("@hilum/host", "engine"),
  "packages/jobs/package.json": manifest("@hilum/jobs", "service"),
  "packages/server/package.json": manifest("@hilum/server", "shell"),
  "packages/cli/package.json": manifest("hilum", "shell"),
  "packages/testing/package.json": manifest("@hilum/testing", "kit"),
  "plugins/dicom/package.json": manifest("@hilum/plugin-dicom", "plugin"),
  "plugins/hdf5/package.json": manifest("@hilum/plugin-hdf5", "plugin"),
  "tools/bench/package.json": manifest("@hilum/bench", "tool"),
  "tools/demo/package.json": manifest("@hilum/demo", "tool"),
};

describe("the table of layers", () => {
  it.each([
    ["packages/host/src/a.ts", "@hilum/core"],
    ["packages/jobs/src/a.ts", "@hilum/host"],
    ["packages/server/src/a.ts", "@hilum/jobs"],
    ["packages/cli/src/a.ts", "@hilum/plugin-dicom"],
    ["packages/cli/src/a.ts", "@hilum/server"],
    ["packages/testing/src/a.ts", "@hilum/host"],
    ["plugins/dicom/src/a.ts", "@hilum/core"],
    ["tools/bench/src/a.ts", "@hilum/testing"],
    ["tools/bench/src/a.ts", "hilum"],
    ["packages/core/src/a.test.ts", "@hilum/testing"],
    ["plugins/dicom/src/a.test-support.ts", "@hilum/testing"],
    ["plugins/dicom/src/a.int.test.ts", "@hilum/host"],
    ["plugins/dicom/src/a.ts", "zod"],
  ])("lets %s import %s", (path, name) => {
    expect(layers(tinyWorkspace({ ...MANIFESTS, [path]: `import "${name}";` }))).toEqual([]);
  });

  it.each([
    ["packages/core/src/a.ts", "@hilum/host", "stand alone"],
    ["packages/host/src/a.ts", "@hilum/plugin-dicom", "no format"],
    ["packages/host/src/a.ts", "@hilum/testing", "the kit is for tests"],
    ["packages/jobs/src/a.ts", "@hilum/server", "queue"],
    ["packages/server/src/a.ts", "@hilum/plugin-dicom", "command line alone"],
    ["packages/server/src/a.ts", "hilum", "command line alone"],
    ["packages/testing/src/a.ts", "@hilum/plugin-dicom", "can depend on none"],
    ["plugins/dicom/src/a.ts", "@hilum/host", "contracts only"],
    ["plugins/dicom/src/a.ts", "@hilum/plugin-hdf5", "contracts only"],
    ["plugins/dicom/src/a.test.ts", "@hilum/host", "contracts only"],
    ["plugins/dicom/src/a.int.test.ts", "@hilum/plugin-hdf5", "contracts only"],
    ["packages/cli/src/a.test.ts", "@hilum/bench", "command line alone"],
    ["tools/demo/src/a.ts", "@hilum/bench", "nothing may depend on one"],
  ])("keeps %s from importing %s, and says why", (path, name, why) => {
    const violations = layers(tinyWorkspace({ ...MANIFESTS, [path]: `import type { A } from "${name}";` }));
    expect(violations).toEqual([{ place: `${path}:1`, reason: expect.stringContaining(why) as string }]);
  });

  it.each([
    ["no tag", "packages/new", {}],
    ["an unknown layer", "packages/new", { nx: { tags: ["layer:cellar"] } }],
    ["two layers", "packages/new", { nx: { tags: ["layer:kit", "layer:engine"] } }],
    ["the tag of a tool outside tools/", "packages/new", { nx: { tags: ["layer:tool"] } }],
    ["the tag of a tool inside plugins/", "plugins/new", { nx: { tags: ["layer:tool"] } }],
  ])("refuses a project with %s", (_, folder, more) => {
    expect(layers(tinyWorkspace({ [`${folder}/package.json`]: { name: "new", ...more } })).map(({ place }) => place)).toEqual([`${folder}/package.json`]);
  });
});
