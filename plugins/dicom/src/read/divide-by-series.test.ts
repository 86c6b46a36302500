import { CANARY, codecContext, memorySource, scanSeries, type NamedFile } from "@hilum/testing";
import { expect, test } from "vitest";
import { divideBySeries } from "./divide-by-series.ts";

const inFolder = (folder: string, files: readonly NamedFile[]): readonly NamedFile[] => files.map(({ name, bytes }) => ({ name: `${folder}/${name}`, bytes }));
const divided = async (files: readonly NamedFile[]) => divideBySeries(memorySource(files), codecContext());

test("one series with anything beside it stays one part, as where nobody divides", async () => {
  const files = [...scanSeries().files, { name: "notes.txt", bytes: new TextEncoder().encode("no image") }];
  const [part, ...others] = await divided(files);
  expect(others).toEqual([]);
  expect(part?.source.files).toHaveLength(files.length);
  expect(part?.metadata.modality).toBe("MR");
});

test("several series are parts in order of their first file, whatever folder a file is in; what tells no series comes last", async () => {
  const [a, b] = [scanSeries({ seed: 1 }), scanSeries({ seed: 2, modality: "CT" })];
  const files = [
    { name: "0-first", bytes: new Uint8Array(8) },
    ...inFolder("1", b.files.slice(0, 2)),
    ...inFolder("2", a.files),
    ...inFolder("3", b.files.slice(2)),
  ];
  const parts = await divided(files);
  expect(parts.map(({ source }) => source.files.length)).toEqual([b.files.length, a.files.length, 1]);
  expect(parts.map(({ metadata }) => metadata.modality)).toEqual(["CT", "MR", undefined]);
  expect(parts[0]?.metadata.seriesInstanceUID).toBe(b.expected.metadata.seriesInstanceUID);
  expect(JSON.stringify(parts.map(({ metadata }) => metadata))).not.toContain(CANARY);
});

test("a file cut behind its Series Instance UID stays with its series, one cut before it tells none", async () => {
  const [a, b] = [scanSeries({ seed: 1 }).files, scanSeries({ seed: 2 }).files];
  const [first, second] = b as [NamedFile, NamedFile];
  const cut = (file: NamedFile, bytes: number): NamedFile => ({ ...file, bytes: file.bytes.subarray(0, bytes) });
  const files = [...inFolder("a", a), ...inFolder("b", [cut(first, first.bytes.length - 4), cut(second, 300), ...b.slice(2)])];
  expect((await divided(files)).map(({ source }) => source.files.length)).toEqual([a.length, b.length - 1, 1]);
});
