import { cross, dot, type Frame } from "@hilum/core";
import { uidOf } from "./deterministic.ts";
import { decimalText, numbers, sequence, text } from "./data-elements.ts";
import type { DataElement, DataSet, EncodingOptions } from "./part10-encoder.ts";
import type { Phantom } from "./phantom.ts";
import { modalityElements, SOP_CLASS_UID, type ScanModality } from "./scan-modality.ts";

/** The patient of every scan, and a part of every file name: search logs, reports and outputs for it to find a leak. */
export const CANARY = "ZZCANARY";

/** How a scan is stored, every default filled in. */
export interface ScanStyle {
  readonly modality: ScanModality;
  readonly bitsStored: 8 | 12 | 16;
  readonly signed: boolean;
  readonly unusedBits: "extended" | "noise";
  readonly padding: boolean;
  readonly phaseStyle: "temporal-position" | "breast-like";
  readonly characterSet: "ISO_IR 6" | "ISO_IR 100" | "ISO_IR 192";
  readonly privateGroups: boolean;
  readonly encoding: EncodingOptions;
}

/** What one instance has of its own. A twin lies where another instance lies, with other voxels. */
export interface InstanceIdentity {
  readonly sopInstanceUID: string;
  readonly foreignPatient: boolean;
  readonly twin: boolean;
}

/** The data set of one instance. */
export function scanDataSet(expected: Phantom, frame: Frame, style: ScanStyle, identity: InstanceIdentity): DataSet {
  return [
    text(0x00080016, "UI", SOP_CLASS_UID[style.modality]),
    text(0x00080018, "UI", identity.sopInstanceUID),
    ...patientAndStudy(expected, style, identity.foreignPatient),
    ...seriesAndEquipment(expected, style),
    ...timeAndPhase(expected, frame, style),
    ...plane(expected, frame),
    ...modalityElements(style.modality, frame, expected),
    ...pixels(expected, frame, style, identity.twin),
    ...(style.privateGroups ? privateElements(frame) : []),
  ];
}

/** The bytes of Pixel Data: row by row, little endian (PS3.5 8.1.1). */
export function storedPixels(expected: Phantom, frame: Frame, style: ScanStyle, twin: boolean): Uint8Array {
  const [columns, rows] = expected.volume.geometry.size;
  const width = style.bitsStored === 8 ? 1 : 2;
  const view = new DataView(new ArrayBuffer(columns * rows * width));
  const unused = style.unusedBits === "noise" ? 0xffff & ~(2 ** style.bitsStored - 1) : 0;
  const shift = twin ? 1 : 0;
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      const stored = expected.storedAt(frame.phase, frame.slice, j, i + shift);
      const bits = (stored & ~unused) | ((0xa53c + 0x1700 * i + 0x2b00 * j) & unused);
      if (width === 1) view.setUint8(j * columns + i, bits);
      else view.setUint16((j * columns + i) * 2, bits, true);
    }
  return new Uint8Array(view.buffer);
}

function code(tag: number, value: string, meaning: string): DataElement {
  return sequence(tag, [[text(0x00080100, "SH", value), text(0x00080102, "SH", "99HILUM"), text(0x00080104, "LO", meaning)]]);
}

function patientAndStudy(expected: Phantom, style: ScanStyle, foreign: boolean): DataSet {
  const ascii = style.characterSet === "ISO_IR 6";
  const name = ascii ? `${CANARY}^PHANTOM` : `${CANARY}^Zoë Müller`;
  return [
    ...(ascii ? [] : [text(0x00080005, "CS", style.characterSet)]),
    text(0x00100010, "PN", foreign ? "OTHER^PERSON" : name),
    text(0x00100020, "LO", foreign ? "OTHER-ID" : `${CANARY}-ID`),
    text(0x00100030, "DA", foreign ? "19700102" : "19600102"),
    text(0x00100040, "CS", "O"),
    text(0x00101010, "AS", "066Y"),
    text(0x00101030, "DS", "71.5"),
    text(0x0020000d, "UI", uidOf(`study of ${expected.metadata.seriesInstanceUID ?? ""}`)),
    text(0x00080020, "DA", "20260102"),
    text(0x00080030, "TM", "080000"),
    text(0x00080050, "SH", `${CANARY}-ACC`),
    text(0x00080090, "PN", `${CANARY}^REFERRER`),
    text(0x00200010, "SH", "1"),
    text(0x00081030, "LO", "Phantom study"),
    code(0x00081032, "P1-00000", "Phantom scan"),
  ];
}

function seriesAndEquipment({ metadata, volume }: Phantom, style: ScanStyle): DataSet {
  return [
    text(0x00080060, "CS", style.modality),
    text(0x0020000e, "UI", metadata.seriesInstanceUID ?? ""),
    text(0x00200011, "IS", "3"),
    text(0x00080021, "DA", "20260102"),
    text(0x00080031, "TM", "081000"),
    text(0x0008103e, "LO", metadata.seriesDescription ?? ""),
    text(0x00180015, "CS", "CHEST"),
    // PET says the same by code sequences, beside which Patient Position is not allowed (PS3.3 C.7.3.1.1.2).
    ...(style.modality === "PT" ? [] : [text(0x00185100, "CS", "HFS")]),
    text(0x00200052, "UI", volume.geometry.frameOfReferenceUID ?? ""),
    text(0x00201040, "LO", ""),
    text(0x00080070, "LO", "Hilum synthetic scanner"),
    text(0x00081090, "LO", "Phantom 1"),
    text(0x00181020, "LO", "1.0"),
    sequence(0x00400275, [
      [
        text(0x00400007, "LO", "Phantom"),
        text(0x00400009, "SH", "STEP1"),
        text(0x00401001, "SH", "REQ1"),
        code(0x00400008, "P1-00001", "Phantom protocol"),
      ],
    ]),
  ];
}

function timeAndPhase(expected: Phantom, frame: Frame, style: ScanStyle): DataSet {
  const seconds = frame.values.acquisitionTimeSeconds ?? 0;
  const misleading = style.phaseStyle === "breast-like" && frame.phase > 0;
  const identified = style.phaseStyle === "temporal-position" && expected.phases.length > 1;
  return [
    text(0x00200013, "IS", String(frame.values.instanceNumber)),
    text(0x00200012, "IS", misleading ? "2" : "1"),
    text(0x00080022, "DA", "20260102"),
    text(0x00080032, "TM", timeText(8 * 3600 + 15 * 60 + seconds)),
    text(0x00080023, "DA", "20260102"),
    text(0x00080033, "TM", timeText(8 * 3600 + 15 * 60 + seconds)),
    ...(identified
      ? [text(0x00200100, "IS", String(frame.phase + 1)), text(0x00200105, "IS", String(expected.phases.length))]
      : []),
  ];
}

/** Seconds since midnight as TM (PS3.5 6.2). */
function timeText(seconds: number): string {
  const whole = Math.floor(seconds + 1e-9);
  const fraction = Math.round((seconds - whole) * 1e6);
  const clock = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, "0"));
  return `${clock.join("")}.${String(fraction).padStart(6, "0")}`;
}

function plane({ volume: { geometry } }: Phantom, frame: Frame): DataSet {
  const [u, v] = geometry.direction;
  const location = dot(frame.imagePosition, cross(u, v));
  return [
    text(0x00200032, "DS", decimalText(...frame.imagePosition)),
    text(0x00200037, "DS", decimalText(...u, ...v)),
    text(0x00280030, "DS", decimalText(geometry.spacing[1], geometry.spacing[0])),
    text(0x00180050, "DS", decimalText(geometry.spacing[2])),
    text(0x00201041, "DS", decimalText(Number(location.toFixed(6)))),
  ];
}

function pixels(expected: Phantom, frame: Frame, style: ScanStyle, twin: boolean): DataSet {
  const [columns, rows] = expected.volume.geometry.size;
  const ownSign = style.signed ? "SS" : "US";
  const bytes = storedPixels(expected, frame, style, twin);
  const content: number[] = [];
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++)
      if (!expected.paddedAt(frame.slice, j, i)) content.push(expected.storedAt(frame.phase, frame.slice, j, i));
  return [
    numbers(0x00280002, "US", 1),
    text(0x00280004, "CS", "MONOCHROME2"),
    numbers(0x00280010, "US", rows),
    numbers(0x00280011, "US", columns),
    numbers(0x00280100, "US", style.bitsStored === 8 ? 8 : 16),
    numbers(0x00280101, "US", style.bitsStored),
    numbers(0x00280102, "US", style.bitsStored - 1),
    numbers(0x00280103, "US", style.signed ? 1 : 0),
    numbers(0x00280106, ownSign, Math.min(...content)),
    numbers(0x00280107, ownSign, Math.max(...content)),
    ...(style.padding ? [numbers(0x00280120, ownSign, expected.range.padding)] : []),
    text(0x00280301, "CS", "NO"),
    text(0x00281050, "DS", "1000"),
    text(0x00281051, "DS", "2000"),
    { tag: 0x7fe00010, vr: style.bitsStored === 8 && style.encoding.transferSyntax === "explicit" ? "OB" : "OW", bytes },
  ];
}

function privateElements(frame: Frame): DataSet {
  const own = frame.values.instanceNumber ?? 0;
  return [
    text(0x00190010, "LO", "HILUM TEST A"),
    text(0x00191001, "DS", "1.250\\-3.0E0"),
    { tag: 0x00191002, vr: "UN", bytes: Uint8Array.of(own & 255, 1, 2, 3, 0, 255) },
    numbers(0x00191003, "US", 7, own),
    sequence(0x00191004, [[numbers(0x00191005, "FD", 0.1 * own), text(0x00190010, "LO", "HILUM TEST A")], []]),
    numbers(0x00191006, "SL", -70000, own),
    text(0x00290010, "LO", "HILUM TEST B"),
    { tag: 0x00291010, vr: "OB", bytes: Uint8Array.from({ length: 64 }, (_, at) => (at * own) & 255) },
  ];
}
