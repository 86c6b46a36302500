import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { HilumError, IDENTITY_MAP, type Frame } from "@hilum/core";
import { createElementTable } from "../scan/element-table.ts";
import { Tag } from "../scan/tags.ts";
import { isLossySyntax } from "../scan/transfer-syntaxes.ts";
import { rawText } from "../scan/values.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { assembledBound, assembleFile, type AssembledFile } from "./assemble-file.ts";
import { describeDerivation } from "./derivation-text.ts";
import { deriveUid, PLACEHOLDER_UID } from "./derive-uid.ts";
import { identityElements } from "./derived-attributes.ts";
import type { EncodedElement } from "./encode-element.ts";
import { mapElements, type MapSeries } from "./map-elements.ts";
import { frameItem } from "./map-groups.ts";
import type { OutputFrame, OutputInstance } from "./output-instances.ts";
import type { StoredRange } from "./quantise.ts";
import { rangeOf, type SeriesAssembler, type SeriesAssembly, type WorkingMemory } from "./series-assembler.ts";
import { storeReal } from "./real-voxels.ts";
import { sourcesOf, type SourceInstance } from "./source-instances.ts";
import { put, type ElementEdit } from "./splice.ts";
import type { StoredForm } from "./stored-form.ts";
import { readTemplateFile, type TemplateFile } from "./template-file.ts";
import { processingOf } from "./processing.ts";
import { PARAMETRIC_MAP_STORAGE } from "./written-classes.ts";
import { writtenSyntaxUID } from "./written-syntax.ts";

const FLOAT_BYTES = 4;
/** The longest value of an element, bytes: even, and not the undefined length. */
const MAX_VALUE_BYTES = 0xfffffffe;

/** Real values as they are. */
const REAL_VALUES: StoredForm = {
  format: { bitsAllocated: 32, bitsStored: 32, highBit: 31, signed: true, modalityLut: IDENTITY_MAP },
  declaredBy: "real world value mapping",
};

/**
 * Makes Parametric Maps (PS3.3 A.75): an instance for each phase, with the real values of its slices in float32. Whose image it is and
 * where it lies is taken from the template; it is no image of the scanner any more, so nothing else of the template is in it.
 */
export function createMapAssembler({ series, match, options, jobTime }: SeriesAssembly): SeriesAssembler {
  const derivation = describeDerivation(series.history);
  const processing = processingOf(series, options);
  const outputs = mapsOf(match.outputs, series.frames);
  const [source] = match.template.instances;
  const seriesUID = source?.seriesInstanceUID ?? "";
  const digests = new Map<OutputInstance, string>();
  const map: Omit<MapSeries, "lossy"> = {
    derivation,
    dimensionOrganizationUID: deriveUid([["kind", "dimensions"], ["source", seriesUID], ["processing", processing]]),
    units: series.volume.voxel.units,
    padding: series.volume.masked ? paddingOf(match.template.instances) : undefined,
  };

  const assemble = (output: OutputInstance, sopInstanceUID: string, range: StoredRange, memory: WorkingMemory): AssembledFile => {
    const perFrame: (readonly EncodedElement[])[] = [];
    const sources: SourceInstance[] = [];
    for (const [i, { row, template }] of output.frames.entries()) {
      const ofFrame = sourcesOf(series.frames[row] as Frame, template, match.bySopInstanceUIDHash);
      sources.push(...ofFrame);
      perFrame.push(frameItem(readTemplateFile(template, memory, undefined), i + 1, derivation, ofFrame));
    }
    const [{ template: first }] = output.frames;
    const template = readTemplateFile(first, memory, undefined);
    const lossy = isLossySyntax(first.transferSyntaxUID) || rawText(template, 0x00282110) === "01";
    const edits: ElementEdit[] = [
      ...mapElements(template, { ...map, lossy }, perFrame, sources, range),
      ...identityElements(template, { sopInstanceUID, seriesInstanceUID: PLACEHOLDER_UID, instanceNumber: (series.frames[output.frames[0].row] as Frame).phase + 1, jobTime }, derivation, options),
    ].map(put);
    const [columns, rows] = first.size;
    const length = columns * rows * output.frames.length * FLOAT_BYTES;
    if (length > MAX_VALUE_BYTES) throw new HilumError("UNSUPPORTED_WRITE", `A phase has ${length} bytes of real values, more than one element can hold.`, { details: { bytes: length } });
    edits.push({ kind: "room", tag: Tag.FloatPixelData, vr: "OF", length });
    edits.sort((a, b) => a.tag - b.tag);
    const file = emptyTemplate(template);
    const bound = assembledBound(file, edits);
    if (memory.output.length < bound) memory.output = Buffer.allocUnsafeSlow(bound + (bound >> 3));
    return assembleFile(file, sopInstanceUID, edits, memory.output);
  };

  return {
    outputs,
    counts: { clippedVoxels: 0, maxQuantisationError: 0 },

    store({ row, template, imagePosition }, slab, k, memory) {
      const mask = slab.sliceMask(k);
      const voxels = slab.slice(k);
      const length = voxels.length * FLOAT_BYTES;
      if (memory.pixels.length !== length) memory.pixels = new Uint8Array(length);
      const range = storeReal(voxels, (series.frames[row] as Frame).toReal, mask, map.padding, new Float32Array(memory.pixels.buffer, 0, voxels.length));
      return { phase: slab.phase, slice: k, imagePosition, sourceSOPInstanceUID: template.sopInstanceUID, form: REAL_VALUES, masked: mask !== undefined, range, digest: hash("sha256", memory.pixels, "hex"), checksum: crc32(memory.pixels) };
    },

    placePixels: (output, { range }, memory) => assemble(output, PLACEHOLDER_UID, range, memory).pixelsAt,

    prepare(output, frames, memory) {
      const digest = frames.map((frame) => frame.digest).join("");
      digests.set(output, digest);
      const [{ template }] = output.frames;
      const sopInstanceUID = deriveUid([
        ["kind", "map"],
        ["source", template.sopInstanceUID],
        ["series", template.seriesInstanceUID],
        ["processing", processing],
        ["pixels", digest],
      ]);
      const { bytes, headLength, pixelsAt } = assemble(output, sopInstanceUID, rangeOf(frames), memory);
      const middle = bytes.subarray(headLength, pixelsAt);
      return {
        head: bytes.subarray(0, headLength),
        middle,
        tail: bytes.subarray(pixelsAt),
        pixelsAt,
        expected: {
          name: output.name,
          template,
          sopInstanceUID,
          sopClassUID: PARAMETRIC_MAP_STORAGE,
          transferSyntaxUID: writtenSyntaxUID(template, undefined),
          frames,
          checksums: { head: Number.NaN, rest: crc32(middle) },
        },
      };
    },

    seriesInstanceUID: () =>
      deriveUid([
        ["kind", "series"],
        ["source", seriesUID],
        ["processing", processing],
        ["pixels", outputs.map((output) => digests.get(output)).join("")],
      ]),
  };
}

/** An instance for each phase, with the frames of all instances of the template that are in it, in order of slices. */
function mapsOf(instances: readonly OutputInstance[], frames: readonly Frame[]): readonly OutputInstance[] {
  const byPhase = new Map<number, [OutputFrame, ...OutputFrame[]]>();
  for (const frame of instances.flatMap((instance) => instance.frames).toSorted((a, b) => a.row - b.row)) {
    const { phase } = frames[frame.row] as Frame;
    const known = byPhase.get(phase);
    if (known === undefined) byPhase.set(phase, [frame]);
    else known.push(frame);
  }
  return [...byPhase].map(([phase, ofPhase]) => ({ name: `PM-${`${phase + 1}`.padStart(2, "0")}.dcm`, frames: ofPhase }));
}

/** The real value of Pixel Padding Value in the first image that has one. */
function paddingOf(instances: readonly DicomInstance[]): number | undefined {
  const padded = instances.find(({ paddingRange }) => paddingRange !== undefined);
  if (padded?.paddingRange === undefined) return undefined;
  const { scale, offset } = padded.modalityLut;
  return Math.fround(padded.paddingRange[0] * scale + offset);
}

/** A file without elements, in the encoding of a template, so that all of it are edits. */
function emptyTemplate(template: TemplateFile): TemplateFile {
  return { bytes: Buffer.alloc(0), table: createElementTable(1), explicitVr: template.explicitVr, dataSetStart: 0, sopClassUID: PARAMETRIC_MAP_STORAGE, writtenSyntaxUID: template.writtenSyntaxUID, wasEncapsulated: false };
}
