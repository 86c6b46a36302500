import { expect, test } from "vitest";
import { memorySink } from "./memory-sink.ts";

test("keeps bytes that are written out of order, with zeros between", async () => {
  const { sink, files } = memorySink();
  const file = await sink.file();
  await file.write(Uint8Array.of(7, 8), 3);
  await file.write(Uint8Array.of(1), 0);
  const into = new Uint8Array(8);
  expect(file.read(into, 1)).toBe(4);
  expect([...into.subarray(0, 4)]).toEqual([0, 0, 7, 8]);
  await file.close();
  expect([...(files.get("")?.bytes() ?? [])]).toEqual([1, 0, 0, 7, 8]);
  expect(files.get("")?.writes).toEqual([{ position: 3, length: 2 }, { position: 0, length: 1 }]);
  expect(files.get("")?.closed).toBe(true);
});

test("refuses to use a closed file until it is opened again, and keeps its bytes", async () => {
  const { sink, files } = memorySink();
  const file = await sink.file("a.dcm");
  await file.write(Uint8Array.of(1, 2), 0);
  await file.close();
  await expect(file.write(Uint8Array.of(1), 0)).rejects.toThrow(new TypeError("the file is closed"));
  await (await sink.file("a.dcm")).write(Uint8Array.of(9), 1);
  expect([...(files.get("a.dcm")?.bytes() ?? [])]).toEqual([1, 9]);
});

test("fails with STORAGE_FULL beyond its capacity, counted over all files", async () => {
  const { sink } = memorySink({ capacityBytes: 4 });
  await (await sink.file("a")).write(Uint8Array.of(1, 2, 3), 0);
  await (await sink.file("a")).write(Uint8Array.of(4, 5, 6), 0);
  await expect((await sink.file("b")).write(Uint8Array.of(1, 2), 0)).rejects.toMatchObject({ code: "STORAGE_FULL" });
});

test("offers a sidecar only where one is asked for", async () => {
  const asked = memorySink({ sidecar: true });
  await asked.sink.sidecar?.write(Uint8Array.of(123), 0);
  expect([...(asked.sidecar?.bytes() ?? [])]).toEqual([123]);
  expect(memorySink().sink.sidecar).toBeUndefined();
});

test("refuses names with folders", () => {
  expect(() => memorySink().sink.file("../a")).toThrow(new TypeError("a file name in an output is a plain name"));
});
