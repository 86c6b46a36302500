import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Tokens, type FormatCodec, type HilumPlugin, type ImageSeries, type JobSpec, type Json, type SeriesWriter, type Slab } from "@hilum/core";
import { bindValue, createHost, openSource, type Host } from "@hilum/host";
import { memorySource } from "../memory-source.ts";
import { saveFiles, type NamedFile } from "../named-file.ts";
import { phantomPlugin } from "../phantom-codec.ts";
import { PHANTOM_INPUTS, type CodecInput } from "./codec-input.ts";
import { expectPhantomVoxels, expectRangesOfVoxels, expectSameFrames, expectSameGeometry } from "./expect-series.ts";
import { FOREIGN_SOURCES } from "./foreign-sources.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

/** A codec and what its laws need to know of it. */
export interface CodecUnderTest {
  /** The codec's id. */
  readonly codec: string;
  /** The plugin that brings the codec, and what else the inputs need. Phantoms can always be read. */
  readonly plugins: readonly HilumPlugin[];
  /** What is converted into the format; default phantoms of every shape. */
  readonly inputs?: readonly CodecInput[];
  /** Files of the template for an input, for writers that need one. */
  readonly templateFor?: (input: CodecInput) => readonly NamedFile[];
  /** Options of writing for the conversion. */
  readonly writeOptions?: { readonly [key: string]: Json };
  /** Largest difference of a voxel after writing and reading; default 0. */
  readonly voxelTolerance?: number;
  /** Whether Modality LUT and origin of each frame survive; default false. */
  readonly keepsFrames?: boolean;
}

/** Registers vitest tests: the laws that every codec that reads and writes has to keep. Call it at the top of a test file. */
export function describeCodec(subject: CodecUnderTest): void {
  const { codec: id, inputs = PHANTOM_INPUTS, voxelTolerance = 0, keepsFrames = false } = subject;

  describe(`codec laws: ${id}`, () => {
    describe.each(inputs.map((input) => [input.name, input] as const))("%s", (_, input) => {
      test("comes back as it went in: voxels, mask, geometry, phases", async () => {
        await using bench = await prepare(subject, input);
        await bench.run();
        await using opened = await bench.host.open(bench.output, { codec: id });
        expect(opened.series.length, "series").toBe(1);
        const series = opened.series[0] as ImageSeries;
        expectSameGeometry(series, input.expected);
        if (keepsFrames) expectSameFrames(series, input.expected);
        await expectPhantomVoxels(series, input.expected, voxelTolerance);
      });

      test("is read the same again, by slices, and backwards", async () => {
        await using bench = await prepare(subject, input);
        await bench.run();
        await using opened = await bench.host.open(bench.output, { codec: id });
        for (const series of opened.series) {
          await expectPhantomVoxels(series, input.expected, voxelTolerance, { slabSlices: 1, backwards: true });
          await expectPhantomVoxels(series, input.expected, voxelTolerance, { slabSlices: 2 });
          await expectPhantomVoxels(series, input.expected, voxelTolerance, { slabSlices: 3, backwards: true });
        }
        expect(opened.series.length).toBe(1);
      });

      test("tells the ranges that its voxels have, where it tells any", async () => {
        await using bench = await prepare(subject, input);
        await bench.run();
        await using opened = await bench.host.open(bench.output, { codec: id });
        for (const series of opened.series) await expectRangesOfVoxels(series);
        expect(opened.series.length).toBe(1);
      });

      test("becomes the same bytes whatever the slab depth", async () => {
        const written: (readonly NamedFile[])[] = [];
        for (const slabSlices of [1, 2, 3, input.expected.volume.geometry.size[2]]) {
          await using bench = await prepare(subject, input, { slabSlices });
          await bench.run();
          written.push(contentOf(bench.output));
        }
        for (const other of written.slice(1)) {
          expect(other.map(({ name }) => name)).toEqual(written[0]?.map(({ name }) => name));
          expect(
            other.filter(({ bytes }, index) => Buffer.compare(bytes, written[0]?.[index]?.bytes ?? new Uint8Array(0)) !== 0).length,
            "files that differ",
          ).toBe(0);
        }
        expect(written[0]?.length).toBeGreaterThan(0);
      });
    });

    const [input] = inputs;
    if (input === undefined) throw new TypeError("a codec needs at least one input");

    test("claims what it wrote, by content", async () => {
      await using bench = await prepare(subject, input);
      await bench.run();
      const source = openSource(bench.output);
      expect(await bench.codec().reader?.detect(source)).toBe(true);
      for (const file of source.files) file.close();
    });

    test.each(FOREIGN_SOURCES)("claims nothing of %s", async (_, kind, files) => {
      await using bench = await prepare(subject, input);
      expect(await bench.codec().reader?.detect(memorySource(files, { kind }))).toBe(false);
    });

    test("leaves nothing when a job is cancelled in the middle", async () => {
      const stop = new AbortController();
      const reason = new Error("cancelled by the test");
      await using bench = await prepare(subject, input, {
        slabSlices: 1,
        watchWriter: (moment) => moment === "first slab" && stop.abort(reason),
      });
      const before = bench.listing();
      await expect(bench.run(stop.signal)).rejects.toBe(reason);
      expect(bench.listing()).toEqual(before);
    });

    test.each(["first slab", "end"] as const)("leaves nothing when writing fails after the %s", async (failAt) => {
      await using bench = await prepare(subject, input, {
        slabSlices: 1,
        watchWriter: (moment) => {
          if (moment === failAt) throw new Error("broken by the test");
        },
      });
      const before = bench.listing();
      await expect(bench.run()).rejects.toMatchObject({ code: "INTERNAL" });
      expect(bench.listing()).toEqual(before);
    });
  });
}

/** Called when the writer is done with its first slab, and when it has returned; what it throws, the host gets. */
type WriterWatcher = (moment: "first slab" | "end") => unknown;

interface BenchOptions {
  readonly slabSlices?: number;
  readonly watchWriter?: WriterWatcher;
}

interface Bench extends AsyncDisposable {
  readonly host: Host;
  readonly output: string;
  codec(): FormatCodec;
  run(signal?: AbortSignal): Promise<unknown>;
  /** Every entry beside and below the output, hidden ones too. */
  listing(): readonly string[];
}

/** A host with the codec, the input on disk, and a place for the output. */
async function prepare(subject: CodecUnderTest, input: CodecInput, options: BenchOptions = {}): Promise<Bench> {
  const directory = temporaryDirectory();
  const watcher = options.watchWriter;
  const host = await createHost({
    plugins: [phantomPlugin, ...subject.plugins].map((plugin) => (watcher === undefined ? plugin : watched(plugin, subject.codec, watcher))),
    bind: [bindValue(Tokens.Clock, { now: () => new Date(Date.UTC(2026, 0, 2, 3, 4, 5)) })],
    ...(options.slabSlices === undefined ? {} : { slabSlices: options.slabSlices }),
  });
  const codec = (): FormatCodec => host.codecs.get(subject.codec);
  const inputDirectory = saveFiles(join(directory.path, "input"), input.files);
  const templateFiles = subject.templateFor?.(input);
  const output = join(saveFiles(join(directory.path, "output"), []), `made${codec().extensions[0] ?? ""}`);
  const spec: JobSpec = {
    name: "convert",
    input: { path: input.kind === "file" ? join(inputDirectory, input.files[0]?.name ?? "") : inputDirectory },
    steps: [],
    output: {
      path: output,
      codec: subject.codec,
      ...(subject.writeOptions === undefined ? {} : { options: subject.writeOptions }),
      ...(templateFiles === undefined ? {} : { template: saveFiles(join(directory.path, "template"), templateFiles) }),
    },
  };
  return {
    host,
    output,
    codec,
    run: (signal) => host.run(spec, signal === undefined ? {} : { signal }),
    listing: () => readdirSync(directory.path, { recursive: true, encoding: "utf8" }).toSorted(),
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

/** The plugin with a watcher between the host and the writer of one codec. */
function watched(plugin: HilumPlugin, id: string, watcher: WriterWatcher): HilumPlugin {
  const change = (codecs: readonly FormatCodec[]): readonly FormatCodec[] =>
    codecs.map((codec) => (codec.id === id && codec.writer !== undefined ? { ...codec, writer: watchedWriter(codec.writer, watcher) } : codec));
  const { setup } = plugin;
  return {
    ...plugin,
    codecs: change(plugin.codecs ?? []),
    ...(setup === undefined
      ? {}
      : {
          setup: (resolved) => {
            const added = setup(resolved);
            return { ...added, codecs: change(added.codecs ?? []) };
          },
        }),
  };
}

function watchedWriter(writer: SeriesWriter, watcher: WriterWatcher): SeriesWriter {
  async function* watchedSlabs(slabs: AsyncIterable<Slab>): AsyncGenerator<Slab> {
    let first = true;
    for await (const slab of slabs) {
      yield slab;
      if (first) watcher("first slab");
      first = false;
    }
  }
  // A writer may be an object with a prototype, so its methods are called on it and never copied.
  return new Proxy(writer, {
    get: (target, key) => {
      if (key === "write")
        return async (...[request, slabs, ...rest]: Parameters<SeriesWriter["write"]>) => {
          const summary = await target.write(request, watchedSlabs(slabs), ...rest);
          watcher("end");
          return summary;
        };
      const member: unknown = Reflect.get(target, key);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

function contentOf(path: string): readonly NamedFile[] {
  if (statSync(path).isFile()) return [{ name: "", bytes: readFileSync(path) }];
  return readdirSync(path)
    .toSorted()
    .map((name) => ({ name, bytes: readFileSync(join(path, name)) }));
}
