import { expect, test } from "vitest";
import { openHdf5, type Hdf5File } from "../read/h5wasm-file.ts";
import { createHdf5Builder, type Hdf5Parts } from "./hdf5-builder.ts";

const BASE = 96;

async function opened({ superblock, metadata }: Hdf5Parts): Promise<Hdf5File> {
  const bytes = Buffer.concat([superblock, metadata]);
  return openHdf5({ name: "x", size: bytes.length, read: (into, position) => bytes.copy(into, 0, position), close: () => {} });
}

test("keeps hundreds of links in one group", async () => {
  const builder = createHdf5Builder(BASE);
  const links: Record<string, number> = {};
  for (let n = 0; n < 1000; n++) links[`name ${n}`] = builder.numbers(Int32Array.of(n), { shape: [] });
  const file = await opened(builder.finish({ many: builder.group(links), none: builder.group({}) }, {}));
  expect(file.names("/many")).toHaveLength(1000);
  expect(file.names("/none")).toEqual([]);
  for (const n of [0, 31, 32, 33, 511, 999]) expect([...file.numbers(`/many/name ${n}`)]).toEqual([n]);
  file.close();
});

test("refuses more links than its tables can hold, rather than write a wrong file", () => {
  const builder = createHdf5Builder(BASE);
  expect(() => builder.group(Object.fromEntries(Array.from({ length: 1025 }, (_, n) => [`${n}`, BASE])))).toThrow(RangeError);
});

test("keeps 70,000 strings, empty, short and long", async () => {
  const builder = createHdf5Builder(BASE);
  const values = Array.from({ length: 70_000 }, (_, n) => (n % 7 === 0 ? "" : n === 40_000 ? "ü".repeat(200_000) : `text ${n}`));
  const file = await opened(builder.finish({ values: builder.strings(values, { shape: [values.length] }) }, {}));
  expect(file.strings("/values")).toEqual(values);
  file.close();
});

test("refuses an attribute that is longer than the format allows", () => {
  const builder = createHdf5Builder(BASE);
  expect(() => builder.group({}, { long: Array.from({ length: 9000 }, (_, n) => n) })).toThrow(/write a dataset instead/);
});
