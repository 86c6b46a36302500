import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CANARY, saveFiles, scanSeries } from "@hilum/testing";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { breast, missingPython, python, run, shared, workspace } from "./outside.test-support.ts";

interface Listed {
  readonly number: number;
  readonly state: "ready" | "refused";
  readonly shape?: readonly number[];
  readonly metadata: { readonly seriesInstanceUID: string };
  readonly error?: { readonly code: string };
}

const validate = new Ajv2020().compile(JSON.parse(readFileSync(fileURLToPath(new URL("../schemas/inspect.schema.json", import.meta.url)), "utf8")) as object);

/** What `--json` printed, checked against the published schema. */
function listed(stdout: string): { readonly series: readonly Listed[]; readonly skipped: object } {
  const found: unknown = JSON.parse(stdout);
  expect([validate(found), validate.errors]).toEqual([true, null]);
  return found as ReturnType<typeof listed>;
}

/** A PNG decoded by a few lines of Python over zlib: size, channels, pixels row by row, and the kinds of its chunks. */
const PNG = `
import json, struct, sys, zlib
import numpy as np
def png(path):
    b = open(path, "rb").read()
    assert b[:8] == bytes([137, 80, 78, 71, 13, 10, 26, 10])
    at, kinds, idat = 8, [], b""
    while at < len(b):
        n, kind = struct.unpack(">I4s", b[at:at + 8])
        assert struct.unpack(">I", b[at + 8 + n:at + 12 + n])[0] == zlib.crc32(b[at + 4:at + 8 + n])
        if kind == b"IHDR": w, h, depth, colour = struct.unpack(">IIBB", b[at + 8:at + 18])
        if kind == b"IDAT": idat += b[at + 8:at + 8 + n]
        kinds.append(kind.decode()); at += 12 + n
    assert depth == 8
    c = {0: 1, 2: 3}[colour]; raw = zlib.decompress(idat); out = np.zeros((h, w * c), np.uint8); stride = w * c + 1
    for y in range(h):
        f = raw[y * stride]; line = bytearray(raw[y * stride + 1:(y + 1) * stride]); up = out[y - 1].tobytes() if y else bytes(w * c)
        for x in range(w * c):
            left = line[x - c] if x >= c else 0; above = up[x]; corner = up[x - c] if x >= c else 0
            p = left + above - corner; pa, pb, pc = abs(p - left), abs(p - above), abs(p - corner)
            line[x] = (line[x] + [0, left, above, (left + above) // 2, left if pa <= pb and pa <= pc else above if pb <= pc else corner][f]) & 255
        out[y] = np.frombuffer(bytes(line), np.uint8)
    return (out.reshape(h, w) if c == 1 else out.reshape(h, w, c)), sorted(set(kinds))
`;

const geometry = join(shared, "data/geometry");
const reason = missingPython("pydicom", "numpy");
const spoken = (title: string, why: string | false): string => (why === false ? title : `${title} (skipped: ${why})`);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(reason !== false)(spoken("the whole of the geometry set", reason), () => {
  test("fits in 80 columns of a terminal, line for line, without anything that steers it", () => {
    const { status, stdout } = run("hilum", "inspect", geometry);
    const text = join(folder, "geometry.txt");
    writeFileSync(text, stdout);
    // Python's own tables say how wide a letter is.
    const widths = python<number[]>(
      `import json, sys, unicodedata as u\nprint(json.dumps([sum(0 if u.combining(c) else 2 if u.east_asian_width(c) in "WF" else 1 for c in l) for l in open(sys.argv[1], encoding="utf8").read().split("\\n")]))`,
      text,
    );
    expect(widths.length).toBeGreaterThan(200);
    expect(Math.max(...widths)).toBe(80);
    expect(stdout).not.toMatch(/[^\P{Cc}\n]/u);
    expect([0, 10]).toContain(status);
  });

  test("lists every series that pydicom finds, those that cannot be assembled with their codes, by the published schema", () => {
    const { stdout, stderr, status } = run("hilum", "inspect", geometry, "--json");
    const { series } = listed(stdout);
    const uids = python<string[]>(
      `import json, os, pydicom, sys\nprint(json.dumps(sorted({pydicom.dcmread(os.path.join(d, f), stop_before_pixels=True, force=True).SeriesInstanceUID for d, _, fs in os.walk(sys.argv[1]) for f in fs})))`,
      geometry,
    );
    expect([...new Set(series.map(({ metadata }) => metadata.seriesInstanceUID))].toSorted()).toEqual(uids);
    expect(series.map(({ number }) => number)).toEqual(series.map((_, index) => index + 1));
    const refused = series.filter(({ state }) => state === "refused");
    // Four folders hold one series in four encodings under the same SOP Instance UIDs, so that there is something to refuse.
    expect(refused.length).toBeGreaterThan(0);
    expect(status).toBe(10);
    expect(stderr).toContain(`error BATCH_PARTIAL: ${refused.length} of ${series.length} series are refused.`);
  });
});

describe.skipIf(reason !== false)(spoken("the real breast series", reason), () => {
  test("a picture shows what numpy makes of the middle planes of each phase, in a PNG without text", () => {
    const picture = join(folder, "breast.png");
    const plan = join(folder, "breast-plan.json");
    expect(run("hilum", "inspect", breast, "--preview", picture, "--save-plan", plan).status).toBe(0);
    // Instance Numbers 1-60, 61-120, 121-180 are the phases in ascending position (the oracle's README).
    const found = python<{ shape: number[]; kinds: string[]; different: number; patient: string[] }>(
      `${PNG}
import glob, pydicom
sets = sorted((pydicom.dcmread(f) for f in glob.glob(sys.argv[2] + "/*.dcm")), key=lambda d: int(d.InstanceNumber))
v = np.stack([d.pixel_array.astype("f4") * float(getattr(d, "RescaleSlope", 1)) + float(getattr(d, "RescaleIntercept", 0)) for d in sets]).reshape(3, 60, 256, 256)
side, gap = 256, 4
rows = []
for p in range(3):
    # Rows go to the back, columns to the feet, slices to the right: the axial and the coronal plane have the patient's right at their left.
    planes = [v[p, 30], v[p, ::-1, 128, :].T, v[p, ::-1, :, 128].T]
    spacing = [(0.703125, 0.703125), (0.703125, 2.0), (0.703125, 2.0)]
    every = np.concatenate([one.ravel() for one in planes])
    low, high = np.percentile(every, 1, method="lower"), np.percentile(every, 99, method="higher")
    longest = 256 * 0.703125
    row = np.full((side, 0), 40, np.uint8)
    for one, (down, across) in zip(planes, spacing):
        h, w = (int(np.floor(count * mm * side / longest + 0.5)) for count, mm in zip(one.shape, (down, across)))
        y = ((np.arange(h) + 0.5) * one.shape[0] / h).astype(int); x = ((np.arange(w) + 0.5) * one.shape[1] / w).astype(int)
        grey = np.floor(np.clip((one[np.ix_(y, x)].astype("f8") - float(low)) / (float(high) - float(low)), 0, 1) * 255 + 0.5).astype(np.uint8)
        row = np.hstack([row, np.full((side, gap), 40, np.uint8), np.vstack([grey, np.full((side - h, w), 40, np.uint8)])])
    rows.append(row[:, gap:])
expected = np.full((3 * (side + gap) + gap, rows[0].shape[1] + 2 * gap), 40, np.uint8)
for p, row in enumerate(rows): expected[gap + p * (side + gap):gap + p * (side + gap) + side, gap:-gap] = row
got, kinds = png(sys.argv[1])
print(json.dumps(dict(shape=got.shape, kinds=kinds, different=int((got != expected).sum()) if got.shape == expected.shape else -1,
    patient=[str(sets[0].PatientName), str(sets[0].PatientID)])))`,
      picture,
      breast,
    );
    expect(found).toMatchObject({ shape: [784, 614], kinds: ["IDAT", "IEND", "IHDR"], different: 0 });
    for (const value of found.patient) expect(readFileSync(plan, "utf8")).not.toContain(value);
  });

  test("interrupted while it makes a picture, ends with 130 and leaves none", async () => {
    const into = mkdtempSync(join(folder, "out-"));
    const child = spawn(process.execPath, [join(workspace, "packages/cli/bin/hilum.cjs"), "inspect", breast, "--preview", join(into, "breast.png")]);
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
    // The table comes first, then the picture, which takes far longer than a signal.
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(readdirSync(into)).toEqual([]);
  });

  test("says that Acquisition Number makes groups of 60 and 120, and what told the phases apart", () => {
    const { stdout } = run("hilum", "inspect", breast);
    expect(stdout).toMatch(/Acquisition Number: .*60 and 120/);
    expect(stdout).toMatch(/^phase key +Instance Number block$/m);
  });
});

describe("a tree of several series", () => {
  let tree: string;
  const writePlan = (into: string): string => {
    const path = join(into, "any.json");
    writeFileSync(path, "{}");
    return path;
  };
  const outputs = (): string => mkdtempSync(join(folder, "out-"));

  beforeAll(() => {
    tree = join(folder, "tree");
    const put = (name: string, files: Parameters<typeof saveFiles>[1]): void => {
      mkdirSync(join(tree, name), { recursive: true });
      saveFiles(join(tree, name), files);
    };
    put("a", scanSeries({ seed: 1, phases: 2 }).files);
    put("b", scanSeries({ seed: 2, faults: [{ kind: "missing-slice", slice: 2 }] }).files);
    put("c", scanSeries({ seed: 3, modality: "CT", size: [8, 6, 4] }).files);
    writeFileSync(join(tree, "notes.txt"), "no image");
  });

  test("has a line for each, the fault of one beside the others, what was left out, and no patient", () => {
    const picture = join(outputs(), "tree.png");
    const { status, stdout, stderr } = run("hilum", "inspect", tree, "--preview", picture);
    expect(stdout).toContain("DICOM series: 3 series, 1 of them refused");
    expect(stdout).toMatch(/^ {2}1 MR .* 2 .* ready$/m);
    expect(stdout).toMatch(/^ {2}2 MR .* refused: IRREGULAR_GEOMETRY$/m);
    expect(stdout).toMatch(/^ {2}3 CT .* ready$/m);
    expect(stdout).toContain("Left out: 1 not DICOM.");
    expect(stderr).toBe("error BATCH_PARTIAL: 1 of 3 series are refused.\n  The list says for each why, and what to do.\n");
    expect(status).toBe(10);
    const json = run("hilum", "inspect", tree, "--json").stdout;
    expect(listed(json).skipped).toEqual({ "not DICOM": 1 });
    for (const text of [stdout, stderr, json, readFileSync(picture, "latin1")]) expect(text).not.toContain(CANARY);
  });

  test("--series takes one by number or by UID, and says where there is none", () => {
    const all = listed(run("hilum", "inspect", tree, "--json").stdout).series;
    const uid = all[2]?.metadata.seriesInstanceUID ?? "";
    for (const wanted of ["3", uid]) {
      expect(listed(run("hilum", "inspect", tree, "--json", "--series", wanted).stdout).series.map(({ number }) => number)).toEqual([3]);
      const output = join(outputs(), "out.h5");
      const report = join(outputs(), "report.json");
      expect(run("hilum", "convert", tree, output, "--series", wanted, "--report", report).status).toBe(0);
      expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({ input: { shape: [1, 4, 6, 8] } });
    }
    const none = run("hilum", "convert", tree, join(outputs(), "out.h5"), "--series", "4");
    expect([none.status, none.stderr.includes("There is no series number 4; there are 3.")]).toEqual([2, true]);
    const refused = run("hilum", "run", "gaussian-blur", tree, join(outputs(), "out.h5"), "--series", "2");
    expect([refused.status, refused.stderr.includes("error IRREGULAR_GEOMETRY")]).toEqual([5, true]);
  });

  test("--all makes one output each under names of their numbers, tells what failed, and ends with 10", () => {
    const into = outputs();
    const { status, stderr, stdout } = run("hilum", "convert", tree, join(into, "out.h5"), "--all", "--json", join(into, "side.json"), "--save-plan", join(into, "plan.json"), "--report", join(into, "report.json"));
    expect(readdirSync(into).toSorted()).toEqual(["out-001-mr.h5", "out-003-ct.h5", "plan-001-mr.json", "plan-003-ct.json", "report.json", "side-001-mr.json", "side-003-ct.json"]);
    expect(stderr).toMatch(/^series 2: error IRREGULAR_GEOMETRY: /m);
    expect(stderr).toContain("error BATCH_PARTIAL: 1 of 3 series failed.");
    expect(status).toBe(10);
    const report = JSON.parse(readFileSync(join(into, "report.json"), "utf8")) as object[];
    expect(report).toMatchObject([{ number: 1, report: { input: { phases: 2 } } }, { number: 2, error: { code: "IRREGULAR_GEOMETRY" } }, { number: 3, report: { input: { phases: 1 } } }]);
    for (const text of [stdout, stderr, ...readdirSync(into).map((name) => readFileSync(join(into, name), "latin1"))]) expect(text).not.toContain(CANARY);
  });

  test("--all with a job writes DICOM directories, and a dry run only says what it would do", () => {
    const into = outputs();
    const plans = JSON.parse(run("hilum", "run", "gaussian-blur", tree, join(into, "blurred"), "--all", "--dry-run").stdout) as object[];
    expect(plans).toMatchObject([{ number: 1, path: join(into, "blurred-001-mr") }, { number: 3, plan: { input: { shape: [1, 4, 6, 8] } } }]);
    expect(readdirSync(into)).toEqual([]);
    run("hilum", "run", "gaussian-blur", tree, join(into, "blurred"), "--all", "--quiet");
    expect(readdirSync(into).toSorted()).toEqual(["blurred-001-mr", "blurred-003-ct"]);
    expect(readdirSync(join(into, "blurred-003-ct"))).toHaveLength(4);
  });

  test("a converter that is given the whole says how to choose", () => {
    const good = join(folder, "good");
    mkdirSync(good);
    for (const part of ["a", "c"]) for (const name of readdirSync(join(tree, part))) copyFileSync(join(tree, part, name), join(good, `${part}-${name}`));
    const { status, stderr } = run("hilum", "convert", good, join(outputs(), "out.h5"));
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error AMBIGUOUS_INPUT: .*\n {2}Choose one with --series, .*--all/m);
  });

  test("a plan that was saved makes the same series again, alone among the others, also where phases were taken out of it", () => {
    const into = outputs();
    const plan = join(into, "plan.json");
    expect(run("hilum", "inspect", tree, "--series", "1", "--save-plan", plan).status).toBe(0);
    const kept = JSON.parse(readFileSync(plan, "utf8")) as { phases: object[] };
    const [again] = listed(run("hilum", "inspect", tree, "--plan", plan, "--json").stdout).series as [Listed & { assembly: { phases: object[] } }];
    expect([again.number, again.shape?.[0], again.assembly.phases]).toEqual([1, 2, kept.phases]);
    writeFileSync(join(into, "edited.json"), JSON.stringify({ ...kept, phases: kept.phases.slice(1) }));
    const report = join(into, "report.json");
    expect(run("hilum", "convert", tree, join(into, "out.h5"), "--plan", join(into, "edited.json"), "--report", report).stderr).not.toContain("error");
    expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({ input: { phases: 1 } });
  });

  test.each([
    ["no JSON", '{"patient": "ZZCANARY', "INVALID_CONFIG"],
    ["no object", "[1]", "INVALID_CONFIG"],
    ["no plan of a series", '{"schema": 1}', "INVALID_CONFIG"],
  ])("what is %s is refused as a plan, without showing it", (_, text, code) => {
    const plan = join(outputs(), "plan.json");
    writeFileSync(plan, text);
    const { status, stderr, stdout } = run("hilum", "inspect", join(tree, "a"), "--plan", plan);
    expect([status, stderr.includes(`error ${code}: `)]).toEqual([2, true]);
    expect(stderr + stdout).not.toContain("ZZCANARY");
  });

  test("nothing that is there is written over, and what contradicts itself is a wrong request", () => {
    const mine = join(outputs(), "mine");
    writeFileSync(mine, "mine");
    for (const flag of ["--preview", "--save-plan"]) expect(run("hilum", "inspect", join(tree, "a"), flag, mine).status).toBe(7);
    expect(readFileSync(mine, "utf8")).toBe("mine");
    expect(run("hilum", "inspect", tree, "--save-plan", join(folder, "no.json")).stderr).toContain("AMBIGUOUS_INPUT");
    for (const flags of [["--all", "--series", "1"], ["--plan", mine, "--series", "1"], ["--dry-run", "--save-plan", join(folder, "no.json")]])
      expect(run("hilum", "convert", tree, join(folder, "no.h5"), ...flags).status).toBe(2);
    // A plan brings its options: what stands beside it would be ignored.
    for (const [flag, value] of [["--phase-key", "Echo Time"], ["--on-missing", "pad"], ["--padding", "data"]] as const)
      for (const command of [["inspect", tree], ["convert", tree, join(folder, "no.h5")]]) {
        const { status, stderr } = run("hilum", ...command, "--plan", mine, flag, value);
        expect([status, /^error (\w+): .*/.exec(stderr)?.[1], stderr.includes(flag), stderr.includes("--plan")]).toEqual([2, "USAGE", true, true]);
      }
    expect(readdirSync(folder).filter((name) => name.startsWith("no."))).toEqual([]);
  });

  test("a format that takes no plan has none to save, and takes none", () => {
    const into = outputs();
    const h5 = join(into, "c.h5");
    expect(run("hilum", "convert", join(tree, "c"), h5, "--quiet").status).toBe(0);
    expect(run("hilum", "inspect", h5).stdout).toMatch(/^format +HDF5 file$/m);
    const [saving, taking] = [run("hilum", "inspect", h5, "--save-plan", join(into, "plan.json")), run("hilum", "inspect", h5, "--plan", writePlan(into))];
    expect([saving.status, saving.stderr.includes("error USAGE: "), taking.status, taking.stderr.includes("error INVALID_CONFIG: ")]).toEqual([2, true, 2, true]);
    expect(readdirSync(into).toSorted()).toEqual(["any.json", "c.h5"]);
  });

  test("a series alone that is refused ends with its own status", () => {
    const { status, stdout, stderr } = run("hilum", "inspect", join(tree, "b"));
    expect([status, /^refused +IRREGULAR_GEOMETRY: /m.test(stdout), stderr.startsWith("error IRREGULAR_GEOMETRY: ")]).toEqual([5, true, true]);
  });
});

/** Runs a program on a pseudo-terminal, which is all that it takes for colours. */
const ON_TERMINAL = `
import json, os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    if sys.argv[1] != "": os.environ["NO_COLOR"] = sys.argv[1]
    os.execv(sys.argv[2], sys.argv[2:])
out = b""
while True:
    try: part = os.read(fd, 4096)
    except OSError: break
    if not part: break
    out += part
print(json.dumps(out.decode()))`;

test.skipIf(reason !== false)(spoken("on a terminal there are colours, and NO_COLOR turns them off", reason), () => {
  const program = join(workspace, "packages/cli/bin/hilum.cjs");
  const shown = (noColor: string): string => python<string>(ON_TERMINAL, noColor, process.execPath, program, "inspect", breast);
  expect(shown("")).toContain("\u001B[1mmodality");
  expect(shown("1")).not.toContain("\u001B[1m");
});
