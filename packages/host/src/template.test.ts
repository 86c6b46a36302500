import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HilumError, type FormatCodec, type ImageSeries, type JobSpec, type SeriesSpec, type Source, type WriteRequest } from "@hilum/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createHost } from "./host.ts";
import { formulaSeries, rawCodec, testPlugin } from "./raw-codec.test-support.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
  writeFileSync(join(folder, "in.json"), JSON.stringify({ phases: 1, slices: 2 }));
  mkdirSync(join(folder, "headers"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A codec that writes with a template, and what it was asked for. */
function templateCodec(fails = false) {
  const asked: { series: SeriesSpec; source: Source | undefined }[] = [];
  const written: WriteRequest[] = [];
  const made: ImageSeries[] = [];
  const disposed: ImageSeries[] = [];
  const codec: FormatCodec = {
    id: "headed",
    title: "Headed test volume",
    extensions: [".headed"],
    mediaTypes: [],
    writer: {
      ...(rawCodec().writer as NonNullable<FormatCodec["writer"]>),
      async openTemplate(series, source) {
        asked.push({ series, source });
        if (fails) throw new HilumError("INVALID_JOB", "Too little.");
        const template: ImageSeries = { ...formulaSeries(1, 2), [Symbol.asyncDispose]: async () => void disposed.push(template) };
        made.push(template);
        return template;
      },
      check: (request) => {
        written.push(request);
        return [];
      },
    },
  };
  return { codec, asked, written, made, disposed };
}

function specOf(template?: string): JobSpec {
  return { name: "test", input: { path: join(folder, "in.json") }, steps: [], output: { path: join(folder, "out.headed"), ...(template === undefined ? {} : { template }) } };
}

test("a writer with templates opens one of the directory that is given, and it is disposed of when the job has ended", async () => {
  const { codec, asked, written, made, disposed } = templateCodec();
  await (await createHost({ plugins: [testPlugin({ codecs: [rawCodec(), codec] })] })).run(specOf(join(folder, "headers")));
  expect(asked.map(({ source }) => source?.path)).toEqual([join(folder, "headers")]);
  expect(asked[0]?.series.frames).toHaveLength(2);
  expect(written[0]?.template).toBe(made[0]);
  expect(disposed).toEqual(made);
});

test("without a directory it has to make one of what the input carries, and the job fails before anything is written where it cannot", async () => {
  const { codec, asked, written, made } = templateCodec();
  await (await createHost({ plugins: [testPlugin({ codecs: [rawCodec(), codec] })] })).run(specOf());
  expect(asked.map(({ source }) => source)).toEqual([undefined]);
  expect(written[0]?.template).toBe(made[0]);

  const failing = templateCodec(true);
  const host = await createHost({ plugins: [testPlugin({ codecs: [rawCodec(), failing.codec] })] });
  await expect(host.run({ ...specOf(), output: { path: join(folder, "more.headed") } })).rejects.toMatchObject({ code: "INVALID_JOB" });
  expect(failing.written).toEqual([]);
});

test("an input of the writer's own format is its own template", async () => {
  const { codec, asked, written } = templateCodec();
  const { reader } = rawCodec();
  const host = await createHost({ plugins: [testPlugin({ codecs: [{ ...codec, ...(reader && { reader }) }] })] });
  await host.run(specOf());
  expect(asked).toEqual([]);
  expect(written[0]?.template?.frames).toHaveLength(2);
});

test("a writer without templates takes none", async () => {
  const host = await createHost({ plugins: [testPlugin({ codecs: [rawCodec()] })] });
  await expect(host.run({ ...specOf(join(folder, "headers")), output: { path: join(folder, "out.raw"), template: join(folder, "headers") } })).rejects.toMatchObject({ code: "USAGE" });
});
