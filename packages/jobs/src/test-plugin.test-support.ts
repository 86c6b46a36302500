import { definePlugin, NO_CONFIG, type FormatCodec, type HilumPlugin, type JobDefinition, type JobProcessor, type Source } from "@hilum/core";
import { createPhantom } from "@hilum/testing";

/** Columns, rows, slices of every test series. */
export const SIZE = [16, 8, 4] as const;
export const VOXELS = SIZE[0] * SIZE[1] * SIZE[2];

/** The text of an input file that reads as a series whose every voxel is `constant`. */
export function constantInput(constant: number): string {
  return `{"constant":${constant}}`;
}

/** The bytes that every job makes of a constant input: bare little-endian float32. */
export function constantOutput(constant: number): Buffer {
  const voxels = new Float32Array(VOXELS).fill(constant);
  return Buffer.from(voxels.buffer);
}

function contentOf(source: Source): string {
  const bytes = new Uint8Array(64);
  return new TextDecoder().decode(bytes.subarray(0, source.files[0]?.read(bytes, 0) ?? 0));
}

const constantCodec: FormatCodec = {
  id: "constant",
  title: "Constant test series",
  extensions: [".constant"],
  mediaTypes: [],
  reader: {
    options: NO_CONFIG,
    detect: (source) => source.kind === "file" && contentOf(source).startsWith('{"constant":'),
    open: (source) => {
      const { constant } = JSON.parse(contentOf(source)) as { constant: number };
      return Promise.resolve([createPhantom({ size: SIZE, content: () => constant })]);
    },
  },
};

/** Writes the voxels of all slabs as they come. */
function rawCodec(id: string, output: "file" | "directory", extension: string): FormatCodec {
  return {
    id,
    title: `Raw test ${output}`,
    extensions: [extension],
    mediaTypes: [],
    writer: {
      options: NO_CONFIG,
      output,
      async write(_request, slabs, sink) {
        let position = 0;
        let slab = 0;
        for await (const { voxels } of slabs) {
          const file = output === "file" ? await sink.file() : await sink.file(`slab-${slab++}`);
          await file.write(new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength), output === "file" ? position : 0);
          position += voxels.byteLength;
          await file.close();
        }
        return undefined;
      },
    },
  };
}

type Behaviour = () => void | Promise<void>;

function processor(id: string, behave: Behaviour): JobProcessor {
  return {
    id,
    title: `Test step ${id}`,
    config: NO_CONFIG as JobProcessor["config"],
    async run({ input, output }) {
      await behave();
      output.voxels.set(input.voxels.subarray(0, output.voxels.length));
    },
  };
}

const hoard: Float64Array[] = [];

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  copy: () => {},
  slow: () => new Promise((resolve) => setTimeout(resolve, 400)),
  "very-slow": () => new Promise((resolve) => setTimeout(resolve, 60_000)),
  exit: () => process.exit(3),
  segfault: () => void process.kill(process.pid, "SIGSEGV"),
  throw: () => {
    throw new Error("ZZCANARY^TESTPATIENT");
  },
  loop: () => {
    for (;;);
  },
  leak: async () => {
    for (;;) {
      hoard.push(new Float64Array(4 << 20).fill(1));
      await new Promise(setImmediate);
    }
  },
  talk: () => {
    process.stdout.write("ZZCANARY^TESTPATIENT\n");
    process.stderr.write("ZZCANARY^TESTPATIENT\n");
  },
};

const jobs: readonly JobDefinition[] = Object.keys(BEHAVIOURS).flatMap((name) => [
  { name, title: name, preprocess: [], process: [{ processor: name }], postprocess: [], output: { codec: "raw" } },
  { name: `${name}-directory`, title: name, preprocess: [], process: [{ processor: name }], postprocess: [], output: { codec: "raw-directory" } },
]);

/** Constant inputs, raw outputs, and one job for each way in which a process can behave. */
export const testPlugin: HilumPlugin = definePlugin({
  name: "jobs-test",
  version: "1.0.0",
  module: import.meta.url,
  codecs: [constantCodec, rawCodec("raw", "file", ".raw"), rawCodec("raw-directory", "directory", "")],
  processors: Object.entries(BEHAVIOURS).map(([id, behave]) => processor(id, behave)),
  jobs,
});
