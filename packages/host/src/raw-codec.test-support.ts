import {
  definePlugin,
  HilumError,
  IDENTITY_MAP,
  NO_CONFIG,
  type FormatCodec,
  type Frame,
  type HilumPlugin,
  type ImageSeries,
  type JobProcessor,
  type Slab,
  type Source,
  type WriteRequest,
} from "@hilum/core";

/** How often each slice was read, by "phase.slice". */
export type ReadCounts = Map<string, number>;

/** The voxel of the test series: every index counts, so that a swapped or shifted axis shows. */
export function valueAt(phase: number, k: number, j: number, i: number): number {
  return phase * 1000 + k * 100 + j * 10 + i;
}

export const COLUMNS = 3;
export const ROWS = 2;

/** A file that holds `{"phases":P,"slices":K}` (and `"indexed":true` for indices into a palette) reads as a series of that size; a written file is the bare float32 voxels. */
export function rawCodec(counts: ReadCounts = new Map(), seen: { request?: WriteRequest } = {}): FormatCodec {
  return {
    id: "raw",
    title: "Raw test volume",
    extensions: [".raw"],
    mediaTypes: [],
    reader: {
      options: NO_CONFIG,
      detect: (source) => source.kind === "file" && source.files[0]?.name.endsWith(".json") === true,
      async open(source) {
        const file = source.files[0];
        if (file === undefined) return [];
        const bytes = new Uint8Array(file.size);
        file.read(bytes, 0);
        file.close();
        const { phases, slices, indexed } = JSON.parse(new TextDecoder().decode(bytes)) as { phases: number; slices: number; indexed?: boolean };
        const series = formulaSeries(phases, slices, counts);
        return [indexed === undefined ? series : { ...series, volume: { ...series.volume, voxel: { ...series.volume.voxel, indexed } } }];
      },
    },
    writer: {
      options: NO_CONFIG,
      output: "file",
      sidecar: true,
      async write(request, slabs, sink) {
        seen.request = request;
        const file = await sink.file();
        let position = 0;
        for await (const slab of slabs) {
          await file.write(new Uint8Array(slab.voxels.buffer, slab.voxels.byteOffset, slab.voxels.byteLength), position);
          position += slab.voxels.byteLength;
        }
        await sink.sidecar?.write(new TextEncoder().encode("{}"), 0);
        await file.close();
        return { facts: { bytes: position } };
      },
    },
  };
}

/**
 * A codec of directories: each file "UID.json" is a part that opens as the series that it describes, several where it holds
 * several; `"fault"` in place of a size is a fault, and any other file is no image.
 */
export function treeCodec(opened: string[] = [], disposed: string[] = []): FormatCodec {
  const textOf = ({ files: [file] }: Source): string => {
    const bytes = new Uint8Array(file?.size ?? 0);
    file?.read(bytes, 0);
    return new TextDecoder().decode(bytes);
  };
  return {
    id: "tree",
    title: "Test tree",
    extensions: [],
    mediaTypes: [],
    reader: {
      options: NO_CONFIG,
      detect: (source) => source.kind === "directory",
      async divide(source) {
        return source.files.map((file) => ({
          source: { ...source, files: [file] },
          metadata: file.name.endsWith(".json") ? { seriesInstanceUID: file.name.slice(0, -".json".length) } : {},
        }));
      },
      async open(source, _options, context) {
        const [file] = source.files;
        const seriesInstanceUID = (file?.name ?? "").replace(/\.json$/, "");
        opened.push(seriesInstanceUID);
        if (!file?.name.endsWith(".json")) throw new HilumError("UNRECOGNIZED_FORMAT", "No image.", { details: { skipped: { "no test file": source.files.length } } });
        const said = JSON.parse(textOf(source)) as "fault" | readonly { readonly phases: number; readonly slices: number }[];
        if (said === "fault") throw new HilumError("IRREGULAR_GEOMETRY", "A slice is missing.");
        context.warn({ code: "LOOK", message: "Look." });
        return said.map(({ phases, slices }) => ({
          ...formulaSeries(phases, slices),
          metadata: { seriesInstanceUID },
          [Symbol.asyncDispose]: async () => void disposed.push(seriesInstanceUID),
        }));
      },
    },
  };
}

/** A series whose voxels follow {@link valueAt}. */
export function formulaSeries(phases: number, slices: number, counts: ReadCounts = new Map()): ImageSeries {
  const frames = Array.from({ length: phases * slices }, (_, n): Frame => ({
    phase: Math.floor(n / slices),
    slice: n % slices,
    imagePosition: [0, 0, n % slices],
    toReal: IDENTITY_MAP,
    modalityLut: IDENTITY_MAP,
    derivedFrom: [],
    values: {},
  }));
  return {
    metadata: {},
    volume: {
      geometry: { size: [COLUMNS, ROWS, slices], spacing: [1, 1, 1], origin: [0, 0, 0], direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] },
      voxel: { componentType: "float32", samplesPerVoxel: 1 },
      masked: false,
    },
    phaseKey: "none",
    phases: Array.from({ length: phases }, (_, n) => ({ label: String(n) })),
    frames,
    history: [],
    attributes: () => ({ shared: {}, perFrame: frames.map(() => ({})) }),
    read(into) {
      for (let k = into.start; k < into.start + into.count; k++) {
        const key = `${into.phase}.${k}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
        const slice = into.slice(k);
        for (let j = 0; j < ROWS; j++) for (let i = 0; i < COLUMNS; i++) slice[j * COLUMNS + i] = valueAt(into.phase, k, j, i);
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Adds a constant, looking at `halo` slices on both sides: each output is the sum of the neighbourhood that exists. */
export function sumOfNeighbours(halo: number): JobProcessor<Record<string, never>> {
  return {
    id: "sum-of-neighbours",
    title: "Sum of neighbouring slices",
    config: NO_CONFIG,
    inputSlices: (output) => ({ start: output.start - halo, count: output.count + 2 * halo }),
    run({ input, output, spec }) {
      for (let k = output.start; k < output.start + output.count; k++) {
        const slice = output.slice(k).fill(0);
        for (let n = Math.max(0, k - halo); n <= Math.min(spec.geometry.size[2] - 1, k + halo); n++)
          input.slice(n).forEach((value, at) => (slice[at] = (slice[at] as number) + value));
      }
    },
  };
}

/** Subtracts the mean of the scope; can be undone. */
export function centre(scope: "slice" | "phase" | "series"): JobProcessor<Record<string, never>, readonly [number, number], number> {
  const each = (from: Slab, to: Slab, change: (k: number) => number): void => {
    for (let k = to.start; k < to.start + to.count; k++) {
      const slice = to.slice(k);
      from.slice(k).forEach((value, at) => (slice[at] = value + change(k)));
    }
  };
  return {
    id: "centre",
    title: "Subtract the mean",
    config: NO_CONFIG,
    measure: {
      scope: () => scope,
      slice: (input, k) => [input.slice(k).reduce((sum, value) => sum + value, 0), input.sliceLength],
      fold: (stats) => stats.reduce((sum, [one]) => sum + one, 0) / stats.reduce((sum, [, count]) => sum + count, 0),
      range: () => [0, 1],
    },
    run: ({ input, output, measured }) => each(input, output, (k) => -measured(k)),
    undo: ({ input, output, measured }) => each(input, output, (k) => measured(k)),
    toInput: (mean) => ({ scale: 1, offset: mean }),
  };
}

/** A plugin of the codec and some processors. */
export function testPlugin(contributions: Partial<HilumPlugin>): HilumPlugin {
  return definePlugin({ name: "test", version: "1.0.0", module: import.meta.url, ...contributions } as Parameters<typeof definePlugin>[0]);
}
