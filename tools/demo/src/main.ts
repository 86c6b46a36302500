import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { saveFiles, scanSeries } from "@hilum/testing";
import { contactSheet } from "./contact-sheet.ts";
import { breathingTorso } from "./torso.ts";

const workspace = fileURLToPath(new URL("../../../", import.meta.url));
const out = join(workspace, "demo-out");
const MARK = join(out, "README.txt");

/** The public command line, as anybody would call it. */
function hilum(...args: readonly string[]): string {
  process.stdout.write(`\n$ npx hilum ${args.map((arg) => (arg.startsWith(out) ? relative(workspace, arg) : arg)).join(" ")}\n`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(workspace, "packages/cli/bin/hilum.cjs"), ...args], { encoding: "utf8" });
  process.stdout.write(stdout.replaceAll(workspace, ""));
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

if (existsSync(out)) {
  // Only what an earlier demo made is removed.
  if (!existsSync(MARK)) throw new Error("demo-out is there and was not made by this demo: move it away first");
  rmSync(out, { recursive: true });
}
mkdirSync(out);
writeFileSync(MARK, "");

const dicom = join(out, "dicom");
mkdirSync(dicom);
process.stdout.write("A synthetic scanner makes an MR series: 3 phases, 24 slices of 128 × 96, contrast arriving over time.\n");
saveFiles(dicom, scanSeries({ size: [128, 96, 24], spacing: [1.2, 1.2, 3], phases: 3, phaseStyle: "breast-like", shuffled: true, content: breathingTorso }).files);

hilum("inspect", dicom);
hilum("convert", dicom, join(out, "series.h5"), "--json", join(out, "series.json"));
const plan = hilum("run", "gaussian-blur", dicom, join(out, "dicom-blurred"), "--set", "sigma=2.5", "--dry-run");
writeFileSync(join(out, "plan.json"), plan);
hilum("run", "gaussian-blur", dicom, join(out, "dicom-blurred"), "--set", "sigma=2.5", "--report", join(out, "report.json"));
hilum("run", "gaussian-blur", dicom, join(out, "blurred.h5"), "--set", "sigma=2.5");

writeFileSync(join(out, "before-after.png"), await contactSheet(dicom, join(out, "dicom-blurred")));
writeFileSync(
  MARK,
  `What happened here

dicom/            ${readdirSync(dicom).length} files of a synthetic MR series, names and numbers shuffled on purpose
series.h5/.json   the series as one float32 volume [phase, z, y, x] in [0,1], slices in true order, with its sidecar
plan.json         what the blur would do, before it did it: its steps and passes
dicom-blurred/    a new derived DICOM series: blurred with sigma 2.5 mm, same study, new UIDs
blurred.h5        the same result as real values
report.json       what was done: versions, configuration, timings, SHA-256 of every file
before-after.png  the middle slice of each phase: above as scanned, below blurred

What to try next

npx hilum jobs                                         what can be run
npx hilum run gaussian-blur demo-out/dicom demo-out/sharper.h5 --set sigma=1
npx hilum convert demo-out/series.h5 demo-out/back --template demo-out/dicom
npx hilum inspect YOUR_DICOM_DIRECTORY
npx hilum convert --help
`,
);
process.stdout.write(`\nAll of it is in demo-out/: look at before-after.png first, then README.txt.\n`);
