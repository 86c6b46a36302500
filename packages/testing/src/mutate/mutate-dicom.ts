import { deflateRawSync, inflateRawSync } from "node:zlib";
import { BYTE_DAMAGE, truncated } from "./damage-bytes.ts";
import { FRAGMENT_DAMAGE } from "./damage-fragments.ts";
import { STRUCTURE_DAMAGE } from "./damage-structure.ts";
import { VALUE_DAMAGE } from "./damage-values.ts";
import { draftOf, type Mutation } from "./draft.ts";
import { DEFLATED, part10Layout, TRANSFER_SYNTAX } from "./part10-layout.ts";
import { seededRandom, type SeededRandom } from "./seeded-random.ts";

/** A damaged file and what was done to it. */
export interface Mutant {
  readonly bytes: Uint8Array;
  /** Names of the damages, in order; no value of the file. */
  readonly damages: readonly string[];
}

const FAMILIES = [BYTE_DAMAGE, STRUCTURE_DAMAGE, STRUCTURE_DAMAGE, VALUE_DAMAGE, VALUE_DAMAGE, FRAGMENT_DAMAGE].map((family) => Object.entries(family));
const MOST_TRIES = 50;
/** What a deflated seed may inflate to. */
const MOST_INFLATED = 64 * 1024 * 1024;

/**
 * Damages a DICOM file in one to three ways: bytes, elements, values, fragments. The same file, seed and index always give the same
 * mutant, which is never the file itself. A deflated data set is damaged inside of its deflation half of the time.
 * @throws {RangeError} where no damage changes the file: it is too small.
 */
export function mutateDicom(file: Uint8Array, seed: number, index: number): Mutant {
  const random = seededRandom(seed, index);
  const inflated = random.chance(0.5) ? inflatedDataSet(file) : undefined;
  const start = inflated?.plain ?? file;
  const finish = inflated?.deflate ?? ((damaged: Uint8Array) => damaged);
  let wanted = random.pick([1, 1, 1, 2, 3]);
  let bytes = start;
  const damages: string[] = [];
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const [name, damage] = random.pick(random.pick(FAMILIES)) as [string, Mutation];
    const damaged = damage(draftOf(bytes, random));
    if (damaged === undefined || Buffer.compare(damaged, bytes) === 0) continue;
    bytes = damaged;
    damages.push(name);
    // Of an empty file nothing is left to be damaged.
    if (damages.length < wanted && bytes.length > 0) continue;
    const mutant = finish(bytes);
    if (Buffer.compare(mutant, file) !== 0) return { bytes: mutant, damages };
    wanted++;
  }
  throw new RangeError("Nothing changed this file.");
}

/** Cuts a DICOM file: at the edge of an element, inside a header, or anywhere. The same for the same seed and index. */
export function truncateDicom(file: Uint8Array, seed: number, index: number): Mutant {
  const random: SeededRandom = seededRandom(seed, index);
  return { bytes: truncated(draftOf(file, random)), damages: ["truncate"] };
}

interface Inflated {
  /** The file as if it were explicit VR little endian. */
  readonly plain: Uint8Array;
  readonly deflate: (plain: Uint8Array) => Uint8Array;
}

function inflatedDataSet(file: Uint8Array): Inflated | undefined {
  const layout = part10Layout(file);
  if (layout.transferSyntaxUID !== DEFLATED) return undefined;
  const syntax = layout.pieces.find(({ tag }) => tag === TRANSFER_SYNTAX);
  if (syntax === undefined) return undefined;
  const meta = Uint8Array.from(file.subarray(0, layout.dataSet));
  // As long as the UID that it stands for, so that nothing moves; the padding is cut by every reader.
  meta.fill(0, syntax.value, syntax.end).set(Buffer.from("1.2.840.10008.1.2.1"), syntax.value);
  const plain = Buffer.concat([meta, inflateRawSync(file.subarray(layout.dataSet), { maxOutputLength: MOST_INFLATED })]);
  return {
    plain,
    deflate: (damaged) => Buffer.concat([file.subarray(0, layout.dataSet), deflateRawSync(damaged.subarray(Math.min(damaged.length, layout.dataSet)))]),
  };
}
