import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveFiles, scanSeries } from "@hilum/testing";
import { createHost } from "@hilum/host";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultPlugins } from "./default-plugins.ts";
import { run, workspace } from "./outside.test-support.ts";

let folder: string;
let input: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
  input = join(folder, "in");
  mkdirSync(input);
  saveFiles(input, scanSeries({ phases: 2 }).files);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the examples", () => {
  test("a program embeds the host", () => {
    const output = join(folder, "embedded");
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--conditions=hilum-source", join(workspace, "examples/embed.mjs"), input, output], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toContain("write dicom: ");
    expect(readdirSync(output)).toHaveLength(readdirSync(input).length);
  });

  test("a third-party plugin brings a processor and a job", async () => {
    const output = join(folder, "windowed.h5");
    const plugin = join(workspace, "examples/window-plugin.mjs");
    const { status, stderr } = run("hilum", "run", "window", input, output, "--plugin", plugin, "--set", "low=10", "--set", "high=20", "--quiet");
    expect([status, stderr]).toEqual([0, ""]);
    await using host = await createHost({ plugins: defaultPlugins });
    await using opened = await host.open(output);
    expect(opened.series[0]?.history).toMatchObject([{ processor: "window", config: { low: 10, high: 20 } }]);
  });
});
