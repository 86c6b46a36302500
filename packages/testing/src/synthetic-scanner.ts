import type { Frame } from "@hilum/core";
import { shuffledIndices } from "./deterministic.ts";
import type { NamedFile } from "./named-file.ts";
import { encodePart10, type EncodingOptions } from "./part10-encoder.ts";
import { createPhantom, type Phantom, type PhantomOptions } from "./phantom.ts";
import { CANARY, scanDataSet, storedPixels, type ScanStyle } from "./scan-data-set.ts";
import { SOP_CLASS_UID, type ScanModality } from "./scan-modality.ts";

/**
 * Something wrong with the scan. `slice` counts from the lowest slice position, `phase` from 0 (the default).
 * - `missing-slice`: no file for it.
 * - `duplicate-slice`: another instance, with its own UID and other voxels, at the same position.
 * - `duplicate-file`: the same file twice under two names.
 * - `foreign-patient`: the slice is of another patient, but in the same series.
 * - `truncated-file`: the file ends in the middle of its pixels.
 */
export interface ScanFault {
  readonly kind: "missing-slice" | "duplicate-slice" | "duplicate-file" | "foreign-patient" | "truncated-file";
  readonly phase?: number;
  readonly slice: number;
}

/** What is scanned and how it is stored. Every option has a default. */
export interface ScanOptions extends Pick<PhantomOptions, "size" | "spacing" | "origin" | "orientation" | "phases" | "seed" | "content"> {
  /** Default "MR". */
  readonly modality?: ScanModality;
  /** Bits Stored, in 16 allocated (8 in 8, which the MR, CT and PET objects of the standard do not allow). Default 12; PT 16. */
  readonly bitsStored?: 8 | 12 | 16;
  /** Pixel Representation; default unsigned, PT signed. */
  readonly signed?: boolean;
  /** What the bits above Bits Stored hold: the sign or zeros (default), or rubbish that a reader has to drop. */
  readonly unusedBits?: ScanStyle["unusedBits"];
  /** Another Rescale Slope for every file, intercept 0; default for PT alone. CT has slope 1 and intercept −1024 otherwise. */
  readonly slopePerSlice?: boolean;
  /** Whether a corner holds padding and Pixel Padding Value says so. It counts as a mask for CT and PT and as data for MR. */
  readonly padding?: boolean;
  /**
   * What tells phases apart: Temporal Position Identifier, or, as in a real breast series, repeated positions with Acquisition
   * Time and Instance Number alone, while Acquisition Number misleads (1, 2, 2). Default "temporal-position".
   */
  readonly phaseStyle?: ScanStyle["phaseStyle"];
  /** Mixes the order of file names and of instance numbers; default false. */
  readonly shuffled?: boolean;
  /** Explicit (default) or implicit VR, little endian. */
  readonly transferSyntax?: EncodingOptions["transferSyntax"];
  /** Whether sequences carry their length (default) or end with delimiters. */
  readonly sequenceLength?: EncodingOptions["sequenceLength"];
  /** Specific Character Set; with any but the default the patient's name has letters beyond ASCII. */
  readonly characterSet?: ScanStyle["characterSet"];
  /** Adds private groups of several VRs; default true. */
  readonly privateGroups?: boolean;
  readonly faults?: readonly ScanFault[];
}

/** The files of a scan, and the series that a reader has to make of them. */
export interface Scan {
  /** Files in the order of names. */
  readonly files: readonly NamedFile[];
  /** What the files hold, but for faults: geometry, frames and every voxel. Labels of phases and the phase key are a reader's own. */
  readonly expected: Phantom;
}

/** Scans a phantom: valid MR, CT or PET Part 10 files in native little endian. Deterministic: equal options give equal bytes. */
export function scanSeries(options: ScanOptions = {}): Scan {
  const { faults = [], shuffled = false, seed = 0 } = options;
  const style = styleOf(options);
  const expected = expectedOf(options, style);
  const names = fileNames(expected.frames.length, shuffled, seed);
  const files = expected.frames.flatMap((frame, row) => {
    const faultsHere = faults.filter((fault) => (fault.phase ?? 0) === frame.phase && fault.slice === frame.slice);
    return filesOf(expected, frame, names[row] as string, style, new Set(faultsHere.map((fault) => fault.kind)));
  });
  return { files: files.toSorted((a, b) => (a.name < b.name ? -1 : 1)), expected };
}

function styleOf(options: ScanOptions): ScanStyle {
  const { modality = "MR", characterSet = "ISO_IR 6" } = options;
  return {
    modality,
    bitsStored: options.bitsStored ?? (modality === "PT" ? 16 : 12),
    signed: options.signed ?? modality === "PT",
    unusedBits: options.unusedBits ?? "extended",
    padding: options.padding ?? false,
    phaseStyle: options.phaseStyle ?? "temporal-position",
    characterSet,
    privateGroups: options.privateGroups ?? true,
    encoding: {
      transferSyntax: options.transferSyntax ?? "explicit",
      sequenceLength: options.sequenceLength ?? "defined",
      textEncoding: characterSet === "ISO_IR 192" ? "utf-8" : "latin1",
    },
  };
}

function expectedOf(options: ScanOptions, style: ScanStyle): Phantom {
  const { modality, bitsStored, signed } = style;
  const { slopePerSlice = modality === "PT", shuffled = false, seed = 0 } = options;
  const rescale = modality === "CT" ? "hounsfield" : "none";
  const masked = modality === "MR" ? "data" : "mask";
  const phantom = createPhantom({
    ...options,
    modality,
    bitsStored,
    componentType: `${signed ? "" : "u"}int${bitsStored === 8 ? 8 : 16}`,
    rescale: slopePerSlice ? "per-slice" : rescale,
    padding: style.padding ? masked : "none",
  });
  const instanceNumbers = shuffled ? shuffledIndices(phantom.frames.length, seed + 1) : undefined;
  const frames = phantom.frames.map((frame, row) => ({
    ...frame,
    derivedFrom: frame.derivedFrom.map((ref) => ({ ...ref, sopClassUID: SOP_CLASS_UID[modality] })),
    values: { ...frame.values, instanceNumber: (instanceNumbers?.[row] ?? row) + 1 },
  }));
  return { ...phantom, frames };
}

function fileNames(count: number, shuffled: boolean, seed: number): readonly string[] {
  const numbers = shuffled ? shuffledIndices(count, seed + 2) : Array.from({ length: count }, (_, row) => row);
  return numbers.map((number) => `${CANARY}-${String(number + 1).padStart(4, "0")}.dcm`);
}

function filesOf(
  expected: Phantom,
  frame: Frame,
  name: string,
  style: ScanStyle,
  faults: ReadonlySet<ScanFault["kind"]>,
): readonly NamedFile[] {
  if (faults.has("missing-slice")) return [];
  const encode = (twin: boolean): Uint8Array => {
    const sopInstanceUID = `${frame.derivedFrom[0]?.sopInstanceUID ?? ""}${twin ? ".1" : ""}`;
    const dataSet = scanDataSet(expected, frame, style, { sopInstanceUID, foreignPatient: faults.has("foreign-patient"), twin });
    return encodePart10({ sopClassUID: SOP_CLASS_UID[style.modality], sopInstanceUID }, dataSet, style.encoding);
  };
  const whole = encode(false);
  const cut = storedPixels(expected, frame, style, false).length >> 1;
  const bytes = faults.has("truncated-file") ? whole.subarray(0, whole.length - cut) : whole;
  return [
    { name, bytes },
    ...(faults.has("duplicate-file") ? [{ name: `copy-of-${name}`, bytes }] : []),
    ...(faults.has("duplicate-slice") ? [{ name: `twin-of-${name}`, bytes: encode(true) }] : []),
  ];
}
