import { hash } from "node:crypto";
import { HilumError, type Frame, type SeriesSpec, type SinkFile, type Slab } from "@hilum/core";
import { createElementTable, type ElementTable } from "../scan/element-table.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import { rawText } from "../scan/values.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { assembledBound, assembleFile, type TemplateFile } from "./assemble-file.ts";
import { describeDerivation } from "./derivation-text.ts";
import { deriveUid, PLACEHOLDER_UID } from "./derive-uid.ts";
import { derivedEdits, EncodedOnce, SOP_INSTANCE_UID, type SourceInstance } from "./derived-attributes.ts";
import type { TemplateMatch } from "./match-template.ts";
import { quantise, type QuantiseCounts } from "./quantise.ts";
import { verificationFailed, verifyInstance } from "./verify-instance.ts";
import type { DicomWriteOptions } from "./write-options.ts";
import { WRITER } from "./writer-identity.ts";

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
  /**
   * Reads the body back once it is written, and checks it together with the head.
   * @throws {HilumError} VERIFICATION_FAILED.
   */
  verify(file: SinkFile): void;
}

/** Makes the files of one derived series. */
export interface SeriesAssembler {
  /** What quantising has done so far. */
  readonly counts: Readonly<QuantiseCounts>;
  /**
   * Makes the file of slice `k` of a slab; done with the slab when it returns.
   * @param frame its index in the series; each comes once.
   */
  prepare(frame: number, slab: Slab, k: number, memory: WorkingMemory): PreparedInstance;
  /** The Series Instance UID, once every frame is prepared: it depends on all pixels. As long as a {@link PLACEHOLDER_UID}. */
  seriesInstanceUID(): string;
}

/** Begins a series whose template instances are found. */
export function createSeriesAssembler(series: SeriesSpec, match: TemplateMatch, options: DicomWriteOptions, jobTime: Date): SeriesAssembler {
  const derivation = describeDerivation(series.history);
  // What the UIDs depend on besides their source and the pixels; not the time, so that a rerun gives the same UIDs.
  const processing = JSON.stringify({ history: series.history, options, writer: WRITER.program });
  const counts: QuantiseCounts = { clippedVoxels: 0, maxQuantisationError: 0 };
  const digests: string[] = [];
  const encoded = new EncodedOnce();
  const sopInstanceUIDs = new Set<string>();

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

    prepare(index, slab, k, memory) {
      const instance = match.instances[index];
      const frame = series.frames[index];
      if (instance === undefined || frame === undefined || digests[index] !== undefined)
        throw new RangeError(`frame ${index} is not one of those still to be written`);
      const { pixel, modalityLut } = instance;
      const mask = slab.sliceMask(k);
      const template = readTemplate(instance, memory, mask !== undefined);
      const length = pixel.frameBytes + (pixel.frameBytes % 2);
      if (memory.pixels.length !== length) memory.pixels = new Uint8Array(length);
      const templatePixels = template.bytes.subarray(pixel.offset, pixel.offset + pixel.frameBytes);
      const storedRange = quantise(
        slab.slice(k),
        frame.toReal,
        { ...pixel, modalityLut },
        memory.pixels,
        counts,
        mask === undefined ? undefined : { mask, templatePixels },
      );
      const digest = hash("sha256", memory.pixels, "hex");
      digests[index] = digest;
      const sopInstanceUID = deriveUid([
        ["kind", "instance"],
        ["source", instance.sopInstanceUID],
        ["series", instance.seriesInstanceUID],
        ["processing", processing],
        ["pixels", digest],
      ]);
      if (sopInstanceUIDs.has(sopInstanceUID)) throw verificationFailed("SOP Instance UIDs are unique");
      sopInstanceUIDs.add(sopInstanceUID);
      const edits = derivedEdits(
        template,
        {
          sopInstanceUID,
          seriesInstanceUID: PLACEHOLDER_UID,
          sources: sourcesOf(frame, instance),
          storedRange,
          signed: pixel.signed,
          pixelData: memory.pixels,
          jobTime,
        },
        derivation,
        options,
        encoded,
      );
      const bound = assembledBound(template, edits);
      if (memory.output.length < bound) memory.output = roomFor(bound);
      const { bytes, headLength } = assembleFile(template, sopInstanceUID, edits, memory.output);
      const head = bytes.subarray(0, headLength);
      return {
        head,
        body: bytes.subarray(headLength),
        verify: (file) => verifyInstance(file, { head, length: bytes.length, sopInstanceUID, template, edits, pixelData: memory.pixels }),
      };
    },

    seriesInstanceUID: () =>
      deriveUid([
        ["kind", "series"],
        ["source", match.instances[0]?.seriesInstanceUID ?? ""],
        ["processing", processing],
        ["pixels", digests.join("")],
      ]),
  };
}

/** Reads the file of a template instance, its pixels only where they are asked for, and looks again where its elements lie. */
function readTemplate(instance: DicomInstance, memory: WorkingMemory, withPixels: boolean): TemplateFile {
  const { file, pixel, explicitVr, dataSetStart, sopClassUID, transferSyntaxUID } = instance;
  const { table } = memory;
  if (memory.template.length < file.size) memory.template = roomFor(file.size);
  const bytes = memory.template.subarray(0, file.size);
  const skippedBytes = withPixels ? 0 : pixel.frameBytes;
  const behind = bytes.subarray(pixel.offset + skippedBytes);
  const count = file.read(bytes.subarray(0, pixel.offset), 0) + (behind.length === 0 ? 0 : file.read(behind, pixel.offset + skippedBytes));
  file.close();
  if (count + skippedBytes < file.size) throw changed();
  scanDataSet(bytes, { bytesStart: 0, from: dataSetStart, fileSize: bytes.length, explicitVr }, table);
  if (rawText({ bytes, table }, SOP_INSTANCE_UID) !== instance.sopInstanceUID) throw changed();
  return { bytes, table, explicitVr, dataSetStart, sopClassUID, transferSyntaxUID };
}

/** A buffer with some room to grow, so that files of slightly different lengths share it. */
function roomFor(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(bytes + (bytes >> 3));
}

function changed(): HilumError {
  return new HilumError("TEMPLATE_MISMATCH", "A file of the template was changed while the job ran.", { remedy: "Run the job again when nobody writes to the template." });
}
