import { HilumError, type SinkFile } from "@hilum/core";
import { createElementTable, findElement, type ElementTable } from "../scan/element-table.ts";
import { scanDataSet } from "../scan/scan-data-set.ts";
import { META_START, type TemplateFile } from "./assemble-file.ts";
import { PIXEL_DATA, SERIES_INSTANCE_UID, SOP_INSTANCE_UID } from "./derived-attributes.ts";
import { changedGroupsOf, isStaleGroupLength, type ElementEdit } from "./splice.ts";

/** What a file has to hold of which all but the head is written. */
export interface WrittenInstance {
  /** What will stand before the rest. */
  readonly head: Uint8Array;
  readonly length: number;
  readonly sopInstanceUID: string;
  readonly template: TemplateFile;
  readonly edits: readonly ElementEdit[];
  /** The value of Pixel Data. */
  readonly pixelData: Uint8Array;
}

const MEDIA_STORAGE_SOP_INSTANCE_UID = 0x00020003;

/** Memory of its own, reused for each file. */
let memory = Buffer.alloc(0);
const table = createElementTable();
const metaTable = createElementTable(16);

/**
 * Reads a file back and compares it, behind its head, with what was meant, from bytes and a scan of its own.
 * @throws {HilumError} VERIFICATION_FAILED, naming the rule.
 */
export function verifyInstance(file: SinkFile, written: WrittenInstance): void {
  const { head, length, pixelData } = written;
  // One byte more than expected, so that a longer file is seen.
  if (memory.length < length + 1) memory = Buffer.alloc(length + 1 + (length >> 3));
  memory.set(head);
  const bytes = memory.subarray(0, head.length + file.read(memory.subarray(head.length, length + 1), head.length));
  rule("the file has the length that was written", bytes.length === length);
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
  const readBack = bytes.subarray(table.value[pixelRow] as number, table.valueEnd[pixelRow] as number);
  rule("Pixel Data has the length of its frame", pixelRow >= 0 && readBack.length === pixelData.length);
  rule("Pixel Data holds the pixels that were meant", readBack.equals(pixelData));
  rule("Series Instance UID ends the head", table.valueEnd[findElement(table, SERIES_INSTANCE_UID)] === head.length);
  rule("every kept element has the template's bytes", keepsTemplate(bytes, written));
}

/** Checks that the head of a file, with its Series Instance UID, is there. */
export function verifyHead(file: SinkFile, head: Uint8Array): void {
  const bytes = Buffer.alloc(head.length);
  rule("every instance holds its head with the Series Instance UID", file.read(bytes, 0) === head.length && bytes.equals(head));
}

/**
 * Both tables are sorted: one walk finds what is missing, changed or too much. Neighbours that are kept are compared together,
 * tags and all.
 */
function keepsTemplate(bytes: Buffer, { template, edits }: WrittenInstance): boolean {
  const kept = template.table;
  const edited = new Map(edits.map((edit) => [edit.tag, edit.kind]));
  const changedGroups = changedGroupsOf(edits);
  let row = 0;
  const passEdited = (): void => {
    while (row < table.count && (edited.get(table.tag[row] as number) ?? "remove") !== "remove") row++;
  };
  for (let i = 0; i < kept.count; i++) {
    if (!isUnedited(kept.tag[i] as number, edited, changedGroups)) continue;
    passEdited();
    if (row >= table.count) return false;
    const start = kept.start[i];
    const startInFile = table.start[row];
    // A new element may stand between two that were neighbours.
    while (row + 1 < table.count && table.tag[row + 1] === kept.tag[i + 1] && isUnedited(kept.tag[i + 1] as number, edited, changedGroups)) {
      i++;
      row++;
    }
    if (template.bytes.compare(bytes, startInFile, table.end[row], start, kept.end[i]) !== 0) return false;
    row++;
  }
  passEdited();
  return row === table.count;
}

function isUnedited(tag: number, edited: ReadonlyMap<number, unknown>, changedGroups: ReadonlySet<number>): boolean {
  return !edited.has(tag) && !isStaleGroupLength(tag, changedGroups);
}

function rule(name: string, isKept: boolean): void {
  if (!isKept) throw verificationFailed(name);
}

/** A VERIFICATION_FAILED that names the rule. */
export function verificationFailed(name: string, cause?: unknown): HilumError {
  return new HilumError("VERIFICATION_FAILED", `A written instance breaks the rule: ${name}.`, { details: { rule: name }, cause });
}
