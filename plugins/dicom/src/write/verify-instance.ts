import { hash } from "node:crypto";
import { HilumError, type SinkFile } from "@hilum/core";
import { createElementTable, findElement, type ElementTable } from "../scan/element-table.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import { META_START, type TemplateFile } from "./assemble-file.ts";
import { PIXEL_DATA, SERIES_INSTANCE_UID, SOP_INSTANCE_UID } from "./derived-attributes.ts";
import { changedGroupsOf, isStaleGroupLength, type ElementEdit } from "./splice.ts";

/** What a written file has to hold. */
export interface WrittenInstance {
  readonly length: number;
  readonly sopInstanceUID: string;
  readonly template: TemplateFile;
  readonly edits: readonly ElementEdit[];
  readonly pixelDataLength: number;
  /** SHA-256 (hexadecimal) of the value of Pixel Data. */
  readonly pixelDataDigest: string;
}

const MEDIA_STORAGE_SOP_INSTANCE_UID = 0x00020003;

/** Memory of its own, reused for each file. */
let memory = Buffer.alloc(0);
const table = createElementTable();
const metaTable = createElementTable(16);

/**
 * Reads a file back and compares it with what was meant, from bytes and a scan of its own.
 * @returns where the value of Series Instance UID begins in the file, so that it can be patched.
 * @throws {HilumError} VERIFICATION_FAILED, naming the rule.
 */
export function verifyInstance(file: SinkFile, written: WrittenInstance): number {
  // One byte more than expected, so that a longer file is seen.
  if (memory.length < written.length + 1) memory = Buffer.alloc(written.length + 1 + (written.length >> 3));
  const bytes = memory.subarray(0, file.read(memory.subarray(0, written.length + 1), 0));
  rule("the file has the length that was written", bytes.length === written.length);
  rule("the preamble is 128 zeros", bytes.subarray(0, 128).every((byte) => byte === 0) && bytes.toString("latin1", 128, META_START) === "DICM");
  const dataSetStart = META_START + 12 + bytes.readUInt32LE(META_START + 8);
  const { explicitVr } = written.template;
  try {
    scanDataSet(bytes, { bytesStart: 0, from: META_START, fileSize: dataSetStart, explicitVr: true }, metaTable);
    scanDataSet(bytes, { bytesStart: 0, from: dataSetStart, fileSize: bytes.length, explicitVr }, table);
  } catch (cause) {
    throw verificationFailed("the file can be read", cause);
  }
  const uid = `${written.sopInstanceUID}${written.sopInstanceUID.length % 2 === 0 ? "" : "\0"}`;
  const holds = (in_: ElementTable, tag: number): boolean => {
    const row = findElement(in_, tag);
    return row >= 0 && bytes.toString("latin1", in_.value[row] as number, in_.valueEnd[row] as number) === uid;
  };
  rule(
    "SOP Instance UID and Media Storage SOP Instance UID are the new UID",
    holds(table, SOP_INSTANCE_UID) && holds(metaTable, MEDIA_STORAGE_SOP_INSTANCE_UID),
  );
  const pixelRow = findElement(table, PIXEL_DATA);
  const pixelData = bytes.subarray(table.value[pixelRow] as number, table.valueEnd[pixelRow] as number);
  rule("Pixel Data has the length of its frame", pixelRow >= 0 && pixelData.length === written.pixelDataLength);
  rule("Pixel Data holds the pixels that were meant", hash("sha256", pixelData, "hex") === written.pixelDataDigest);
  rule("every kept element has the template's bytes", keepsTemplate(bytes, written));
  return table.value[findElement(table, SERIES_INSTANCE_UID)] as number;
}

/** Checks the Series Instance UID that was patched into a file, header and all. */
export function verifySeriesInstanceUID(file: SinkFile, valueAt: number, seriesInstanceUID: string): void {
  const bytes = Buffer.alloc(8 + seriesInstanceUID.length);
  const complete = file.read(bytes, valueAt - 8) === bytes.length;
  const tag = ((bytes.readUInt16LE(0) << 16) | bytes.readUInt16LE(2)) >>> 0;
  rule("every instance holds the Series Instance UID", complete && tag === SERIES_INSTANCE_UID && bytes.toString("latin1", 8) === seriesInstanceUID);
}

/** Both tables are sorted: one walk finds what is missing, changed or too much. */
function keepsTemplate(bytes: Buffer, { template, edits }: WrittenInstance): boolean {
  const kept = template.table;
  const edited = new Map(edits.map((edit) => [edit.tag, edit.kind]));
  const changedGroups = changedGroupsOf(edits);
  let row = 0;
  const passEdited = (): void => {
    while (row < table.count && (edited.get(table.tag[row] as number) ?? "remove") !== "remove") row++;
  };
  for (let i = 0; i < kept.count; i++) {
    const tag = kept.tag[i] as number;
    if (edited.has(tag) || isStaleGroupLength(tag, changedGroups)) continue;
    passEdited();
    if (row >= table.count) return false;
    const start = kept.start[i] as number;
    const end = kept.end[i] as number;
    if (template.bytes.compare(bytes, table.start[row], table.end[row], start, end) !== 0) return false;
    row++;
  }
  passEdited();
  return row === table.count;
}

function rule(name: string, isKept: boolean): void {
  if (!isKept) throw verificationFailed(name);
}

/** A VERIFICATION_FAILED that names the rule. */
export function verificationFailed(name: string, cause?: unknown): HilumError {
  return new HilumError("VERIFICATION_FAILED", `A written instance breaks the rule: ${name}.`, { details: { rule: name }, cause });
}
