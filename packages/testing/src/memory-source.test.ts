import { expect, test } from "vitest";
import { memorySource } from "./memory-source.ts";

const bytes = Uint8Array.of(1, 2, 3, 4, 5);

test("lists files in the order of names", () => {
  const source = memorySource([
    { name: "b", bytes },
    { name: "a", bytes: bytes.subarray(0, 2) },
  ]);
  expect(source.kind).toBe("directory");
  expect(source.files.map(({ name, size }) => [name, size])).toEqual([["a", 2], ["b", 5]]);
});

test("reads by place, and fewer bytes only at the end", () => {
  const [file] = memorySource([{ name: "a", bytes }]).files;
  const into = new Uint8Array(3);
  expect(file?.read(into, 1)).toBe(3);
  expect([...into]).toEqual([2, 3, 4]);
  expect(file?.read(into, 4)).toBe(1);
  expect([...into]).toEqual([5, 3, 4]);
  expect(file?.read(into, 9)).toBe(0);
});
