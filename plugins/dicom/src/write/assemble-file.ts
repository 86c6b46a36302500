import { createElementTable, findElement } from "../scan/element-table.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import { Tag } from "../scan/tags.ts";
import { paddedText, textElement } from "./encode-element.ts";
import { paddingOf, put, spliceElements, spliceGrowth, type ElementEdit } from "./splice.ts";
import type { TemplateFile } from "./template-file.ts";
import { WRITER } from "./writer-identity.ts";

/** A file that is ready to be written, but for its pixels. */
export interface AssembledFile {
  readonly bytes: Buffer;
  /** Where the value of Series Instance UID (0020,000E) ends. */
  readonly headLength: number;
  /** Where the value of Pixel Data begins; `bytes` go on with what stands behind it. */
  readonly pixelsAt: number;
}

/** Where the file meta information begins: after 128 bytes and "DICM" (PS3.10 7.1). */
export const META_START = 132;

const GROUP_LENGTH = 0x00020000;
const META_VERSION = 0x00020001;
const SOP_CLASS_UID = 0x00020002;
const TRANSFER_SYNTAX_UID = 0x00020010;

/** Bytes of file meta information that a template may lack and gets. */
const META_GROWTH = 512;

const metaTable = createElementTable(16);

/**
 * Writes a Part 10 file into `out`: a preamble of zeros (nothing of a template's preamble may pass, as it can make
 * a file executable), the template's file meta information with the new SOP Instance UID and our own Implementation Class
 * UID, and the template's data set with the edits, which leave room for Pixel Data.
 *
 * @param out at least {@link assembledBound} bytes.
 */
export function assembleFile(template: TemplateFile, sopInstanceUID: string, edits: readonly ElementEdit[], out: Buffer): AssembledFile {
  out.fill(0, 0, 128);
  out.write("DICM", 128, "latin1");
  scanMeta(template);
  const metaEdits: ElementEdit[] = [put({ tag: GROUP_LENGTH, vr: "UL", value: Buffer.alloc(4) })];
  if (findElement(metaTable, META_VERSION) < 0) metaEdits.push(put({ tag: META_VERSION, vr: "OB", value: Buffer.of(0, 1) }));
  metaEdits.push(
    put({ tag: SOP_CLASS_UID, vr: "UI", value: paddedText("UI", template.sopClassUID) }),
    put(textElement(0x00020003, "UI", sopInstanceUID)),
    put(textElement(TRANSFER_SYNTAX_UID, "UI", template.writtenSyntaxUID)),
    put(textElement(0x00020012, "UI", WRITER.implementationClassUID)),
    put(textElement(0x00020013, "SH", WRITER.implementationVersionName)),
  );
  const metaEnd = spliceElements(template.bytes, metaTable, true, metaEdits, out, META_START);
  // The group length is the first element: 8 bytes of header, then the count of the bytes behind its 4 bytes of value.
  out.writeUInt32LE(metaEnd - META_START - 12, META_START + 8);
  const ends: number[] = [];
  const end = spliceElements(template.bytes, template.table, template.explicitVr, edits, out, metaEnd, ends);
  const endOf = (wanted: number): number | undefined => ends[edits.findIndex(({ tag }) => tag === wanted)];
  const headLength = endOf(Tag.SeriesInstanceUID);
  const pixels = edits.find((edit) => edit.kind === "room");
  const roomEnd = pixels && endOf(pixels.tag);
  if (headLength === undefined || pixels === undefined || roomEnd === undefined) throw new TypeError("a derived instance needs a Series Instance UID and Pixel Data");
  return { bytes: out.subarray(0, end), headLength, pixelsAt: roomEnd - paddingOf(pixels.length) };
}

/** How many bytes an assembled file takes at most. */
export function assembledBound(template: TemplateFile, edits: readonly ElementEdit[]): number {
  return META_START + META_GROWTH + template.bytes.length + spliceGrowth(edits);
}

/** A template may be a bare data set, or lack the preamble only. */
function scanMeta(template: TemplateFile): void {
  const { bytes, dataSetStart } = template;
  const from = bytes.toString("latin1", 128, META_START) === "DICM" ? META_START : 0;
  scanDataSet(bytes, { bytesStart: 0, from, fileSize: dataSetStart, explicitVr: true }, metaTable);
}
