import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Frame, SeriesSpec, Slab } from "@hilum/core";
import { isSubsampled } from "../pixels/unpack.ts";
import { UNDEFINED_LENGTH } from "../scan/element-header.ts";
import { createElementTable } from "../scan/element-table.ts";
import { isLossySyntax } from "../scan/transfer-syntaxes.ts";
import { assembledBound, assembleFile, type AssembledFile } from "./assemble-file.ts";
import { describeDerivation } from "./derivation-text.ts";
import { deriveUid, PLACEHOLDER_UID } from "./derive-uid.ts";
import { derivedEdits, EncodedOnce } from "./derived-attributes.ts";
import type { Fitting } from "./fitting.ts";
import type { ExpectedFrame, ExpectedInstance } from "./gate/expected-series.ts";
import { laySamples } from "./lay-samples.ts";
import type { TemplateMatch } from "./match-template.ts";
import type { OutputFrame, OutputInstance } from "./output-instances.ts";
import { processingOf } from "./processing.ts";
import { quantise, type KeptPixels, type QuantiseCounts, type StoredRange } from "./quantise.ts";
import { sourcesOf } from "./source-instances.ts";
import { templateForm, type StoredForm } from "./stored-form.ts";
import { readTemplateFile, type TemplateMemory } from "./template-file.ts";
import type { DicomWriteOptions } from "./write-options.ts";
import { writtenSyntaxUID } from "./written-syntax.ts";

/** Buffers for one frame and one header at a time. */
export interface WorkingMemory extends TemplateMemory {
  /** The stored values of the frame that was quantised last, side by side. */
  samples: Uint8Array;
  /** The same as they lie in the file: the very same bytes where they lie there side by side. */
  pixels: Uint8Array;
  output: Buffer;
}

/** Empty buffers, which grow as needed. */
export function createWorkingMemory(): WorkingMemory {
  return { template: Buffer.alloc(0), samples: new Uint8Array(0), pixels: new Uint8Array(0), output: Buffer.alloc(0), table: createElementTable() };
}

/** What is known of a frame whose pixels were quantised. */
export interface StoredFrame extends ExpectedFrame {
  readonly range: StoredRange;
  /** SHA-256 of its stored values, hexadecimal. */
  readonly digest: string;
}

/** A file to be written but for its pixels; its bytes lie in working memory. */
export interface PreparedInstance {
  /** Everything up to the end of the Series Instance UID, which is not known yet: a {@link PLACEHOLDER_UID} stands there. */
  readonly head: Uint8Array;
  /** What goes behind the head, up to the pixels. */
  readonly middle: Uint8Array;
  /** What goes behind the pixels. */
  readonly tail: Uint8Array;
  /** Where the pixels go, bytes from the start of the file. */
  readonly pixelsAt: number;
  /** What the gate has to find; the checksum of the head follows when that is known. */
  readonly expected: ExpectedInstance;
}

/** What was done to the voxels of a series so far. */
export interface SeriesCounts extends QuantiseCounts {
  /** Range of the slopes that stored values were made with, real units. */
  smallestSlope: number;
  largestSlope: number;
}

/** What a series is made of. */
export interface SeriesAssembly {
  readonly series: SeriesSpec;
  readonly match: TemplateMatch;
  readonly options: DicomWriteOptions;
  readonly jobTime: Date;
  /** Gives each slice a stored form of its own; absent where that of the template stays. */
  readonly fitting?: Fitting | undefined;
}

/** Makes the files of one derived series. */
export interface SeriesAssembler {
  /** The instances that the series becomes. */
  readonly outputs: readonly OutputInstance[];
  /** What quantising has done so far. */
  readonly counts: Readonly<QuantiseCounts>;
  /**
   * Quantises slice `k` of a slab into `memory.pixels`; done with the slab when it returns.
   * @param templatePixels the template's own pixels, where some of them come back.
   */
  store(frame: OutputFrame, slab: Slab, k: number, memory: WorkingMemory, templatePixels: Uint8Array | undefined): StoredFrame;
  /** Where the pixels of an instance go, one of whose frames is stored; bytes from the start of the file. */
  placePixels(output: OutputInstance, frame: StoredFrame, memory: WorkingMemory): number;
  /** Makes the file of an instance; each comes once. @param frames all of them, in order of Frame Number. */
  prepare(output: OutputInstance, frames: readonly [StoredFrame, ...StoredFrame[]], memory: WorkingMemory): PreparedInstance;
  /** The Series Instance UID, once every instance is prepared: it depends on all pixels. As long as a {@link PLACEHOLDER_UID}. */
  seriesInstanceUID(): string;
}

/** Begins a series whose template instances are found. */
export function createSeriesAssembler({ series, match, options, jobTime, fitting }: SeriesAssembly): SeriesAssembler {
  const derivation = describeDerivation(series.history);
  const processing = processingOf(series, options);
  const counts: SeriesCounts = { clippedVoxels: 0, maxQuantisationError: 0, smallestSlope: Number.POSITIVE_INFINITY, largestSlope: Number.NEGATIVE_INFINITY };
  const digests = new Map<OutputInstance, string>();
  const encoded = new EncodedOnce();

  const assemble = (output: OutputInstance, { form, masked }: StoredFrame, sopInstanceUID: string, storedRange: StoredRange, memory: WorkingMemory): AssembledFile => {
    const [{ row, template: instance, imagePosition }] = output.frames;
    const { size, region, transferSyntaxUID } = instance;
    const template = readTemplateFile(instance, memory, options.compress);
    const edits = derivedEdits(
      template,
      {
        sopInstanceUID,
        seriesInstanceUID: PLACEHOLDER_UID,
        sourcesOfFrames: output.frames.map((frame) => sourcesOf(series.frames[frame.row] as Frame, frame.template, match.bySopInstanceUIDHash)),
        storedRange,
        form,
        formEdits: fitting?.edits(template, form, masked) ?? [],
        tile: region === undefined ? undefined : { size, imagePosition, instanceNumber: row + 1 },
        lossy: isLossySyntax(transferSyntaxUID),
        pixelBytes: options.compress === undefined ? pixelBytesOf(output, form) : UNDEFINED_LENGTH,
        jobTime,
      },
      derivation,
      options,
      encoded,
    );
    const bound = assembledBound(template, edits);
    // With some room to grow, so that files of slightly different lengths share it.
    if (memory.output.length < bound) memory.output = Buffer.allocUnsafeSlow(bound + (bound >> 3));
    return assembleFile(template, sopInstanceUID, edits, memory.output);
  };

  return {
    outputs: match.outputs,
    counts,

    store({ row, template: instance, imagePosition }, slab, k, memory, templatePixels) {
      const { toReal } = series.frames[row] as Frame;
      const voxels = slab.slice(k);
      // A mask has one byte a voxel, and colours have no padding.
      const mask = instance.pixel.samplesPerPixel === 1 ? slab.sliceMask(k) : undefined;
      const form = fitting?.form(instance, voxels, toReal, mask) ?? templateForm(instance);
      const length = voxels.length * Math.ceil(form.format.bitsAllocated / 8);
      if (memory.samples.length !== length) memory.samples = new Uint8Array(length);
      const range = quantise(voxels, toReal, form.format, memory.samples, counts, keptPixels(mask, form, templatePixels));
      memory.pixels = laySamples(memory.samples, instance.pixel);
      const { scale } = form.format.modalityLut;
      counts.smallestSlope = Math.min(counts.smallestSlope, scale);
      counts.largestSlope = Math.max(counts.largestSlope, scale);
      return { phase: slab.phase, slice: k, imagePosition, sourceSOPInstanceUID: instance.sopInstanceUID, form, masked: mask !== undefined, range, digest: hash("sha256", memory.pixels, "hex"), checksum: crc32(memory.pixels) };
    },

    placePixels: (output, frame, memory) => assemble(output, frame, PLACEHOLDER_UID, frame.range, memory).pixelsAt,

    prepare(output, frames, memory) {
      const [{ template }] = output.frames;
      const { region } = template;
      const digest = frames.map((frame) => frame.digest).join("");
      digests.set(output, digest);
      const sopInstanceUID = deriveUid([
        ["kind", "instance"],
        ["source", template.sopInstanceUID],
        ["series", template.seriesInstanceUID],
        // The tiles of a mosaic have one source, and may all be empty.
        ...(region === undefined ? [] : [["tile", `${region.left} ${region.top}`] as const]),
        ["processing", processing],
        ["pixels", digest],
      ]);
      const { bytes, headLength, pixelsAt } = assemble(output, frames[0], sopInstanceUID, rangeOf(frames), memory);
      const middle = bytes.subarray(headLength, pixelsAt);
      const tail = bytes.subarray(pixelsAt);
      const paddingBytes = options.compress === undefined ? pixelBytesOf(output, frames[0].form) % 2 : 0;
      return {
        head: bytes.subarray(0, headLength),
        middle,
        tail,
        pixelsAt,
        expected: {
          name: output.name,
          template,
          sopInstanceUID,
          sopClassUID: template.sopClassUID,
          transferSyntaxUID: writtenSyntaxUID(template, options.compress),
          frames,
          checksums: { head: Number.NaN, rest: crc32(tail.subarray(paddingBytes), crc32(middle)) },
        },
      };
    },

    seriesInstanceUID: () =>
      deriveUid([
        ["kind", "series"],
        ["source", match.template.instances[0]?.seriesInstanceUID ?? ""],
        ["processing", processing],
        ["pixels", match.outputs.map((output) => digests.get(output)).join("")],
      ]),
  };
}

/** Bytes of Pixel Data without what pads them. */
function pixelBytesOf({ frames }: OutputInstance, { format }: StoredForm): number {
  const { size, pixel } = frames[0].template;
  const samples = size[0] * size[1] * (isSubsampled(pixel) ? 2 : pixel.samplesPerPixel);
  return Math.ceil((samples * frames.length * format.bitsAllocated) / 8);
}

/** Smallest and largest value of some frames. */
export function rangeOf(frames: readonly StoredFrame[]): StoredRange {
  let [smallest, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { range } of frames) {
    smallest = Math.min(smallest, range.smallest);
    largest = Math.max(largest, range.largest);
  }
  return { smallest, largest };
}

/** What masked voxels become: what the template stores there, or the padding value of the form. */
function keptPixels(mask: Uint8Array | undefined, { padding, format }: StoredForm, templatePixels: Uint8Array | undefined): KeptPixels | undefined {
  if (padding === undefined) return templatePixels === undefined ? undefined : { mask, templatePixels };
  if (mask === undefined) return undefined;
  const kept = Buffer.alloc((mask.length * format.bitsAllocated) / 8);
  for (let at = 0; at < kept.length; at += 2) kept.writeUInt16LE(padding & 0xffff, at);
  return { mask, templatePixels: kept };
}
