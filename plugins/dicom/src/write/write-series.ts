import { crc32 } from "node:zlib";
import type { CodecContext, Sink, SinkFile, Slab, WriteRequest, WriteSummary } from "@hilum/core";
import type { ExpectedInstance, ExpectedSeries } from "./gate/expected-series.ts";
import { ruleBroken } from "./gate/rule.ts";
import { matchTemplate } from "./match-template.ts";
import type { OutputFrame, OutputInstance } from "./output-instances.ts";
import { encapsulatedValue, joinedValue, nativeValue, type PixelPart, type PixelValue } from "./pixel-value.ts";
import { createSeriesAssembler, createWorkingMemory, type SeriesAssembler, type SeriesAssembly, type PreparedInstance, type StoredFrame, type WorkingMemory } from "./series-assembler.ts";
import { isWide } from "./quantise.ts";
import type { DicomWriteOptions } from "./write-options.ts";

/** Files that stay open until the gate has read them; those of longer series are opened again. */
const MAX_OPEN_FILES = 256;

/** Frames that are written at one time, each from buffers of its own, while the next is being made. */
const FRAMES_IN_FLIGHT = 4;

/** An instance that is being written. */
interface BegunInstance {
  /** Its place among the outputs. */
  readonly index: number;
  readonly output: OutputInstance;
  /** What was stored so far, in order of Frame Number. */
  readonly frames: (StoredFrame | undefined)[];
  missing: number;
  readonly value: PixelValue;
  /** Where the pixels go; known with the first frame. */
  pixelsAt?: number;
  file?: Promise<SinkFile>;
}

/** A file that waits for its head, which ends with the Series Instance UID. */
interface HeadlessFile {
  readonly head: Buffer;
  expected: ExpectedInstance;
  /** Absent where the file was closed meanwhile. */
  readonly file?: SinkFile;
}

/** A series that is written whole, and that nobody has read back. */
export interface WrittenSeries {
  readonly expected: ExpectedSeries;
  /** Gives the file of a name, to be read and closed. */
  openAgain(name: string): Promise<SinkFile>;
  readonly facts: NonNullable<WriteSummary["facts"]>;
}

/** Writes the files of a derived series; those of frames that stand for a missing slice are left out. */
export async function writeSeries(
  { series, template, options }: WriteRequest<DicomWriteOptions>,
  slabs: AsyncIterable<Slab>,
  sink: Sink,
  context: Pick<CodecContext, "jobTime" | "signal">,
): Promise<WrittenSeries> {
  const match = matchTemplate(series, template, options);
  const compressor = options.compress === undefined ? undefined : await (await import("./compression.ts")).createCompressor(options.compress);
  const assembler = await assemblerFor({ series, match, options, jobTime: context.jobTime });
  const slices = series.volume.geometry.size[2];
  const places = placesOf(assembler.outputs, compressor === undefined ? nativeValueOf : (output) => encapsulatedValue(output.frames.length));
  const memories = Array.from({ length: FRAMES_IN_FLIGHT }, createWorkingMemory);
  const inFlight: Promise<void>[] = [];
  const written: HeadlessFile[] = [];
  const writeOut = async (begun: BegunInstance, parts: readonly PixelPart[], pixelsAt: number, prepared: PreparedInstance | undefined): Promise<void> => {
    const { index, output, value } = begun;
    const file = await (begun.file ??= sink.file(output.name));
    for (const { bytes, at } of parts) await file.write(bytes, pixelsAt + at);
    if (prepared === undefined) return;
    const head = Buffer.from(prepared.head);
    await file.write(prepared.middle, head.length);
    if (prepared.tail.length > 0) await file.write(prepared.tail, pixelsAt + value.length);
    const staysOpen = index < MAX_OPEN_FILES;
    if (!staysOpen) await file.close();
    written[index] = { head, expected: prepared.expected, ...(staysOpen ? { file } : {}) };
  };
  let count = 0;
  try {
    for await (const slab of slabs) {
      for (let k = slab.start; k < slab.start + slab.count; k++) {
        context.signal.throwIfAborted();
        const place = places.get(slab.phase * slices + k);
        if (place === undefined) continue;
        const { begun, number } = place;
        const { output, frames } = begun;
        const frame = output.frames[number] as OutputFrame;
        const lane = count++ % FRAMES_IN_FLIGHT;
        await inFlight[lane];
        const memory = memories[lane] as WorkingMemory;
        // Colours have no padding. What was made of attributes has no pixels: there a masked voxel holds the real value of what its source stored.
        const { attributes, pixel } = frame.template;
        const isPadded = pixel.samplesPerPixel === 1 && slab.sliceMask(k)?.includes(1) === true;
        const comesBack = options.rescale === "template-range" && attributes === undefined && (isPadded || isWide(pixel));
        const kept = comesBack ? await (await import("./template-pixels.ts")).templatePixels(frame.template) : undefined;
        const stored = assembler.store(frame, slab, k, memory, kept);
        if (frames[number] !== undefined) throw new RangeError("a frame came twice");
        frames[number] = stored;
        const isWhole = --begun.missing === 0;
        const prepared = isWhole ? assembler.prepare(output, frames as [StoredFrame, ...StoredFrame[]], memory) : undefined;
        const pixelsAt = (begun.pixelsAt ??= prepared?.pixelsAt ?? assembler.placePixels(output, stored, memory));
        // Nobody may still be writing to a file that is closed.
        if (isWhole && frames.length > 1) await Promise.all(inFlight);
        const parts = begun.value.add(number, compressor?.(frame.template, stored.form.format, memory.pixels) ?? memory.pixels);
        inFlight[lane] = writeOut(begun, parts, pixelsAt, prepared);
        // Awaited above or below; until then a failure is not an unhandled one.
        inFlight[lane].catch(() => {});
      }
    }
  } finally {
    // Nothing may still be writing when the host takes the files away.
    await Promise.allSettled(inFlight);
  }
  await Promise.all(inFlight);
  if (count !== places.size) throw ruleBroken("every frame of the series is written");
  const seriesInstanceUID = assembler.seriesInstanceUID();
  const complete = async (headless: HeadlessFile): Promise<void> => {
    const { head, expected, file: open } = headless;
    const file = open ?? (await sink.file(expected.name));
    head.write(seriesInstanceUID, head.length - seriesInstanceUID.length, "latin1");
    headless.expected = { ...expected, checksums: { ...expected.checksums, head: crc32(head) } };
    await file.write(head, 0);
    if (open === undefined) await file.close();
  };
  for (let first = 0; first < written.length; first += FRAMES_IN_FLIGHT) {
    context.signal.throwIfAborted();
    const completing = written.slice(first, first + FRAMES_IN_FLIGHT).map(complete);
    await Promise.allSettled(completing);
    await Promise.all(completing);
  }
  const open = new Map(written.flatMap(({ expected, file }) => (file === undefined ? [] : [[expected.name, file] as const])));
  return {
    expected: { seriesInstanceUID, instances: written.map(({ expected }) => expected) },
    openAgain: async (name) => open.get(name) ?? sink.file(name),
    facts: { instances: written.length, ...assembler.counts, rescale: options.rescale, ...(options.compress === undefined ? {} : { compress: options.compress }) },
  };
}

/** Most series need no more than the first of these. */
async function assemblerFor(assembly: SeriesAssembly): Promise<SeriesAssembler> {
  const { rescale } = assembly.options;
  if (rescale === "template-range") return createSeriesAssembler(assembly);
  if (rescale === "float") return (await import("./map-assembler.ts")).createMapAssembler(assembly);
  return createSeriesAssembler({ ...assembly, fitting: (await import("./fitting.ts")).fittingFor(rescale) });
}

/** Native Pixel Data of an instance. */
function nativeValueOf({ frames }: OutputInstance): PixelValue {
  const { size, pixel } = frames[0].template;
  return pixel.bitsAllocated === 1 ? joinedValue(size[0] * size[1], frames.length) : nativeValue();
}

/** For each frame of the series, by its row, the instance that it goes into and its place in that. */
function placesOf(outputs: readonly OutputInstance[], createValue: (output: OutputInstance) => PixelValue): ReadonlyMap<number, { readonly begun: BegunInstance; readonly number: number }> {
  const places = new Map<number, { readonly begun: BegunInstance; readonly number: number }>();
  for (const [index, output] of outputs.entries()) {
    const value = createValue(output);
    const begun: BegunInstance = { index, output, frames: Array.from({ length: output.frames.length }, () => undefined), missing: output.frames.length, value };
    for (const [number, { row }] of output.frames.entries()) places.set(row, { begun, number });
  }
  return places;
}
