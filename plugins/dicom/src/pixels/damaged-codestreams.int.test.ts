import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isHilumError } from "@hilum/core";
import { describe, expect, test } from "vitest";
import { oracle, orSkipped, sharedDataPresent, sharedPath } from "../scan/shared-data.test-support.ts";
import type { DicomInstance } from "../series/dicom-instance.ts";
import { decodeElsewhere } from "./decoder-process.ts";
import { fragmentsOf, readFragments } from "./fragments.ts";
import { readStored } from "./read-stored.ts";
import { framesOfBytes, framesOfFile, type PixelFrame } from "./shared-frames.test-support.ts";

interface OracleFile {
  readonly path: string;
  readonly transferSyntax: string;
  readonly frames?: number;
  readonly bytes: number;
  readonly lossy: boolean;
  readonly pixel?: { readonly sha256: string };
}

/** Two of every codec and more: small files of one frame. */
const SEEDS_PER_SYNTAX = 3;
const MUTANTS = Number(process.env["HILUM_CODESTREAM_MUTANTS"] ?? 6);
/** What the decoder's own deadline allows one frame, and the start of a program. */
const LATEST_MS = 12_000;

const bySyntax = Map.groupBy(
  oracle<OracleFile>("files").filter((file) => file.pixel !== undefined && file.frames === 1 && file.bytes < 300_000 && /\.1\.2\.(?:4\.\d+|5)$/.test(file.transferSyntax)),
  (file) => file.transferSyntax,
);
const seeds = [...bySyntax.values()].flatMap((files) => files.slice(0, SEEDS_PER_SYNTAX));

/** Mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Changes up to 8 bytes of the fragments, half of them near the codestream's start, where its headers are. */
function mutant(bytes: Buffer, offset: number, random: () => number): Buffer {
  const changed = Buffer.from(bytes);
  const room = bytes.length - offset - 32;
  for (let n = 1 + Math.floor(random() * 8); n > 0; n--) changed[offset + 16 + Math.floor(random() * (random() < 0.5 ? Math.min(room, 200) : room))] = Math.floor(random() * 256);
  return changed;
}

async function outcomeOf(frame: PixelFrame): Promise<string> {
  try {
    await readStored(frame as DicomInstance);
    return "read";
  } catch (error) {
    return isHilumError(error) ? error.code : `${error}`;
  }
}

/** A JPEG 2000 codestream that says that its image is of so many rows and columns (T.800 A.5.1: Xsiz, Ysiz and one tile). */
function withSize(codestream: Buffer, size: number): Buffer {
  const changed = Buffer.from(codestream);
  for (const at of [8, 12, 24, 28]) changed.writeUInt32BE(size, at);
  return changed;
}

describe(`damaged codestreams${orSkipped}`, () => {
  test.skipIf(!sharedDataPresent)("there are at least 20 seeds of all codecs", () => {
    expect(seeds.length).toBeGreaterThanOrEqual(20);
  });

  test.each(seeds)("of $path neither hang nor crash, and spoil no good frame after them", { timeout: 600_000 }, async ({ path, pixel, lossy }) => {
    const bytes = readFileSync(sharedPath(path));
    const [good] = framesOfFile(path) as unknown as readonly [PixelFrame];
    const random = randomFrom(bytes.length);
    const before = await readStored(good as DicomInstance);
    for (let n = 0; n < MUTANTS; n++) {
      const started = performance.now();
      let outcome: string;
      try {
        const [frame] = framesOfBytes("mutant", mutant(bytes, good.pixel.offset, random)) as unknown as readonly [PixelFrame];
        outcome = await outcomeOf(frame);
      } catch (error) {
        outcome = isHilumError(error) ? error.code : `${error}`;
      }
      expect(["read", "MALFORMED_FILE", "TRUNCATED_PIXEL_DATA"]).toContain(outcome);
      expect(performance.now() - started).toBeLessThan(LATEST_MS);
    }
    const after = await readStored(good as DicomInstance);
    const sha256 = createHash("sha256").update(new Uint8Array(after.buffer, after.byteOffset, after.byteLength)).digest("hex");
    // What a lossy codec gives may differ from the oracle's in the last bit, and not from one time to the next.
    if (lossy) expect(after).toEqual(before);
    else expect(sha256).toBe(pixel?.sha256);
  });

  test.skipIf(!sharedDataPresent)("that take too much memory harm neither this process nor the frames around them", async () => {
    const [frame] = framesOfFile("transfer-syntaxes/wg04-ct2-signed/CT2_J2KR.dcm") as unknown as readonly [PixelFrame];
    const { pixel } = frame;
    const codestream = readFragments(frame.file, fragmentsOf(frame.file, pixel, "jpeg-2000"), 1);
    const request = { ...pixel, codec: "jpeg-2000", codestream } as const;
    const bomb = { ...request, rows: 8000, columns: 8000, codestream: withSize(codestream, 8000) };
    const rssBefore = process.memoryUsage.rss();
    const results = await Promise.allSettled([request, bomb, request].map((asked) => decodeElsewhere(asked)));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { code: "MALFORMED_FILE" } });
    expect(process.memoryUsage.rss() - rssBefore).toBeLessThan(128 * 1024 * 1024);
  });
});
