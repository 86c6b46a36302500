import type { SeriesSpec } from "@hilum/core";
import { codecContext, memorySink } from "@hilum/testing";
import { expect } from "vitest";
import { createElementTable, findElement } from "../../scan/element-table.ts";
import { scanDataSet } from "../../scan/scan-data-set.ts";
import { paddedText } from "../encode-element.ts";
import { SERIES_UID, slabsOf, type HandBuiltSeries } from "../hand-built-series.test-support.ts";
import { put, spliceElements, spliceGrowth, type ElementEdit } from "../splice.ts";
import { BLUR, DEFAULT_OPTIONS } from "../write-hand-built.test-support.ts";
import type { DicomWriteOptions } from "../write-options.ts";
import { writeSeries } from "../write-series.ts";
import { createSeriesGate } from "./check-series.ts";
import type { ExpectedSeries } from "./expected-series.ts";

/** For tests: written files in the order of their names, and what they have to be. */
export interface Written {
  readonly names: readonly string[];
  readonly files: readonly Buffer[];
  readonly expected: ExpectedSeries;
}

/** For tests: writes a blurred series into its own headers; nobody has read it back. */
export async function writtenSeries(built: Pick<HandBuiltSeries, "series" | "voxels">, options: Partial<DicomWriteOptions> = {}): Promise<Written> {
  const series: SeriesSpec = { ...built.series, history: [BLUR] };
  const memory = memorySink();
  const request = { series, template: built.series, options: { ...DEFAULT_OPTIONS, ...options } };
  const { expected } = await writeSeries(request, slabsOf(series, built.voxels), memory.sink, codecContext());
  return { names: [...memory.files.keys()], files: [...memory.files.values()].map((file) => Buffer.from(file.bytes())), expected };
}

/** For tests: the rule that the gate says is broken, or "none". */
export async function ruleBrokenBy({ names, expected }: Written, files: readonly (Buffer | undefined)[], extra: readonly Buffer[] = []): Promise<string> {
  const gate = createSeriesGate(expected);
  const read = (bytes: Buffer) => (into: Uint8Array, position: number) => bytes.copy(into, 0, position);
  try {
    for (const [i, bytes] of files.entries()) if (bytes !== undefined) await gate.check({ name: names[i] as string, read: read(bytes) });
    for (const bytes of extra) await gate.check({ name: "IM-09-0001.dcm", read: read(bytes) });
    gate.end();
    return "none";
  } catch (error) {
    const { code, details, message } = error as { code: string; details: { rule: string }; message: string };
    expect(code).toBe("VERIFICATION_FAILED");
    expect(message).not.toContain(SERIES_UID);
    return details.rule;
  }
}

/** For tests: where the data set of a Part 10 file begins. */
export const dataSetStart = (file: Buffer): number => 144 + file.readUInt32LE(140);

/** For tests: a file with top-level elements of its data set changed. */
export function edited(file: Buffer, ...edits: readonly ElementEdit[]): Buffer {
  const table = createElementTable();
  scanDataSet(file, { bytesStart: 0, from: dataSetStart(file), fileSize: file.length, explicitVr: true }, table);
  const out = Buffer.alloc(file.length + spliceGrowth(edits));
  file.copy(out, 0, 0, dataSetStart(file));
  return out.subarray(0, spliceElements(file, table, true, edits.toSorted((a, b) => a.tag - b.tag), out, dataSetStart(file)));
}

/** For tests: a file with a value of its data set changed in place. */
export function patched(file: Buffer, tag: number, change: (value: Buffer) => void): Buffer {
  const bytes = Buffer.from(file);
  const table = createElementTable();
  scanDataSet(bytes, { bytesStart: 0, from: dataSetStart(bytes), fileSize: bytes.length, explicitVr: true }, table);
  const row = findElement(table, tag);
  change(bytes.subarray(table.value[row], table.valueEnd[row]));
  return bytes;
}

/** For tests: puts a text. */
export const text = (tag: number, vr: "CS" | "DS" | "LO" | "UI" | "TM" | "IS", value: string): ElementEdit => put({ tag, vr, value: paddedText(vr, value) });
/** For tests: takes an element out. */
export const remove = (tag: number): ElementEdit => ({ kind: "remove", tag });
/** For tests: puts a 16-bit number. */
export const us = (tag: number, vr: string, value: number): ElementEdit => put({ tag, vr, value: Buffer.of(value & 0xff, (value >> 8) & 0xff) });
