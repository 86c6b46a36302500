import { isHilumError } from "@hilum/core";
import { codecContext, memorySource, readVoxels } from "@hilum/testing";
import { describe, expect, test } from "vitest";
import { dicomReader } from "./dicom-reader.ts";
import { oracle, orSkipped, sharedDataPresent, sharedSource } from "../scan/shared-data.test-support.ts";

/** Files with nothing wrong but hostile text. */
const READ: ReadonlySet<string> = new Set([
  "malformed/made/hostile-names-path.dcm",
  "malformed/made/hostile-names-html.dcm",
]);

async function outcome(path: string): Promise<string> {
  try {
    const [series] = await dicomReader.open(sharedSource(path), { padding: "auto" }, codecContext());
    if (series === undefined) return "no series";
    const { voxels } = await readVoxels(series);
    return voxels.some(Number.isNaN) ? "NaN" : "read";
  } catch (error) {
    if (!isHilumError(error)) throw error;
    return error.code;
  }
}

const files = oracle<{ readonly path: string; readonly expect?: string }>("files");
const damaged = files.filter(({ path }) => path.startsWith("malformed/") && !path.startsWith("malformed/mixed-folder/"));

describe.skipIf(!sharedDataPresent)(`damaged files${orSkipped}`, () => {
  test.each(damaged.map(({ path, expect: expected }) => [path, expected ?? "no crash"] as const))("%s: %s", async (path, expected) => {
    const started = performance.now();
    const found = await outcome(path);
    expect(performance.now() - started).toBeLessThan(2000);
    if (expected.startsWith("not DICOM")) expect(found).toBe("UNRECOGNIZED_FORMAT");
    else if (READ.has(path)) expect(found).toBe("read");
    else if (expected.startsWith("refused")) expect(found).not.toBe("read");
    else expect(found).toMatch(/^(?:read|MALFORMED_FILE|MISSING_ATTRIBUTE|UNRECOGNIZED_FORMAT|UNSUPPORTED_\w+|TRUNCATED_PIXEL_DATA)$/);
  });

  test.each([
    ["malformed/real/MR_truncated.dcm", "TRUNCATED_PIXEL_DATA"],
    ["malformed/made/cut-in-pixeldata.dcm", "TRUNCATED_PIXEL_DATA"],
    ["malformed/made/pixeldata-length-4g.dcm", "TRUNCATED_PIXEL_DATA"],
    ["malformed/made/huge-dimensions.dcm", "TRUNCATED_PIXEL_DATA"],
    ["malformed/made/cut-in-header.dcm", "MISSING_ATTRIBUTE"],
    ["malformed/made/no-pixeldata.dcm", "MISSING_ATTRIBUTE"],
    ["malformed/made/zero-rows.dcm", "MALFORMED_FILE"],
    ["malformed/made/nan-position.dcm", "MALFORMED_FILE"],
    ["malformed/made/zero-orientation.dcm", "MALFORMED_FILE"],
    ["malformed/made/zero-spacing.dcm", "MALFORMED_FILE"],
    ["malformed/made/nested-5000-sequences.dcm", "MALFORMED_FILE"],
    ["malformed/made/hostile-series-uid.dcm", "MALFORMED_FILE"],
  ])("%s is refused with %s", async (path, code) => {
    expect(await outcome(path)).toBe(code);
  });

  test("skips and counts what lies beside a series", async () => {
    const [series] = await dicomReader.open(sharedSource("malformed/mixed-folder"), { padding: "auto" }, codecContext());
    expect(series?.volume.geometry.size).toEqual([64, 64, 4]);
    expect(series?.assembly).toMatchObject({ skipped: { "not DICOM": 6, "damaged, of another series": 1 } });
  });

  test("skips structured reports, plans and waveforms", async () => {
    const error: unknown = await dicomReader.open(sharedSource("non-image"), { padding: "auto" }, codecContext()).catch((thrown: unknown) => thrown);
    expect(isHilumError(error) && error.code).toBe("UNRECOGNIZED_FORMAT");
  });

  test("takes a folder whose files have no extensions for DICOM, and one without DICOM for none", async () => {
    expect(await dicomReader.detect(sharedSource("dicomdir-tree"))).toBe(true);
    expect(await dicomReader.detect(memorySource([{ name: "a.dcm", bytes: new Uint8Array(500) }]))).toBe(false);
  });
});

describe.skipIf(!sharedDataPresent)(`the breast series with one file less${orSkipped}`, () => {
  test("is refused, whichever of the 180 is missing", async () => {
    const { files: all } = sharedSource("breast-mri-nact-pilot");
    const source = (chosen: typeof all) => ({ kind: "directory" as const, path: "/none", files: chosen, skippedEntries: 0 });
    for (let left = 0; left < all.length; left++) {
      const error: unknown = await dicomReader
        .open(source(all.filter((_, index) => index !== left)), { padding: "auto" }, codecContext())
        .catch((thrown: unknown) => thrown);
      expect(isHilumError(error) && error.code, `without file ${left + 1}`).toBe("IRREGULAR_GEOMETRY");
    }
    expect(all).toHaveLength(180);
  });
});
