import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { HilumError, type Frame, type SeriesSpec, type Slab } from "@hilum/core";
import { createElementTable, type ElementTable } from "../scan/element-table.ts";
import { walkFragments } from "../scan/fragments.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import { rawText } from "../scan/values.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { assembledBound, assembleFile, type TemplateFile } from "./assemble-file.ts";
import { describeDerivation } from "./derivation-text.ts";
import { deriveUid, PLACEHOLDER_UID } from "./derive-uid.ts";
import { derivedEdits, EncodedOnce, SOP_INSTANCE_UID, type SourceInstance } from "./derived-attributes.ts";
import type { TemplateMatch } from "./match-template.ts";
import type { Fitting } from "./fitting.ts";
import type { ExpectedInstance } from "./gate/expected-series.ts";
import { quantise, type KeptPadding, type QuantiseCounts } from "./quantise.ts";
import { templateForm, type StoredForm } from "./stored-form.ts";
import type { DicomWriteOptions } from "./write-options.ts";
import { WRITER } from "./writer-identity.ts";
import { isLossySyntax, writtenSyntaxUID } from "./written-syntax.ts";

/** Buffers for one instance; they can be used again once it is verified. */
export interface WorkingMemory {
  template: Buffer;
  pixels: Uint8Array;
  output: Buffer;
  readonly table: ElementTable;
}

/** Empty buffers, which grow as needed. */
export function createWorkingMemory(): WorkingMemory {
  return { template: Buffer.alloc(0), pixels: new Uint8Array(0), output: Buffer.alloc(0), table: createElementTable() };
}

/** A file to be written; its bytes lie in working memory. */
export interface PreparedInstance {
  /** Everything up to the end of the Series Instance UID, which is not known yet: a {@link PLACEHOLDER_UID} stands there. */
  readonly head: Uint8Array;
  /** The rest, which goes behind the head. */
  readonly body: Uint8Array;
  /** What the gate has to find; the checksum of the head follows when that is known. */
  readonly expected: Omit<ExpectedInstance, "name">;
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
  /** What quantising has done so far. */
  readonly counts: Readonly<SeriesCounts>;
  /**
   * Makes the file of slice `k` of a slab; done with the slab when it returns.
   * @param frame its index in the series; each comes once.
   * @param decoded the template's own pixels, where they had to be decoded and some of them come back.
   */
  prepare(frame: number, slab: Slab, k: number, memory: WorkingMemory, decoded?: Uint8Array): PreparedInstance;
  /** The Series Instance UID, once every frame is prepared: it depends on all pixels. As long as a {@link PLACEHOLDER_UID}. */
  seriesInstanceUID(): string;
}

/** Begins a series whose template instances are found. */
export function createSeriesAssembler({ series, match, options, jobTime, fitting }: SeriesAssembly): SeriesAssembler {
  const derivation = describeDerivation(series.history);
  // What the UIDs depend on besides their source and the pixels; not the time, so that a rerun gives the same UIDs.
  const processing = JSON.stringify({ history: series.history, options, writer: WRITER.program });
  const counts: SeriesCounts = { clippedVoxels: 0, maxQuantisationError: 0, smallestSlope: Number.POSITIVE_INFINITY, largestSlope: Number.NEGATIVE_INFINITY };
  const digests: string[] = [];
  const encoded = new EncodedOnce();

  const sourcesOf = (frame: Frame, template: DicomInstance): SourceInstance[] => {
    const sources = new Map<string, SourceInstance>([[template.sopInstanceUID, template]]);
    for (const { sopInstanceUIDHash, sopInstanceUID, sopClassUID } of frame.derivedFrom) {
      const known = match.bySopInstanceUIDHash.get(sopInstanceUIDHash);
      if (known !== undefined) sources.set(known.sopInstanceUID, known);
      else if (sopInstanceUID !== undefined && sopClassUID !== undefined) sources.set(sopInstanceUID, { sopInstanceUID, sopClassUID });
    }
    return [...sources.values()];
  };

  return {
    counts,

    prepare(index, slab, k, memory, decoded) {
      const instance = match.instances[index];
      const frame = series.frames[index];
      if (instance === undefined || frame === undefined || digests[index] !== undefined)
        throw new RangeError(`frame ${index} is not one of those still to be written`);
      const { pixel } = instance;
      const voxels = slab.slice(k);
      const mask = slab.sliceMask(k);
      const form = fitting?.form(instance, voxels, frame.toReal, mask) ?? templateForm(instance);
      const template = readTemplate(instance, memory, mask !== undefined);
      const frameBytes = (voxels.length * form.format.bitsAllocated) / 8;
      const length = frameBytes + (frameBytes % 2);
      if (memory.pixels.length !== length) memory.pixels = new Uint8Array(length);
      const templatePixels = decoded ?? template.bytes.subarray(pixel.offset, pixel.offset + pixel.frameBytes);
      const storedRange = quantise(voxels, frame.toReal, form.format, memory.pixels, counts, paddingOf(mask, form, templatePixels));
      const { scale } = form.format.modalityLut;
      counts.smallestSlope = Math.min(counts.smallestSlope, scale);
      counts.largestSlope = Math.max(counts.largestSlope, scale);
      const digest = hash("sha256", memory.pixels, "hex");
      digests[index] = digest;
      const sopInstanceUID = deriveUid([
        ["kind", "instance"],
        ["source", instance.sopInstanceUID],
        ["series", instance.seriesInstanceUID],
        ["processing", processing],
        ["pixels", digest],
      ]);
      const edits = derivedEdits(
        template,
        {
          sopInstanceUID,
          seriesInstanceUID: PLACEHOLDER_UID,
          sources: sourcesOf(frame, instance),
          storedRange,
          form,
          formEdits: fitting?.edits(template, form, mask !== undefined) ?? [],
          lossy: isLossySyntax(instance.transferSyntaxUID),
          pixelData: memory.pixels,
          jobTime,
        },
        derivation,
        options,
        encoded,
      );
      const bound = assembledBound(template, edits);
      if (memory.output.length < bound) memory.output = roomFor(bound);
      const { bytes, headLength, pixelsEnd } = assembleFile(template, sopInstanceUID, edits, memory.output);
      return {
        head: bytes.subarray(0, headLength),
        body: bytes.subarray(headLength),
        expected: {
          phase: slab.phase,
          slice: k,
          template: instance,
          sopInstanceUID,
          form,
          masked: mask !== undefined,
          checksums: {
            pixels: crc32(memory.pixels),
            head: Number.NaN,
            rest: crc32(bytes.subarray(pixelsEnd), crc32(bytes.subarray(headLength, pixelsEnd - memory.pixels.length))),
          },
        },
      };
    },

    seriesInstanceUID: () =>
      deriveUid([
        ["kind", "series"],
        ["source", match.template.instances[0]?.seriesInstanceUID ?? ""],
        ["processing", processing],
        ["pixels", digests.join("")],
      ]),
  };
}

/** What masked voxels become: what the template stores there, or the padding value of the form. */
function paddingOf(mask: Uint8Array | undefined, { padding, format }: StoredForm, templatePixels: Uint8Array): KeptPadding | undefined {
  if (mask === undefined) return undefined;
  if (padding === undefined) return { mask, templatePixels };
  const kept = Buffer.alloc((mask.length * format.bitsAllocated) / 8);
  for (let at = 0; at < kept.length; at += 2) kept.writeUInt16LE(padding & 0xffff, at);
  return { mask, templatePixels: kept };
}

/**
 * Reads the file of a template instance, its pixels only where they are asked for, and looks again where its elements lie.
 * Fragments stay behind: what follows them stands where they began.
 */
function readTemplate(instance: DicomInstance, memory: WorkingMemory, withPixels: boolean): TemplateFile {
  const { file, pixel, explicitVr, dataSetStart, sopClassUID } = instance;
  const { table } = memory;
  const wasEncapsulated = pixel.encapsulated;
  const behindAt = wasEncapsulated ? walkFragments(file, pixel.offset) : withPixels ? pixel.offset : pixel.offset + pixel.frameBytes;
  const keptAt = wasEncapsulated ? pixel.offset : behindAt;
  const size = keptAt + file.size - behindAt;
  if (memory.template.length < size) memory.template = roomFor(size);
  const bytes = memory.template.subarray(0, size);
  const behind = bytes.subarray(keptAt);
  const count = file.read(bytes.subarray(0, pixel.offset), 0) + (behind.length === 0 ? 0 : file.read(behind, behindAt));
  file.close();
  if (count < pixel.offset + behind.length) throw changed();
  const scan = { bytesStart: 0, fileSize: bytes.length, explicitVr };
  const end = scanDataSet(bytes, { ...scan, from: dataSetStart }, table);
  if (!end.complete && wasEncapsulated) scanDataSet(bytes, { ...scan, from: pixel.offset, append: true }, table);
  if (rawText({ bytes, table }, SOP_INSTANCE_UID) !== instance.sopInstanceUID) throw changed();
  return { bytes, table, explicitVr, dataSetStart, sopClassUID, writtenSyntaxUID: writtenSyntaxUID(instance), wasEncapsulated };
}

/** A buffer with some room to grow, so that files of slightly different lengths share it. */
function roomFor(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(bytes + (bytes >> 3));
}

function changed(): HilumError {
  return new HilumError("TEMPLATE_MISMATCH", "A file of the template was changed while the job ran.", { remedy: "Run the job again when nobody writes to the template." });
}
