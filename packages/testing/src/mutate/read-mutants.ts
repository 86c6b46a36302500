import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { isHilumError, sliceLengthOf, slabOver, type ImageSeries, type SeriesReader } from "@hilum/core";
import { codecContext } from "../codec-context.ts";
import { memorySource } from "../memory-source.ts";
import type { FuzzSeed } from "./choose-seeds.ts";
import { mutateDicom, truncateDicom, type Mutant } from "./mutate-dicom.ts";

/** What a child process is asked: to read the mutants `from` … `to` − 1 one after the other. */
export interface ReadRequest {
  /** `none` reads the seeds as they are, one for each index. */
  readonly damage: "mutate" | "truncate" | "none";
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Mutant n comes from seed n modulo their number; paths of files. */
  readonly seeds: readonly FuzzSeed[];
  /** Where mutants that were read are kept, as `INDEX.dcm`, for another program to judge. */
  readonly keepAcceptedIn?: string;
}

/** What became of one mutant. */
export interface ReadAnswer {
  readonly index: number;
  readonly damages: readonly string[];
  /**
   * `read`; `left out`, where the series was read without the mutant; the code of the error; or what must never be: `CRASH` (any other
   * error, or INTERNAL), `UNFILLED` (voxels that the reader did not write), `PRINTED`.
   */
  readonly outcome: string;
  /** Codes of what the reader warned of. */
  readonly warnings: readonly string[];
  /** Of a crash: the kind of error and the places in the code; no message, which could hold what the file holds. */
  readonly where?: string;
  readonly ms: number;
  /** The most memory that the process and its children (a decoder may be one; seen on Linux only) have taken so far, bytes. */
  readonly peakBytes: number;
}

/** What no voxel can be by accident: a NaN with a payload. */
const UNFILLED = 0x7fc0dead;
/** A slice larger than this is refused, as a host with a memory budget does before it makes a slab. */
const MOST_SLICE_BYTES = 128 * 1024 * 1024;

/** Makes the calling process read mutants with a reader when its parent (see `fuzzReader`) says so. */
export function answerReadRequests<Options>(reader: SeriesReader<Options>): void {
  noticePrinting();
  process.on("message", (request: ReadRequest) => {
    void answer(reader, request);
  });
  process.send?.("ready");
}

/** The mutant of that number. */
export function mutantOf({ damage, seed, seeds }: Pick<ReadRequest, "damage" | "seed" | "seeds">, index: number): Mutant & FuzzSeed {
  const chosen = seeds[index % seeds.length];
  if (chosen === undefined) throw new RangeError("There are no seeds.");
  const file = readFileSync(chosen.path);
  const mutant = damage === "none" ? { bytes: file, damages: [] } : damage === "mutate" ? mutateDicom(file, seed, index) : truncateDicom(file, seed, index);
  // Every other mutant of a seed stands alone.
  const isAlone = damage === "truncate" || Math.floor(index / seeds.length) % 2 === 0;
  return { ...mutant, path: chosen.path, beside: isAlone ? [] : chosen.beside };
}

let isPrinting = false;

/** Here and not at the parent's end of a pipe, where output may come in later than the answer that it belongs to. */
function noticePrinting(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.write = () => {
      isPrinting = true;
      return true;
    };
}

async function answer<Options>(reader: SeriesReader<Options>, request: ReadRequest): Promise<void> {
  for (let index = request.from; index < request.to; index++) {
    const { bytes, damages, beside } = mutantOf(request, index);
    const started = performance.now();
    const result = await outcomeOf(reader, bytes, beside);
    const ms = performance.now() - started;
    if (result.outcome === "read" && request.keepAcceptedIn !== undefined) writeFileSync(`${request.keepAcceptedIn}/${index}.dcm`, bytes);
    const peakBytes = process.resourceUsage().maxRSS * 1024 + peakOfChildren();
    process.send?.({ index, damages, ...result, ...(isPrinting ? { outcome: "PRINTED" } : {}), ms, peakBytes } satisfies ReadAnswer);
    isPrinting = false;
    await new Promise(setImmediate);
  }
}

function peakOfChildren(): number {
  try {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, "latin1").trim();
    return children === "" ? 0 : children.split(" ").reduce((sum, pid) => sum + peakOf(pid), 0);
  } catch {
    return 0;
  }
}

function peakOf(pid: string): number {
  return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024;
}

async function outcomeOf<Options>(reader: SeriesReader<Options>, bytes: Uint8Array, beside: readonly string[]): Promise<Pick<ReadAnswer, "outcome" | "where" | "warnings">> {
  const name = "mutant";
  const source = memorySource([{ name, bytes }, ...beside.map((path, index) => ({ name: `beside-${index}`, bytes: readFileSync(path) }))]);
  const nameHash = createHash("sha256").update(name).digest("hex");
  const context = codecContext();
  const warnings = (): readonly string[] => context.warnings.map(({ code }) => code);
  try {
    const options = await reader.options["~standard"].validate({});
    if (options.issues !== undefined) throw new TypeError("The reader's options have no defaults.");
    let outcome = "left out";
    for (const series of await reader.open(source, options.value, context)) {
      await using opened = series;
      if (opened.frames.some(({ derivedFrom }) => derivedFrom.some(({ sourceNameHash }) => sourceNameHash === nameHash))) outcome = "read";
      const fault = await readAll(opened);
      if (fault !== undefined) return { outcome: fault, warnings: warnings() };
      await readAttributes(opened);
    }
    return { outcome, warnings: warnings() };
  } catch (error) {
    if (isHilumError(error) && error.code !== "INTERNAL") return { outcome: error.code, warnings: warnings() };
    return { outcome: "CRASH", where: whereOf(error), warnings: warnings() };
  }
}

/** Reads all voxels slice by slice. @returns what is wrong. */
async function readAll(series: ImageSeries): Promise<string | undefined> {
  const sliceLength = sliceLengthOf(series.volume);
  if (!(sliceLength * 4 <= MOST_SLICE_BYTES)) return "MEMORY_BUDGET_EXCEEDED";
  const voxels = new Float32Array(sliceLength);
  const bits = new Uint32Array(voxels.buffer);
  const [columns, rows, slices] = series.volume.geometry.size;
  const mask = series.volume.masked ? new Uint8Array(columns * rows) : undefined;
  for (const phase of series.phases.keys())
    for (let start = 0; start < slices; start++) {
      bits.fill(UNFILLED);
      await series.read(slabOver({ phase, start, count: 1, sliceLength }, voxels, mask));
      if (bits.includes(UNFILLED)) return "UNFILLED";
    }
  return undefined;
}

/** Reads all attributes, which an image does not need: a fault that only they have is no refusal of the image. */
async function readAttributes(series: ImageSeries): Promise<void> {
  try {
    await series.attributes("all");
  } catch (error) {
    if (!isHilumError(error) || error.code === "INTERNAL") throw error;
  }
}

function whereOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const places = (error.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  const named = places.slice(0, 4).map((line) => line.trim().replace(/file:\/\/\S*\/(?=[^/]+\/[^/]+\/[^/]+$)/, ""));
  return `${error.name} ${isHilumError(error) ? error.code : ""} ${named.join(" ")}${error.cause === undefined ? "" : ` <- ${whereOf(error.cause)}`}`;
}
