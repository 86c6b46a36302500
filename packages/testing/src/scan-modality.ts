import type { Frame } from "@hilum/core";
import { decimalText, numbers, sequence, text } from "./data-elements.ts";
import type { DataElement, DataSet } from "./part10-encoder.ts";
import type { Phantom } from "./phantom.ts";

/** What the scanner can be. */
export type ScanModality = "MR" | "CT" | "PT";

/** MR, CT and Positron Emission Tomography Image Storage (PS3.4 B.5). */
export const SOP_CLASS_UID: Readonly<Record<ScanModality, string>> = {
  MR: "1.2.840.10008.5.1.4.1.1.4",
  CT: "1.2.840.10008.5.1.4.1.1.2",
  PT: "1.2.840.10008.5.1.4.1.1.128",
};

/** The elements of the image module of a modality (PS3.3 C.8.3, C.8.2.1, C.8.9). */
export function modalityElements(modality: ScanModality, frame: Frame, expected: Phantom): DataSet {
  if (modality === "MR") return [...mrElements(), ...(frame.modalityLut.scale === 1 ? [] : rescaleElements(frame))];
  if (modality === "CT") return [...ctElements(), ...rescaleElements(frame), text(0x00281054, "LO", "HU")];
  return [...petElements(frame, expected), ...rescaleElements(frame)];
}

function rescaleElements({ modalityLut }: Frame): DataSet {
  return [text(0x00281052, "DS", decimalText(modalityLut.offset)), text(0x00281053, "DS", decimalText(modalityLut.scale))];
}

function mrElements(): DataSet {
  return [
    text(0x00080008, "CS", "ORIGINAL\\PRIMARY\\OTHER"),
    text(0x00180020, "CS", "GR"),
    text(0x00180021, "CS", "SP"),
    text(0x00180022, "CS", "FS"),
    text(0x00180023, "CS", "3D"),
    text(0x00180080, "DS", "8.4"),
    text(0x00180081, "DS", "4.2"),
    text(0x00180087, "DS", "1.5"),
    text(0x00180091, "IS", "1"),
    text(0x00181314, "DS", "20"),
  ];
}

function ctElements(): DataSet {
  return [
    text(0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"),
    text(0x00180060, "DS", "120"),
    text(0x00181120, "DS", "0"),
    text(0x00181151, "IS", "200"),
    text(0x00181210, "SH", "B30"),
  ];
}

function petElements(frame: Frame, expected: Phantom): DataSet {
  const slices = expected.volume.geometry.size[2];
  const dynamic = expected.phases.length > 1;
  return [
    text(0x00080008, "CS", "ORIGINAL\\PRIMARY"),
    text(0x00541000, "CS", dynamic ? "DYNAMIC\\IMAGE" : "STATIC\\IMAGE"),
    text(0x00541001, "CS", "BQML"),
    text(0x00541002, "CS", "EMISSION"),
    numbers(0x00540081, "US", slices),
    ...(dynamic ? [numbers(0x00540101, "US", expected.phases.length)] : []),
    text(0x00280051, "CS", "DECY\\ATTN"),
    text(0x00541102, "CS", "START"),
    text(0x00181181, "CS", "NONE"),
    text(0x00541101, "LO", "measured"),
    text(0x00541300, "DS", decimalText((frame.values.acquisitionTimeSeconds ?? 0) * 1000 + 45000)),
    text(0x00181242, "IS", "90000"),
    text(0x00541321, "DS", "1"),
    numbers(0x00541330, "US", frame.phase * slices + frame.slice + 1),
    sequence(0x00540016, [
      [
        text(0x00180031, "LO", "Fluorodeoxyglucose"),
        text(0x00181072, "TM", "070000"),
        text(0x00181074, "DS", "370000000"),
        text(0x00181075, "DS", "6586.2"),
        text(0x00181076, "DS", "0.967"),
        coded(0x00540300, "77004003", "SCT", "^18^Fluorine"),
      ],
    ]),
    coded(0x00540410, "102538003", "SCT", "recumbent"),
    coded(0x00540414, "102540008", "SCT", "headfirst"),
    sequence(0x00540013, [[text(0x00540014, "DS", "435"), text(0x00540015, "DS", "650")]]),
  ];
}

function coded(tag: number, value: string, scheme: string, meaning: string): DataElement {
  return sequence(tag, [[text(0x00080100, "SH", value), text(0x00080102, "SH", scheme), text(0x00080104, "LO", meaning)]]);
}
