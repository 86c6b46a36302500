import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the workspace. */
export const workspace = fileURLToPath(new URL("../../../", import.meta.url));
/** Test data beside the workspace. */
export const shared = join(workspace, "../shared");
/** The real breast MR series: 180 files, 60 slice locations, 3 phases. */
export const breast = join(shared, "data/breast-mri-nact-pilot");
/** Debian's Python, which has pydicom, h5py and SciPy. */
export const PYTHON = "/usr/bin/python3";

/** Why tests of the shared data cannot run here, or false. */
export const noShared: string | false = existsSync(breast) ? false : "../shared is not beside the workspace";

/** Why tests need more than is here, or false: outside programs and the shared data. */
export function missing(...programs: readonly string[]): string | false {
  const absent = programs.filter((program) => spawnSync("which", [program]).status !== 0);
  if (absent.length > 0) return `not installed: ${absent.join(", ")}`;
  return noShared;
}

/** Why tests that ask Debian's Python cannot run, or false. */
export function missingPython(...modules: readonly string[]): string | false {
  const { status } = spawnSync(PYTHON, ["-c", modules.map((one) => `import ${one}`).join("\n")]);
  return status === 0 ? noShared : `${PYTHON} lacks ${modules.join(" or ")}`;
}

/** Runs one of the commands as a person would, on the sources or the bundle, whichever is newer. */
export function run(command: "hilum" | "dicom2hdf5" | "hdf52dicom", ...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [join(workspace, `packages/cli/bin/${command}.cjs`), ...args], { encoding: "utf8", maxBuffer: 1 << 26 });
}

/** Runs an outside program; throws with what it said when it fails. */
export function outside(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  return stdout;
}

/** Runs a Python script with arguments and parses the JSON that it prints. */
export function python<T>(script: string, ...args: readonly string[]): T {
  return JSON.parse(outside(PYTHON, ["-c", script, ...args])) as T;
}

/** What `oracle.json` says of a series. */
export function oracleSeries(path: string): OracleSeries {
  const oracle = JSON.parse(readFileSync(join(shared, "data/oracle.json"), "utf8")) as { series: readonly OracleSeries[] };
  const found = oracle.series.find((one) => one.path === path);
  if (found === undefined) throw new Error(`the oracle knows no series ${path}`);
  return found;
}

/** The part of an oracle's series that the tests use. */
export interface OracleSeries {
  readonly path: string;
  readonly spacing: { readonly x: number; readonly y: number; readonly z: number };
  readonly affineLPS: readonly (readonly number[])[];
  readonly shape: { readonly value: readonly number[] };
  readonly perVolume: readonly { readonly min: number; readonly max: number; readonly mean: number; readonly storedSha256: string; readonly sliceOrder?: readonly string[] }[];
}

/** The errors and warnings of a validator, without the names of files. */
export function findingsOf(program: string, files: readonly string[]): readonly string[] {
  // The validators write to stderr and end with 1 when they find something.
  return outside("bash", ["-c", `"$0" "$@" 2>&1 || true`, program, ...files])
    .split("\n")
    .map((line) => files.reduce((text, file) => text.replaceAll(file, "FILE"), line))
    .filter((line) => /^(error|warning)/i.test(line));
}
