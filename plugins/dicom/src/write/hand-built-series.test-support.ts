import { hash } from "node:crypto";
import { IDENTITY_MAP, slabOver, type Frame, type FrameRef, type LinearMap, type SeriesSpec, type Slab } from "@hilum/core";
import { encodeDataSet, encodePart10, memorySource, type DataElement, type DataSet, type EncodingOptions } from "@hilum/testing";
import { asDicomSeries, type DicomInstance, type DicomSeries, type PixelLayout } from "../series/dicom-instance.ts";

/** For tests: what differs between one hand-built series and another. */
export interface HandBuiltOptions {
  /** Default: MR Image Storage. */
  readonly sopClassUID?: string;
  readonly encoding?: Partial<EncodingOptions>;
  readonly pixel?: Partial<Pick<PixelLayout, "rows" | "columns" | "bitsAllocated" | "bitsStored" | "highBit" | "signed">>;
  readonly modalityLut?: LinearMap;
  readonly phases?: number;
  readonly slices?: number;
  /** Elements that take the place of the usual ones. */
  readonly elements?: DataSet;
  /** Tags that are left out. */
  readonly without?: readonly number[];
  /** The stored words of a frame, unused bits included; the default counts up. */
  readonly stored?: (frame: number) => readonly number[];
}

/** For tests: a series built by hand from PS3.3 and PS3.5, without the reader, and what went into it. */
export interface HandBuiltSeries {
  readonly series: DicomSeries;
  /** The data set of each file, in frame order. */
  readonly dataSets: readonly DataSet[];
  readonly files: readonly Uint8Array[];
  readonly encoding: EncodingOptions;
  /** The voxels (real values) of each frame. */
  readonly voxels: readonly Float32Array[];
}

export const CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2";
export const MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4";
export const PET_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.128";
export const SERIES_UID = "1.2.3.4";

/** For tests: a small MR series in memory; 3 columns and 3 rows, so that 8-bit frames have an odd length. */
export function handBuiltSeries(options: HandBuiltOptions = {}): HandBuiltSeries {
  const { phases = 1, slices = 2, modalityLut = IDENTITY_MAP, sopClassUID = MR_IMAGE_STORAGE } = options;
  const encoding: EncodingOptions = { transferSyntax: "explicit", sequenceLength: "defined", textEncoding: "latin1", ...options.encoding };
  const pixel = { rows: 3, columns: 3, bitsAllocated: 16, bitsStored: 16, highBit: 15, signed: true, ...options.pixel };
  const length = pixel.rows * pixel.columns;
  const count = phases * slices;
  const stored = options.stored ?? ((frame: number) => Array.from({ length }, (_, i) => frame * 10 + i));
  const positionOf = (frame: number): [number, number, number] => [1.5, -2.5, (frame % slices) * 4];
  const dataSets = Array.from({ length: count }, (_, frame) => {
    const words = new DataView(new ArrayBuffer((length * pixel.bitsAllocated) / 8));
    stored(frame).forEach((word, i) => (pixel.bitsAllocated === 8 ? words.setUint8(i, word) : words.setUint16(2 * i, word & 0xffff, true)));
    const own: DataSet = [...usualElements({ frame, sopClassUID, pixel, position: positionOf(frame), modalityLut }), { tag: 0x7fe00010, vr: "OW", bytes: new Uint8Array(words.buffer) }];
    const replaced = new Set([...(options.elements ?? []).map(({ tag }) => tag), ...(options.without ?? [])]);
    return [...own.filter(({ tag }) => !replaced.has(tag)), ...(options.elements ?? [])];
  });
  const files = dataSets.map((dataSet, frame) => encodePart10({ sopClassUID, sopInstanceUID: `${SERIES_UID}.${frame + 1}` }, dataSet, encoding));
  const source = memorySource(
    files.map((bytes, frame) => ({ name: `${frame}`.padStart(4, "0"), bytes })),
    { kind: "directory" },
  );
  const frameBytes = (length * pixel.bitsAllocated) / 8;
  const behindPixels = (dataSet: DataSet | undefined): number => encodeDataSet(dataSet?.filter(({ tag }) => tag > 0x7fe00010) ?? [], encoding).length;
  const instances = source.files.map((file, frame): DicomInstance => ({
    file,
    place: { file: frame + 1, files: source.files.length },
    frameNumber: 1,
    sopInstanceUID: `${SERIES_UID}.${frame + 1}`,
    sopClassUID,
    seriesInstanceUID: SERIES_UID,
    transferSyntaxUID: encoding.transferSyntax === "explicit" ? "1.2.840.10008.1.2.1" : "1.2.840.10008.1.2",
    explicitVr: encoding.transferSyntax === "explicit",
    dataSetStart: 144 + Buffer.from(files[frame] as Uint8Array).readUInt32LE(140),
    pixel: { ...pixel, samplesPerPixel: 1, float: false, photometricInterpretation: "MONOCHROME2", planarConfiguration: 0, frames: 1, encapsulated: false, frameBytes, offset: file.size - behindPixels(dataSets[frame]) - frameBytes - (frameBytes % 2) },
    size: [pixel.columns, pixel.rows],
    modalityLut,
  }));
  const voxels = instances.map((_, frame) => Float32Array.from(stored(frame), (word) => signedWord(word, pixel) * modalityLut.scale + modalityLut.offset));
  const spec: SeriesSpec = {
    metadata: { modality: "MR" },
    volume: {
      geometry: {
        size: [pixel.columns, pixel.rows, slices],
        spacing: [0.5, 0.5, 4],
        origin: positionOf(0),
        direction: [
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
        ],
      },
      voxel: { componentType: "int16", samplesPerVoxel: 1 },
      masked: false,
    },
    phaseKey: "none",
    phases: Array.from({ length: phases }, (_, phase) => ({ label: `${phase}` })),
    frames: instances.map(({ sopInstanceUID }, frame) => ({
      phase: Math.floor(frame / slices),
      slice: frame % slices,
      imagePosition: positionOf(frame),
      toReal: IDENTITY_MAP,
      modalityLut,
      derivedFrom: [frameRef(sopInstanceUID)],
      values: {},
    })),
    history: [],
    attributes: () => ({ shared: {}, perFrame: [] }),
  };
  const series = asDicomSeries({ ...spec, instances, read: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() });
  return { series, dataSets, files, encoding, voxels };
}

/** For tests: names a frame as the reader does. */
export function frameRef(sopInstanceUID: string): FrameRef {
  return { sopInstanceUIDHash: hash("sha256", sopInstanceUID, "hex"), frameNumber: 1 };
}

/** For tests: the series with its frames changed. */
export function withFrames(series: SeriesSpec, change: (frame: Frame, index: number) => Frame): SeriesSpec {
  return { ...series, frames: series.frames.map(change) };
}

/** For tests: one frame after the other in the same lent buffer, as a host with slabs of one slice gives them. */
export async function* slabsOf(series: SeriesSpec, voxels: readonly Float32Array[], masks?: readonly Uint8Array[]): AsyncGenerator<Slab> {
  const sliceLength = (voxels[0] as Float32Array).length;
  const lent = new Float32Array(sliceLength);
  for (const [index, { phase, slice }] of series.frames.entries()) {
    lent.set(voxels[index] as Float32Array);
    yield slabOver({ phase, start: slice, count: 1, sliceLength }, lent, masks?.[index]);
    lent.fill(Number.NaN);
  }
}

function signedWord(word: number, pixel: { readonly bitsStored: number; readonly highBit: number; readonly signed: boolean }): number {
  const value = Math.floor(word / 2 ** (pixel.highBit + 1 - pixel.bitsStored)) & (2 ** pixel.bitsStored - 1);
  return pixel.signed && value >= 2 ** (pixel.bitsStored - 1) ? value - 2 ** pixel.bitsStored : value;
}

interface UsualElements {
  readonly frame: number;
  readonly sopClassUID: string;
  readonly pixel: Pick<PixelLayout, "rows" | "columns" | "bitsAllocated" | "bitsStored" | "highBit" | "signed">;
  readonly position: readonly number[];
  readonly modalityLut: LinearMap;
}

function usualElements({ frame, sopClassUID, pixel, position, modalityLut: { scale, offset } }: UsualElements): DataElement[] {
  return [
    { tag: 0x00080005, vr: "CS", text: "ISO_IR 100" },
    { tag: 0x00080008, vr: "CS", text: "ORIGINAL\\PRIMARY\\OTHER" },
    { tag: 0x00080016, vr: "UI", text: sopClassUID },
    { tag: 0x00080018, vr: "UI", text: `${SERIES_UID}.${frame + 1}` },
    { tag: 0x00080021, vr: "DA", text: "20200101" },
    { tag: 0x00080023, vr: "DA", text: "20200102" },
    { tag: 0x00080031, vr: "TM", text: "101112" },
    { tag: 0x00080032, vr: "TM", text: "101113" },
    { tag: 0x00080033, vr: "TM", text: "101114" },
    { tag: 0x00080060, vr: "CS", text: "MR" },
    { tag: 0x0008103e, vr: "LO", text: "T1 axial" },
    { tag: 0x00090010, vr: "LO", text: "VENDOR" },
    { tag: 0x00091001, vr: "UN", bytes: Uint8Array.of(1, 2, 3, 4) },
    { tag: 0x00091002, vr: "SQ", items: [[{ tag: 0x00091003, vr: "LO", text: "kept" }]] },
    { tag: 0x00100010, vr: "PN", text: "Größe^Äon" },
    { tag: 0x0020000e, vr: "UI", text: SERIES_UID },
    { tag: 0x00200011, vr: "IS", text: "3" },
    { tag: 0x00200013, vr: "IS", text: `${frame + 1}` },
    { tag: 0x00200032, vr: "DS", text: position.join("\\") },
    { tag: 0x00200037, vr: "DS", text: "1\\0\\0\\0\\1\\0" },
    { tag: 0x00200052, vr: "UI", text: `${SERIES_UID}.0` },
    { tag: 0x00280002, vr: "US", numbers: [1] },
    { tag: 0x00280004, vr: "CS", text: "MONOCHROME2" },
    { tag: 0x00280010, vr: "US", numbers: [pixel.rows] },
    { tag: 0x00280011, vr: "US", numbers: [pixel.columns] },
    { tag: 0x00280100, vr: "US", numbers: [pixel.bitsAllocated] },
    { tag: 0x00280101, vr: "US", numbers: [pixel.bitsStored] },
    { tag: 0x00280102, vr: "US", numbers: [pixel.highBit] },
    { tag: 0x00280103, vr: "US", numbers: [pixel.signed ? 1 : 0] },
    { tag: 0x00281050, vr: "DS", text: "40" },
    { tag: 0x00281051, vr: "DS", text: "80" },
    ...(scale === 1 && offset === 0
      ? []
      : ([
          { tag: 0x00281052, vr: "DS", text: `${offset}` },
          { tag: 0x00281053, vr: "DS", text: `${scale}` },
        ] as const)),
  ];
}
