import { describe, expect, it } from "vitest";
import { manifest, tinyWorkspace } from "../tiny-workspace.test-support.ts";
import { libraryDoors } from "./library-doors.ts";

const MANIFESTS = {
  "packages/host/package.json": manifest("@hilum/host", "engine"),
  "packages/cli/package.json": manifest("hilum", "shell"),
  "plugins/dicom/package.json": manifest("@hilum/plugin-dicom", "plugin"),
  "plugins/hdf5/package.json": manifest("@hilum/plugin-hdf5", "plugin"),
};

describe("a library", () => {
  it.each([
    ["packages/host/src/composition/a.ts", "inversify"],
    ["packages/host/src/composition/a.ts", "reflect-metadata"],
    ["plugins/dicom/src/a.ts", "dcmjs"],
    ["plugins/dicom/src/a.ts", "@cornerstonejs/codec-charls"],
    ["plugins/hdf5/src/a.ts", "h5wasm/node"],
    ["packages/cli/src/a.ts", "commander"],
    ["plugins/hdf5/src/a.ts", "zod"],
  ])("goes through its door: %s imports %s", (path, library) => {
    expect(libraryDoors(tinyWorkspace({ ...MANIFESTS, [path]: `const a = await import("${library}");` }))).toEqual([]);
  });

  it.each([
    ["packages/host/src/host.ts", "inversify"],
    ["packages/host/src/host.test.ts", "inversify"],
    ["packages/host/src/composition-two/a.ts", "reflect-metadata"],
    ["plugins/hdf5/src/a.ts", "dcmjs"],
    ["packages/host/src/a.ts", "dcmjs-codecs"],
    ["packages/cli/src/a.ts", "@cornerstonejs/codec-charls"],
    ["plugins/dicom/src/a.test.ts", "h5wasm/node"],
    ["packages/host/src/a.ts", "commander"],
    ["packages/host/src/a.ts", "zod"],
  ])("is stopped elsewhere: %s imports %s", (path, library) => {
    expect(libraryDoors(tinyWorkspace({ ...MANIFESTS, [path]: `const a = await import("${library}");` })).map(({ place }) => place)).toEqual([`${path}:1`]);
  });

  it("has one door where it has to stay behind one file; tests and other libraries do not count", () => {
    const files = {
      ...MANIFESTS,
      "plugins/dicom/src/a.ts": 'import "dcmjs";\nimport type { A } from "dcmjs";',
      "plugins/dicom/src/a.test.ts": 'import "dcmjs";',
      "plugins/dicom/src/b.ts": 'import "dcmjs-codecs";',
      "plugins/dicom/src/c.ts": '\nimport type { A } from "dcmjs";',
    };
    expect(libraryDoors(tinyWorkspace(files))).toEqual([{ place: "plugins/dicom/src/c.ts:2", reason: expect.stringContaining("beside plugins/dicom/src/a.ts") as string }]);
  });
});
