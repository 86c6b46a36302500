import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { conditions } from "./machine.ts";
import { pairedReport, runPaired, type Contestant } from "./run-paired.ts";

const workspace = fileURLToPath(new URL("../../../", import.meta.url));
const shared = join(workspace, "../shared");
/** Debian's Python, which has pydicom and h5py. */
const PYTHON = "/usr/bin/python3";

/** A DICOM directory to normalised float32 HDF5 with a JSON sidecar: `hilum convert` against tuned pydicom and h5py. */
export async function convertSuite(rounds: number): Promise<void> {
  const breast = join(shared, "data/breast-mri-nact-pilot");
  if (!existsSync(breast)) throw new Error("the convert suite needs ../shared beside the workspace");
  const scratch = mkdtempSync(join(tmpdir(), "hilum-bench-"));
  try {
    process.stdout.write(`convert: ${conditions()}, warm page cache, disk synced before each run, process start included, our threads: 1\n`);
    compare("breast MR, 180 files of 256 × 256, 3 phases", breast, scratch, rounds);
    const ct = join(scratch, "ct");
    python([join(shared, "peers/make_ct.py"), join(breast, "IM-0001-0001.dcm"), ct, "300", "512"]);
    compare("synthetic CT, 300 files of 512 × 512", ct, scratch, rounds);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function compare(title: string, directory: string, scratch: string, rounds: number): void {
  const ours: Contestant = {
    name: "hilum convert",
    command: process.execPath,
    args: [join(workspace, "packages/cli/bin/hilum.cjs"), "convert", directory, join(scratch, "ours.h5"), "--json", join(scratch, "ours.json"), "--normalize", "phase", "--quiet"],
    outputs: [join(scratch, "ours.h5"), join(scratch, "ours.json")],
  };
  const theirs: Contestant = {
    name: "tuned pydicom + h5py",
    command: PYTHON,
    args: [join(shared, "peers/dicom_to_hdf5.py"), "--tuned", directory, join(scratch, "theirs.h5"), join(scratch, "theirs.json")],
    outputs: [join(scratch, "theirs.h5"), join(scratch, "theirs.json")],
  };
  const runs = runPaired(ours, theirs, rounds, scratch);
  const values = python([fileURLToPath(new URL("compare-volumes.py", import.meta.url)), join(scratch, "ours.h5"), join(scratch, "theirs.h5")]);
  process.stdout.write(`${title}\n${pairedReport(ours, theirs, runs)}\n  values: ${values}`);
}

function python(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(PYTHON, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${args[0] ?? ""} failed: ${stdout}${stderr}`);
  return stdout;
}
