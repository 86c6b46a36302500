import { slabOver, sliceLengthOf, type ImageSeries } from "@hilum/core";
import { codecContext, encodePart10, memorySource, type DataElement, type DataSet, type EncodingOptions } from "@hilum/testing";
import { dicomReader } from "../read/dicom-reader.ts";
import type { DicomSeries } from "../series/dicom-instance.ts";

export const ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1";
export const ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1";
export const LEGACY_CONVERTED_PET = "1.2.840.10008.5.1.4.1.1.128.1";
export const STUDY_UID = "1.2.3";
export const SERIES_UID = "1.2.3.4";

/** For tests: one frame of a hand-built enhanced instance of 3 × 2 words. */
export interface BuiltFrame {
  /** Image Position (Patient) is [1.5, −2.5, z], mm. */
  readonly z: number;
  readonly slope?: number;
  /** Temporal Position Index. */
  readonly phase?: number;
  /** Six stored words; the default counts up from ten times the frame's index. */
  readonly stored?: readonly number[];
  /** Functional groups that the frame has besides. */
  readonly groups?: DataSet;
}

/** For tests: what differs between one hand-built enhanced instance and another. */
export interface EnhancedOptions {
  readonly sopClassUID?: string;
  readonly sopInstanceUID?: string;
  /** Groups that all frames share; default: their Frame Type and orientation. */
  readonly shared?: DataSet;
  /** Elements that take the place of the usual ones. */
  readonly elements?: DataSet;
  /** Tags that are left out. */
  readonly without?: readonly number[];
}

/** For tests: a sequence of one item. */
export const group = (tag: number, ...item: DataSet): DataElement => ({ tag, vr: "SQ", items: [item] });

/** For tests: Frame Type in the sequence of a modality. */
export const frameType = (text: string, sequence = 0x00189226): DataElement => group(sequence, { tag: 0x00089007, vr: "CS", text });

/** For tests: the data set of an enhanced instance by PS3.3 C.7.6.16, with a private element in the groups of each frame. */
export function enhancedDataSet(frames: readonly BuiltFrame[], options: EnhancedOptions = {}): DataSet {
  const words = new DataView(new ArrayBuffer(frames.length * 12));
  for (const [n, { stored = Array.from({ length: 6 }, (_, i) => n * 10 + i) }] of frames.entries()) stored.forEach((word, i) => words.setUint16(n * 12 + i * 2, word, true));
  const usual: DataSet = [
    { tag: 0x00080008, vr: "CS", text: "ORIGINAL\\PRIMARY\\VOLUME\\NONE" },
    { tag: 0x00080016, vr: "UI", text: options.sopClassUID ?? ENHANCED_MR },
    { tag: 0x00080018, vr: "UI", text: options.sopInstanceUID ?? `${SERIES_UID}.1` },
    { tag: 0x00080023, vr: "DA", text: "20200102" },
    { tag: 0x00080033, vr: "TM", text: "101114" },
    { tag: 0x00080060, vr: "CS", text: "MR" },
    { tag: 0x0020000d, vr: "UI", text: STUDY_UID },
    { tag: 0x0020000e, vr: "UI", text: SERIES_UID },
    { tag: 0x00200011, vr: "IS", text: "3" },
    { tag: 0x00200052, vr: "UI", text: `${SERIES_UID}.0` },
    { tag: 0x00280002, vr: "US", numbers: [1] },
    { tag: 0x00280004, vr: "CS", text: "MONOCHROME2" },
    { tag: 0x00280008, vr: "IS", text: `${frames.length}` },
    { tag: 0x00280010, vr: "US", numbers: [2] },
    { tag: 0x00280011, vr: "US", numbers: [3] },
    { tag: 0x00280100, vr: "US", numbers: [16] },
    { tag: 0x00280101, vr: "US", numbers: [16] },
    { tag: 0x00280102, vr: "US", numbers: [15] },
    { tag: 0x00280103, vr: "US", numbers: [1] },
    { tag: 0x52009229, vr: "SQ", items: [options.shared ?? [frameType("ORIGINAL\\PRIMARY\\VOLUME\\NONE"), ...PLANE]] },
    { tag: 0x52009230, vr: "SQ", items: frames.map(groupsOf) },
    { tag: 0x7fe00010, vr: "OW", bytes: new Uint8Array(words.buffer) },
  ];
  const replaced = new Set([...(options.elements ?? []).map(({ tag }) => tag), ...(options.without ?? [])]);
  return [...usual.filter(({ tag }) => !replaced.has(tag)), ...(options.elements ?? [])];
}

/** For tests: orientation and spacing of hand-built enhanced images. */
export const PLANE: DataSet = [
  group(0x00209116, { tag: 0x00200037, vr: "DS", text: "1\\0\\0\\0\\1\\0" }),
  group(0x00289110, { tag: 0x00180050, vr: "DS", text: "4" }, { tag: 0x00280030, vr: "DS", text: "0.5\\0.5" }),
];

function groupsOf({ z, slope = 1, phase, groups = [] }: BuiltFrame): DataSet {
  return [
    group(0x00209111, ...(phase === undefined ? [] : [{ tag: 0x00209128, vr: "UL", numbers: [phase] } as const])),
    { tag: 0x00210010, vr: "LO", text: "VENDOR" },
    { tag: 0x00211001, vr: "LO", text: `frame at ${z}` },
    group(0x00209113, { tag: 0x00200032, vr: "DS", text: `1.5\\-2.5\\${z}` }),
    group(0x00289145, { tag: 0x00281052, vr: "DS", text: "0" }, { tag: 0x00281053, vr: "DS", text: `${slope}` }, { tag: 0x00281054, vr: "LO", text: "US" }),
    ...groups,
  ];
}

/** For tests: a hand-built series, its voxels and masks in the order of its frames, and how its files are encoded. */
export interface OpenedSeries {
  readonly series: DicomSeries;
  readonly files: readonly Buffer[];
  readonly encoding: EncodingOptions;
  readonly voxels: readonly Float32Array[];
  readonly masks?: readonly Uint8Array[];
}

/** For tests: opens data sets as a series of files, by the reader. */
export async function opened(dataSets: readonly DataSet[], changes: Partial<EncodingOptions> = {}): Promise<OpenedSeries> {
  const encoding: EncodingOptions = { transferSyntax: "explicit", sequenceLength: "defined", textEncoding: "latin1", ...changes };
  const files = dataSets.map((dataSet) => Buffer.from(encodePart10({ sopClassUID: textIn(dataSet, 0x00080016), sopInstanceUID: textIn(dataSet, 0x00080018) }, dataSet, encoding)));
  return { encoding, ...(await openedFiles(files)) };
}

/** For tests: opens files as a series, by the reader. */
export async function openedFiles(files: readonly Buffer[]): Promise<Omit<OpenedSeries, "encoding">> {
  const source = memorySource(files.map((bytes, i) => ({ name: `${i}`.padStart(4, "0"), bytes })), { kind: "directory" });
  const [series] = (await dicomReader.open(source, { padding: "auto" }, codecContext())) as [DicomSeries];
  return { series, files, ...(await readWhole(series)) };
}

async function readWhole(series: ImageSeries): Promise<Pick<OpenedSeries, "voxels" | "masks">> {
  const { size } = series.volume.geometry;
  const sliceLength = sliceLengthOf(series.volume);
  const voxels = series.frames.map(() => new Float32Array(sliceLength));
  const masks = series.volume.masked ? series.frames.map(() => new Uint8Array(size[0] * size[1])) : undefined;
  for (const [i, { phase, slice }] of series.frames.entries()) await series.read(slabOver({ phase, start: slice, count: 1, sliceLength }, voxels[i] as Float32Array, masks?.[i]));
  return { voxels, ...(masks === undefined ? {} : { masks }) };
}

function textIn(dataSet: DataSet, tag: number): string {
  const element = dataSet.find((each) => each.tag === tag);
  return element !== undefined && "text" in element ? element.text : "";
}
