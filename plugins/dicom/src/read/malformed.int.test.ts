import { isHilumError, type ImageSeries, type Source } from "@hilum/core";
import { codecContext, memorySource, readVoxels } from "@hilum/testing";
import { fuzzReader, type FuzzRead } from "@hilum/testing/mutate";
import { beforeAll, describe, expect, test } from "vitest";
import { dicomReader } from "./dicom-reader.ts";
import { oracle, orSkipped, sharedDataPresent, sharedPath, sharedSource } from "../scan/shared-data.test-support.ts";

/** The part of an oracle's row that tells what a good reader does. */
interface DamagedFile {
  readonly path: string;
  readonly kind: string;
  readonly decoded?: boolean;
  readonly expect?: string;
}

async function open(source: Source): Promise<readonly ImageSeries[]> {
  const options = await dicomReader.options["~standard"].validate({});
  if (options.issues !== undefined) throw new TypeError("an option has no default");
  return dicomReader.open(source, options.value, codecContext());
}

/** On a busy machine a process takes seconds to start. */
const TEN_MINUTES = 600_000;
const MOST_BYTES = 512 * 1024 * 1024;
const REFUSAL = /^(?:MALFORMED_FILE|MISSING_ATTRIBUTE|UNRECOGNIZED_FORMAT|UNSUPPORTED_\w+|TRUNCATED_PIXEL_DATA|IRREGULAR_GEOMETRY)$/;

/** Where Hilum is stricter than the oracle's words, and why. A reason that falls away takes its row with it. */
const STRICTER: ReadonlyMap<string, readonly [code: string, why: string]> = new Map([
  ["malformed/no-preamble/CT_Implicit_Little_Headless_Retired.dcm", ["MISSING_ATTRIBUTE", "ACR-NEMA 2 has neither SOP Class nor UIDs to make a series of"]],
]);

/** What the oracle's words ask of a reader, as a pattern of the outcome of opening the file and reading every voxel. */
function asked({ path, kind, decoded, expect: words = "" }: DamagedFile): RegExp {
  const stricter = STRICTER.get(path);
  if (stricter !== undefined) return new RegExp(`^${stricter[0]}$`);
  if (words.startsWith("not DICOM")) return /^UNRECOGNIZED_FORMAT$/;
  if (/^decodable(?:;|$)/.test(words)) return /^read$/;
  if (/^refused(?! or)/.test(words) || words.startsWith("no image")) return REFUSAL;
  // Files that the oracle has nothing to say of are sound: images are read, and the others hold none.
  if (words === "" && decoded === true) return /^read$/;
  if (kind === "no-image") return REFUSAL;
  return new RegExp(`^read$|${REFUSAL.source}`);
}

const damaged = oracle<DamagedFile>("files").filter(({ path }) => path.startsWith("malformed/") && !path.startsWith("malformed/mixed-folder/"));

describe.skipIf(!sharedDataPresent)(`damaged files${orSkipped}`, () => {
  const reads = new Map<string, FuzzRead>();

  beforeAll(async () => {
    const found = await fuzzReader({
      program: new URL("read-mutants.test-support.ts", import.meta.url),
      damage: "none",
      seed: 0,
      seeds: damaged.map(({ path }) => ({ path: sharedPath(path), beside: [] })),
      count: damaged.length,
      readsPerChild: 1,
      deadlineMs: 5000,
      memoryLimitBytes: MOST_BYTES,
    });
    for (const read of found) reads.set(damaged[read.index]?.path ?? "", read);
    const most = found.reduce((a, b) => (b.peakBytes > a.peakBytes ? b : a));
    const slowest = found.reduce((a, b) => (b.ms > a.ms ? b : a));
    process.stdout.write(
      `${found.length} damaged files, each in a process of its own: at most ${Math.round(most.peakBytes / 2 ** 20)} MiB (${damaged[most.index]?.path}), ` +
        `${Math.round(slowest.ms)} ms (${damaged[slowest.index]?.path})\n`,
    );
  }, TEN_MINUTES);

  test.each(damaged.map((file) => [file.path, file.expect ?? "nothing to say", file] as const))("%s: %s", (path, _, file) => {
    const read = reads.get(path);
    expect(`${read?.outcome} ${read?.where ?? ""}`.trim()).toMatch(asked(file));
  });

  test("each take less than 5 s and 512 MiB", () => {
    expect(reads.size).toBe(damaged.length);
    for (const { ms, peakBytes } of reads.values()) {
      expect(ms).toBeLessThan(5000);
      expect(peakBytes).toBeLessThan(MOST_BYTES);
    }
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
    ])("%s is refused with %s", (path, code) => {
    expect(reads.get(path)?.outcome).toBe(code);
  });

  test("skips and counts what lies beside a series", async () => {
    const [series] = await open(sharedSource("malformed/mixed-folder"));
    expect(series?.volume.geometry.size).toEqual([64, 64, 4]);
    expect(series?.assembly).toMatchObject({ skipped: { "not DICOM": 6, "damaged, of another series": 1 } });
  });

  test("skips structured reports, plans and waveforms", async () => {
    const error: unknown = await open(sharedSource("non-image")).catch((thrown: unknown) => thrown);
    expect(isHilumError(error) && error.code).toBe("UNRECOGNIZED_FORMAT");
  });

  test("takes a folder whose files have no extensions for DICOM, and one without DICOM for none", async () => {
    expect(await dicomReader.detect(sharedSource("dicomdir-tree"))).toBe(true);
    expect(await dicomReader.detect(memorySource([{ name: "a.dcm", bytes: new Uint8Array(500) }]))).toBe(false);
  });
});

describe.skipIf(!sharedDataPresent)(`a compressed series with one damaged frame${orSkipped}`, () => {
  test.each(["jpeg-lossless", "jpegls"])("is refused with the place of the file, the tag and the offset: %s", async (form) => {
    const files = sharedSource(`geometry/compressed-series-${form}`).files.map((file, index) => {
      const bytes = Buffer.alloc(file.size);
      file.read(bytes, 0);
      return { name: file.name, bytes: index === 1 ? bytes.fill(0xff, bytes.length - 2000, bytes.length - 1000) : bytes };
    });
    const [series] = (await open(memorySource(files, { kind: "directory" }))) as [ImageSeries];
    await expect(readVoxels(series)).rejects.toMatchObject({
      code: "MALFORMED_FILE",
      message: expect.stringMatching(/^File 2 of 4 in order of names: .*\(7FE0,0010\) at offset \d+/) as unknown,
      details: { tag: "(7FE0,0010)", offset: expect.any(Number) as unknown, frame: 1, file: 2 },
    });
  });
});
