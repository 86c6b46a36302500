import { findElement } from "../scan/element-table.ts";
import { Tag } from "../scan/tags.ts";
import type { EncodedElement } from "./encode-element.ts";
import type { TemplateFile } from "./template-file.ts";

/** All of the patient, and of the clinical trial. */
const GROUPS: ReadonlySet<number> = new Set([0x0010, 0x0012]);

/** Type 2 in Patient, General Study and Frame of Reference (PS3.3 C.7.1.1, C.7.2.1, C.7.4.1): empty where the template has none. */
const MANDATORY: ReadonlyMap<number, string> = new Map([
  [0x00080020, "DA"], // Study Date
  [0x00080030, "TM"], // Study Time
  [0x00080050, "SH"], // Accession Number
  [0x00080090, "PN"], // Referring Physician's Name
  [0x00100010, "PN"], // Patient's Name
  [0x00100020, "LO"], // Patient ID
  [0x00100030, "DA"], // Patient's Birth Date
  [0x00100040, "CS"], // Patient's Sex
  [0x00200010, "SH"], // Study ID
  [0x00201040, "LO"], // Position Reference Indicator
]);

const OPTIONAL: ReadonlySet<number> = new Set([
  0x00080005, // Specific Character Set
  Tag.Modality,
  0x00080201, // Timezone Offset From UTC
  0x00081030, // Study Description
  0x00081032, // Procedure Code Sequence
  0x00081048, // Physician(s) of Record
  0x00081060, // Name of Physician(s) Reading Study
  0x00081080, // Admitting Diagnoses Description
  0x00081110, // Referenced Study Sequence
  0x00180015, // Body Part Examined
  0x00185100, // Patient Position
  Tag.StudyInstanceUID,
  Tag.FrameOfReferenceUID,
  0x00200060, // Laterality
]);

/** Whose image of what a template is: the same, byte for byte, in whatever is made of it. In order of tags. */
export function keptIdentity(template: TemplateFile): EncodedElement[] {
  const { table } = template;
  const kept: EncodedElement[] = [];
  for (let row = 0; row < table.count; row++) {
    const tag = table.tag[row] as number;
    const isOfGroup = GROUPS.has(tag >>> 16) && (tag & 0xffff) !== 0;
    if (isOfGroup || MANDATORY.has(tag) || OPTIONAL.has(tag)) kept.push(elementAt(template, row));
  }
  for (const [tag, vr] of MANDATORY) if (findElement(table, tag) < 0) kept.push({ tag, vr, value: new Uint8Array(0) });
  return kept.sort((a, b) => a.tag - b.tag);
}

/** An element of a template, with the bytes of its value; undefined where it is absent. */
export function keptElement(template: TemplateFile, tag: number): EncodedElement | undefined {
  const row = findElement(template.table, tag);
  return row < 0 ? undefined : elementAt(template, row);
}

/** The value is copied: the template's memory is lent. In implicit VR nobody writes the VR. */
function elementAt({ bytes, table }: TemplateFile, row: number): EncodedElement {
  const vr = table.vr[row] as number;
  return {
    tag: table.tag[row] as number,
    vr: vr === 0 ? "UN" : String.fromCharCode(vr >> 8, vr & 0xff),
    value: Buffer.from(bytes.subarray(table.value[row], table.valueEnd[row])),
  };
}
