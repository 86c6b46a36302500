import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { temporaryDirectory } from "@hilum/testing";
import { chooseSeeds, dcmdumpRejects, fuzzReader, mutantOf, NEVER, placeOf, type DcmdumpRejection, type FuzzRead, type OracleImage } from "@hilum/testing/mutate";
import { beforeAll, describe, expect, test } from "vitest";
import { oracle, orSkipped, sharedDataPresent, sharedPath } from "../scan/shared-data.test-support.ts";

const program = new URL("read-mutants.test-support.ts", import.meta.url);
const seeds = chooseSeeds(oracle<OracleImage>("files")).map(({ path, beside }) => ({ path: sharedPath(path), beside: beside.map(sharedPath) }));
const SEED = 20_261_122;
const MUTANTS = 5000;
const CUTS = 1000;
const TEN_MINUTES = 600_000;

/**
 * Why Hilum may read what dcmdump does not. What dcmdump says first tells the cause; at most 1 % of what is read falls under them together.
 */
const REVIEWED: readonly (readonly [cause: string, says: RegExp, whyFine: string])[] = [
  [
    "inside a sequence of defined length",
    /Length of element larger than explicit length of surrounding item|DcmSequenceOfItems: Parse error in sequence|DcmItem: Parse error in|Invalid tag/,
    "the length of the whole says where it ends; no image attribute stands in it, or it is read and refused by itself",
  ],
  [
    "(0002,0000) is no UL of four bytes",
    /Illegal call, perhaps wrong parameters/,
    "its value is not used: the file meta information ends with its group",
  ],
  [
    "the VR of encapsulated Pixel Data is another",
    /DcmElement: PixelData \(7fe0,0010\) larger \(4294967295\)/,
    "the transfer syntax says that it is encapsulated, and its items are whole",
  ],
  [
    "dcmdump loses its way behind a number of a false length",
    /DcmElement: Unknown Tag & Data \(.*\) larger \(\d+\) than remaining bytes/,
    "inside a sequence of defined length, as above: what it finds behind the wrong length is no element",
  ],
];
/** One more, which our own reader tells: the data set is over at its trailing padding (PS3.10 7.2), where dcmdump goes on. */
const TOLD = "TRAILING_BYTES_LEFT_OUT";
const TRAILING_BYTES = "bytes behind Data Set Trailing Padding, or a cut inside of it";

const hasDcmdump = spawnSync("dcmdump", ["--version"]).status === 0;
const orWithoutDcmdump = hasDcmdump ? "" : " (skipped: dcmdump is not installed)";

/** Each mutant that must never be, as `npm run fuzz -- --replay` takes it; nothing of its content. */
function failuresAmong(reads: readonly FuzzRead[]): readonly string[] {
  return reads.filter(({ outcome }) => NEVER.has(outcome)).map(({ index, outcome, damages, where }) => `${SEED}:${index} ${outcome} ${damages.join(", ")} ${where ?? ""}`);
}

function told(title: string, reads: readonly FuzzRead[]): void {
  const byOutcome = [...Map.groupBy(reads, ({ outcome }) => outcome)].toSorted(([, a], [, b]) => b.length - a.length);
  const slowest = Math.max(...reads.map(({ ms }) => ms));
  const most = Math.max(...reads.map(({ peakBytes }) => peakBytes));
  process.stdout.write(
    `${title}: ${byOutcome.map(([outcome, all]) => `${all.length} ${outcome}`).join(", ")}; slowest ${Math.round(slowest)} ms, most memory ${Math.round(most / 2 ** 20)} MiB\n`,
  );
}

/** Whether a cut took Data Set Trailing Padding (PS3.10 7.2) as a whole and nothing else: then the file is complete. */
function endsBeforeItsPadding(index: number): boolean {
  const { path, bytes } = mutantOf({ damage: "truncate", seed: SEED, seeds }, index);
  const seed = readFileSync(path);
  return placeOf(seed, 0xfffcfffc).start === bytes.length;
}

describe.skipIf(!sharedDataPresent)(`damage made by chance${orSkipped}`, () => {
  test("begins at 40 files or more that differ in form", () => {
    expect(seeds.length).toBeGreaterThanOrEqual(40);
  });

  test("never passes for a complete file where it is a cut: 1,000 cuts", async () => {
    using kept = temporaryDirectory();
    const reads = await fuzzReader({ program, damage: "truncate", seed: SEED, seeds, count: CUTS, keepAcceptedIn: kept.path });
    told(`${CUTS} cuts`, reads);
    expect(failuresAmong(reads)).toEqual([]);
    expect(reads).toHaveLength(CUTS);
    // Where only padding was cut, the reader says so.
    const accepted = reads.filter(({ outcome, warnings }) => outcome === "read" && !warnings.includes(TOLD)).map(({ index }) => index);
    expect(accepted.filter((index) => !endsBeforeItsPadding(index)).map((index) => `${SEED}:${index}`)).toEqual([]);
  }, TEN_MINUTES);

  describe("5,000 mutants", () => {
    let reads: readonly FuzzRead[] = [];
    let rejections: readonly DcmdumpRejection[] = [];

    beforeAll(async () => {
      using kept = temporaryDirectory();
      reads = await fuzzReader({ program, damage: "mutate", seed: SEED, seeds, count: MUTANTS, keepAcceptedIn: kept.path });
      if (hasDcmdump) rejections = dcmdumpRejects(readdirSync(kept.path).map((name) => `${kept.path}/${name}`));
      told(`${MUTANTS} mutants of ${seeds.length} seeds`, reads);
    }, TEN_MINUTES);

    test("end in an image or an error of the catalogue, within 5 s and 512 MiB, and print nothing", () => {
      expect(failuresAmong(reads)).toEqual([]);
      expect(reads.map(({ index }) => index)).toEqual(Array.from({ length: MUTANTS }, (_, index) => index));
    });

    test("are read in numbers that prove something", () => {
      expect(reads.filter(({ outcome }) => outcome === "read").length).toBeGreaterThan(MUTANTS / 10);
    });

    test.skipIf(!hasDcmdump)(`are rejected by dcmdump and read by us in 1 % of cases at most, each of a reviewed cause${orWithoutDcmdump}`, () => {
      const read = reads.filter(({ outcome }) => outcome === "read").length;
      const warnsOf = new Map(reads.map(({ index, warnings }) => [index, warnings]));
      const causes = rejections.map(({ path, errors }) => {
        const index = Number(basename(path, ".dcm"));
        if (warnsOf.get(index)?.includes(TOLD) === true) return TRAILING_BYTES;
        const cause = REVIEWED.find(([, says]) => says.test(errors.join("\n")))?.[0];
        return cause ?? `${SEED}:${index} ${errors.join("; ")}`;
      });
      const counts = [...Map.groupBy(causes, (cause) => cause)].map(([cause, all]) => `${all.length} ${cause}`);
      process.stdout.write(`dcmdump rejects ${rejections.length} of ${read} that were read: ${counts.join("; ")}\n`);
      expect(causes.filter((cause) => cause.startsWith(`${SEED}:`))).toEqual([]);
      expect(rejections.length).toBeLessThanOrEqual(read / 100);
      expect(REVIEWED.length + 1).toBeLessThanOrEqual(10);
    });
  });
});
