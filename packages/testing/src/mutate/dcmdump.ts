import { spawnSync } from "node:child_process";

/** A file that dcmdump does not take, and what it says of it. */
export interface DcmdumpRejection {
  readonly path: string;
  /** The lines that dcmdump marks as errors, without the file's name. */
  readonly errors: readonly string[];
}

const FILES_AT_A_TIME = 200;

/**
 * Asks dcmdump (dcmtk) of many files; it reads every element to the end of the file and leaves the values alone. It goes by the group
 * of the file meta information, as we do, and not by (0002,0000), which says nothing that the elements do not (`-ml`).
 * @returns the files that it refuses, in the order given.
 */
export function dcmdumpRejects(paths: readonly string[]): readonly DcmdumpRejection[] {
  const rejected: DcmdumpRejection[] = [];
  for (let at = 0; at < paths.length; at += FILES_AT_A_TIME) rejected.push(...rejectedOf(paths.slice(at, at + FILES_AT_A_TIME)));
  return rejected;
}

/** One call for all while none is refused: a process for each of thousands takes minutes. */
function rejectedOf(paths: readonly string[]): readonly DcmdumpRejection[] {
  if (paths.length === 0 || spawnSync("dcmdump", ["-q", "-ml", ...paths], { stdio: "ignore" }).status === 0) return [];
  if (paths.length > 1) {
    const half = paths.length >> 1;
    return [...rejectedOf(paths.slice(0, half)), ...rejectedOf(paths.slice(half))];
  }
  const [path = ""] = paths;
  const { stderr, signal } = spawnSync("dcmdump", ["-ml", path], { encoding: "latin1", stdio: ["ignore", "ignore", "pipe"] });
  const errors = stderr.split("\n").filter((line) => /^[EF]: /.test(line));
  return [{ path, errors: [...errors.map((line) => line.replaceAll(path, "FILE")), ...(signal === null ? [] : [`dcmdump ended by ${signal}`])] }];
}
