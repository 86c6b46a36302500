import { crc32 } from "node:zlib";
import type { CodecContext, Sink, SinkFile, Slab, WriteRequest, WriteSummary } from "@hilum/core";
import type { DicomInstance } from "../series/dicom-instance.ts";
import type { ExpectedInstance, ExpectedSeries } from "./gate/expected-series.ts";
import { ruleBroken } from "./gate/rule.ts";
import { matchTemplate } from "./match-template.ts";
import { createSeriesAssembler, createWorkingMemory, type PreparedInstance, type WorkingMemory } from "./series-assembler.ts";
import type { DicomWriteOptions } from "./write-options.ts";

/** Files that stay open until the gate has read them; those of longer series are opened again. */
const MAX_OPEN_FILES = 256;

/** Files that are written at one time, each from buffers of its own, while the next is being made. */
const FILES_IN_FLIGHT = 4;

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
  const match = matchTemplate(series, template, options.rescale);
  const fitting = options.rescale === "template-range" ? undefined : (await import("./fitting.ts")).fittingFor(options.rescale);
  const assembler = createSeriesAssembler({ series, match, options, jobTime: context.jobTime, fitting });
  const slices = series.volume.geometry.size[2];
  const memories = Array.from({ length: FILES_IN_FLIGHT }, createWorkingMemory);
  const inFlight: Promise<void>[] = [];
  const written: HeadlessFile[] = [];
  const writeOut = async (index: number, name: string, instance: PreparedInstance): Promise<void> => {
    const file = await sink.file(name);
    const head = Buffer.from(instance.head);
    await file.write(instance.body, head.length);
    const staysOpen = index < MAX_OPEN_FILES;
    if (!staysOpen) await file.close();
    written[index] = { head, expected: { ...instance.expected, name }, ...(staysOpen ? { file } : {}) };
  };
  try {
    let index = 0;
    for await (const slab of slabs) {
      for (let k = slab.start; k < slab.start + slab.count; k++) {
        context.signal.throwIfAborted();
        const frame = slab.phase * slices + k;
        const instance = match.instances[frame];
        if (instance === undefined) continue;
        const lane = index % FILES_IN_FLIGHT;
        await inFlight[lane];
        const comesBack = instance.pixel.encapsulated && fitting === undefined && slab.sliceMask(k)?.includes(1) === true;
        const decoded = comesBack ? await decodedPixels(instance) : undefined;
        const prepared = assembler.prepare(frame, slab, k, memories[lane] as WorkingMemory, decoded);
        inFlight[lane] = writeOut(index, fileName(slab.phase, k), prepared);
        // Awaited above or below; until then a failure is not an unhandled one.
        inFlight[lane].catch(() => {});
        index++;
      }
    }
  } finally {
    // Nothing may still be writing when the host takes the files away.
    await Promise.allSettled(inFlight);
  }
  await Promise.all(inFlight);
  if (written.length !== match.instances.filter((instance) => instance !== undefined).length) throw ruleBroken("every frame of the series is written");
  const seriesInstanceUID = assembler.seriesInstanceUID();
  const complete = async (headless: HeadlessFile): Promise<void> => {
    const { head, expected, file: open } = headless;
    const file = open ?? (await sink.file(expected.name));
    head.write(seriesInstanceUID, head.length - seriesInstanceUID.length, "latin1");
    headless.expected = { ...expected, checksums: { ...expected.checksums, head: crc32(head) } };
    await file.write(head, 0);
    if (open === undefined) await file.close();
  };
  for (let first = 0; first < written.length; first += FILES_IN_FLIGHT) {
    context.signal.throwIfAborted();
    const completing = written.slice(first, first + FILES_IN_FLIGHT).map(complete);
    await Promise.allSettled(completing);
    await Promise.all(completing);
  }
  const open = new Map(written.flatMap(({ expected, file }) => (file === undefined ? [] : [[expected.name, file] as const])));
  return {
    expected: { seriesInstanceUID, instances: written.map(({ expected }) => expected) },
    openAgain: async (name) => open.get(name) ?? sink.file(name),
    facts: { instances: written.length, ...assembler.counts, rescale: options.rescale },
  };
}

/** The stored pixels of a template instance as a native file holds them, from its fragments. */
async function decodedPixels(instance: DicomInstance): Promise<Uint8Array> {
  const { readStored } = await import("../pixels/read-stored.ts");
  const { bitsAllocated, bitsStored, highBit } = instance.pixel;
  const samples = await readStored(instance);
  const bytes = Buffer.alloc((samples.length * bitsAllocated) / 8);
  const lowest = highBit + 1 - bitsStored;
  for (const [i, sample] of samples.entries())
    if (bitsAllocated === 8) bytes[i] = sample << lowest;
    else bytes.writeUInt16LE((sample << lowest) & 0xffff, 2 * i);
  return bytes;
}

/** Says phase and slice (from 1) and nothing of any tag: a file can never be called after a patient. */
function fileName(phase: number, slice: number): string {
  return `IM-${`${phase + 1}`.padStart(2, "0")}-${`${slice + 1}`.padStart(4, "0")}.dcm`;
}
