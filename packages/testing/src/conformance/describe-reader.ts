import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { HilumPlugin, ImageSeries, Json } from "@hilum/core";
import { createHost, openSource, type Host } from "@hilum/host";
import { memorySource } from "../memory-source.ts";
import { saveFiles } from "../named-file.ts";
import type { CodecInput } from "./codec-input.ts";
import { expectPhantomVoxels, expectSameFrames, expectSameGeometry } from "./expect-series.ts";
import { FOREIGN_SOURCES } from "./foreign-sources.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

/** A codec that reads, and sources of its format. */
export interface ReaderUnderTest {
  /** The codec's id. */
  readonly codec: string;
  readonly plugins: readonly HilumPlugin[];
  /** Sources of the codec's own format, made by something else than the codec, with one series each. */
  readonly inputs: readonly CodecInput[];
  /** Options of reading. */
  readonly readOptions?: { readonly [key: string]: Json };
}

/** Registers vitest tests: the laws that every codec that reads has to keep. Call it at the top of a test file. */
export function describeReader(subject: ReaderUnderTest): void {
  const { codec: id, plugins, inputs } = subject;

  describe(`reader laws: ${id}`, () => {
    describe.each(inputs.map((input) => [input.name, input] as const))("%s", (_, input) => {
      test("is claimed by content", async () => {
        await using opened = await openInput(subject, input);
        const source = openSource(opened.path);
        expect(await opened.host.codecs.get(id).reader?.detect(source)).toBe(true);
        for (const file of source.files) file.close();
      });

      test("is read as it was made: geometry, phases, frames, voxels, mask", async () => {
        await using opened = await openInput(subject, input);
        expect(opened.series.length, "series").toBe(1);
        const series = opened.series[0] as ImageSeries;
        expectSameGeometry(series, input.expected);
        expectSameFrames(series, input.expected);
        await expectPhantomVoxels(series, input.expected, 0);
      });

      test("is read the same again, by slices, and backwards", async () => {
        await using opened = await openInput(subject, input);
        expect(opened.series.length, "series").toBe(1);
        const series = opened.series[0] as ImageSeries;
        await expectPhantomVoxels(series, input.expected, 0, { slabSlices: 1, backwards: true });
        await expectPhantomVoxels(series, input.expected, 0, { slabSlices: 2 });
        await expectPhantomVoxels(series, input.expected, 0, { slabSlices: 3, backwards: true });
      });
    });

    test.each(FOREIGN_SOURCES)("claims nothing of %s", async (_, kind, files) => {
      await using host = await createHost({ plugins });
      expect(await host.codecs.get(id).reader?.detect(memorySource(files, { kind }))).toBe(false);
    });
  });
}

interface OpenedInput extends AsyncDisposable {
  readonly host: Host;
  readonly path: string;
  readonly series: readonly ImageSeries[];
}

async function openInput({ codec, plugins, readOptions }: ReaderUnderTest, input: CodecInput): Promise<OpenedInput> {
  await using resources = new AsyncDisposableStack();
  const directory = resources.use(temporaryDirectory());
  saveFiles(directory.path, input.files);
  const path = input.kind === "file" ? join(directory.path, input.files[0]?.name ?? "") : directory.path;
  const host = resources.use(await createHost({ plugins }));
  const { series } = resources.use(await host.open(path, { codec, ...(readOptions === undefined ? {} : { options: readOptions }) }));
  const kept = resources.move();
  return { host, path, series, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
