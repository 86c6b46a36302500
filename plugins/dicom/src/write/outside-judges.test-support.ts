import { spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** For tests: the shared data. */
export const DATA = fileURLToPath(new URL("../../../../../shared/data/", import.meta.url));
/** For tests: the Python that has pydicom and numpy. */
export const PYTHON = "/usr/bin/python3";

/** For tests: why the judges are not to be had; empty where they are. */
export function absent(): string {
  if (!existsSync(join(DATA, "oracle.json"))) return "the shared data are not here";
  if (spawnSync(PYTHON, ["-c", "import pydicom, numpy"]).status !== 0) return "the system Python has no pydicom";
  const missing = ["dcmcrle", "dcmdump", "dcmconv", "dcmodify", "dciodvfy", "dcentvfy", "gdcmdump", "dcm2niix", "storescu", "storescp"].filter((tool) => spawnSync("which", [tool]).status !== 0);
  return missing.length === 0 ? "" : `${missing.join(", ")} not installed`;
}

/** For tests: lines of dciodvfy on one file; both streams, since findings go to stderr. */
export function findings(path: string): string[] {
  const { stdout, stderr } = spawnSync("dciodvfy", [path], { encoding: "latin1", maxBuffer: 1 << 26 });
  return `${stdout}\n${stderr}`.split("\n").filter((line) => /^(?:Error|Warning)| - (?:Error|Warning) - /.test(line));
}

/** For tests: a file that dciodvfy can read, which deflated ones are not. */
export function inflated(path: string): string {
  if (!path.endsWith("_dfl.dcm")) return path;
  const plain = `${path}.plain`;
  if (spawnSync("dcmconv", ["+te", path, plain]).status !== 0) throw new Error("dcmconv does not inflate the file");
  return plain;
}

/** For tests: what dcentvfy says of the files of directories together. */
export function findingsTogether(...directories: readonly string[]): string[] {
  const paths = directories.flatMap((directory) => readdirSync(directory).map((name) => join(directory, name)));
  const { stderr } = spawnSync("dcentvfy", paths, { encoding: "latin1", maxBuffer: 1 << 26 });
  // Which files contradict each other does not matter, only in what.
  return stderr.split("\n").filter((line) => /Error|Warning/.test(line)).map((line) => line.replace(/ for file .*/, ""));
}

/** For tests: the files that dcm2niix makes of a directory, in no order. */
export function niftiOf(directory: string): Buffer[] {
  const made = mkdtempSync(join(tmpdir(), "hilum-dicom-writer-nii-"));
  try {
    spawnSync("dcm2niix", ["-b", "n", "-z", "n", "-f", "%s_%u", "-o", made, directory]);
    return readdirSync(made)
      .filter((name) => name.endsWith(".nii"))
      .map((name) => readFileSync(join(made, name)));
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** For tests: size, spacing and affine of each volume that dcm2niix makes of a directory, and its voxels' SHA-256; in no order. */
export function volumesOf(directory: string): string[] {
  return niftiOf(directory)
    .map((nifti) => {
      // NIfTI-1: dim at 40, pixdim at 76, scl_slope and scl_inter at 112, srow at 280; voxels from 352.
      const header = [nifti.subarray(40, 56), nifti.subarray(76, 108), nifti.subarray(112, 120), nifti.subarray(280, 328)];
      return [...header.map((bytes) => bytes.toString("hex")), hash("sha256", nifti.subarray(352), "hex")].join(" ");
    })
    .sort();
}
