import { expect, test } from "vitest";
import { codecContext } from "./codec-context.ts";
import { memorySource } from "./memory-source.ts";
import { phantomCodec, phantomFile } from "./phantom-codec.ts";

test("reads the phantom that the file stands for", async () => {
  const source = memorySource([phantomFile("input", { size: [4, 3, 2], phases: 2, modality: "CT" })]);
  const [series] = (await phantomCodec.reader?.open(source, {}, codecContext())) ?? [];
  expect(series?.volume.geometry.size).toEqual([4, 3, 2]);
  expect(series?.phases.length).toBe(2);
  expect(series?.metadata.modality).toBe("CT");
});

test("refuses a phantom file without options", () => {
  const source = memorySource([{ name: "a.phantom", bytes: new TextEncoder().encode("{}") }]);
  expect(() => phantomCodec.reader?.open(source, {}, codecContext())).toThrow(expect.objectContaining({ code: "MALFORMED_FILE" }));
});
