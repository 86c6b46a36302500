import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { conditions } from "./machine.ts";
import { pairedReport, runOnce, type Contestant } from "./run-paired.ts";

const workspace = fileURLToPath(new URL("../../../", import.meta.url));
const breast = join(workspace, "../shared/data/breast-mri-nact-pilot");
/** What every UID of the breast series begins with; its last digit is another in each copy, so that no two share a UID. */
const UID_ROOT = "1.3.6.1.4.1.14519.";
/** Files taken of each copy: five whole series, one phase, and two thirds of one, all of them regular. */
const COPIES = [180, 180, 180, 180, 180, 60, 40] as const;

/** `hilum inspect --json` beside `dcm2niix -n -1`, which lists series and converts none, and `dcmdump`, over the same 1,000 files. */
export async function inspectSuite(rounds: number): Promise<void> {
  if (!existsSync(breast)) throw new Error("the inspect suite needs ../shared beside the workspace");
  const scratch = mkdtempSync(join(tmpdir(), "hilum-bench-"));
  try {
    process.stdout.write(`inspect: ${conditions()}, warm page cache, process start included\n`);
    const directory = join(scratch, "tree");
    const files = copySeries(directory);
    const [ours, ...others] = contestants(directory, scratch);
    refuseUnlessAllAreListed(directory);
    for (const one of [ours, ...others]) runOnce(one, scratch);
    const runs = Array.from({ length: rounds }, () => [runOnce(ours, scratch), others.map((one) => runOnce(one, scratch))] as const);
    process.stdout.write(`${files} MR files of 256 × 256 in ${COPIES.length} series\n`);
    for (const [index, other] of others.entries())
      process.stdout.write(`${pairedReport(ours, other, runs.map(([mine, theirs]) => [mine, theirs[index] as typeof mine] as const))}\n`);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function contestants(directory: string, scratch: string): readonly [Contestant, ...Contestant[]] {
  return [
    silenced("hilum inspect --json", process.execPath, [join(workspace, "packages/cli/bin/hilum.cjs"), "inspect", directory, "--json"]),
    silenced("dcm2niix -n -1 (lists series)", "dcm2niix", ["-n", "-1", "-o", scratch, directory]),
    silenced("dcmdump -M (prints every header)", "dcmdump", ["-M", "+sd", "+r", directory]),
  ];
}

/** What is printed is made, and goes nowhere: nobody pays for a reader of megabytes. */
function silenced(name: string, command: string, args: readonly string[]): Contestant {
  return { name, command: "sh", args: ["-c", 'exec "$0" "$@" > /dev/null', command, ...args], outputs: [] };
}

function refuseUnlessAllAreListed(directory: string): void {
  const { status, stdout } = spawnSync(process.execPath, [join(workspace, "packages/cli/bin/hilum.cjs"), "inspect", directory, "--json"], { encoding: "utf8", maxBuffer: 1 << 28 });
  const listed = status === 0 ? (JSON.parse(stdout) as { readonly series: readonly unknown[] }).series.length : 0;
  if (listed !== COPIES.length) throw new Error(`hilum inspect ended with ${status ?? "a signal"} and listed ${listed} of ${COPIES.length} series`);
}

/** @returns how many files were written. */
function copySeries(into: string): number {
  const names = readdirSync(breast).toSorted();
  for (const [copy, count] of COPIES.entries()) {
    const folder = join(into, `series-${copy}`);
    mkdirSync(folder, { recursive: true });
    for (const name of names.slice(0, count)) {
      const bytes = readFileSync(join(breast, name));
      for (let at = bytes.indexOf(UID_ROOT); at >= 0; at = bytes.indexOf(UID_ROOT, at + 1)) bytes.write(String(copy), at + UID_ROOT.length - 2, "latin1");
      writeFileSync(join(folder, name), bytes);
    }
  }
  return COPIES.reduce((sum, count) => sum + count, 0);
}
