import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { breast, missing, missingPython, outside, python, run } from "./outside.test-support.ts";

const reason = missingPython("pydicom") || missing("storescu", "storescp", "dcmdump", "gdcminfo", "gdcmdump");
const noOrthanc = missing("Orthanc", "storescu");

let folder: string;
let blurred: string;
/** What runs beside a test and is ended by it. */
const started: ChildProcess[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hilum-test-"));
  blurred = join(folder, "blurred");
});
afterAll(async () => {
  await Promise.all(started.map(ended));
  rmSync(folder, { recursive: true });
});

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await exit;
  clearTimeout(late);
}

/** A TCP port of the loopback that nobody holds. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until `answers` says so, at most 60 s. */
async function until(answers: () => boolean | Promise<boolean>): Promise<void> {
  for (let n = 0; n < 600; n++) {
    if (await answers()) return;
    await sleep(100);
  }
  throw new Error("the server did not answer within 60 s");
}

const echoes = (port: number): boolean => spawnSync("echoscu", ["127.0.0.1", String(port)]).status === 0;

function sent(port: number, directory: string): void {
  outside("storescu", ["--scan-directories", "--required", "127.0.0.1", String(port), directory]);
}

describe.skipIf(reason !== false)(`what the blur job makes of the breast series, before readers and servers${reason === false ? "" : ` (skipped: ${reason})`}`, () => {
  beforeAll(() => {
    const { status, stderr } = run("hilum", "run", "gaussian-blur", breast, blurred, "--set", "sigma=2", "--quiet");
    expect([status, stderr]).toEqual([0, ""]);
  });

  test("pydicom reads all 180 with warnings as errors: one series, one study that is the source's, UIDs of their own", () => {
    const found = python<object>(
      `
import glob, json, sys, warnings, pydicom
warnings.simplefilter("error")
pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
read = lambda f: [pydicom.dcmread(p) for p in sorted(glob.glob(f + "/*"))]
a, b = map(read, sys.argv[1:3])
for d in b: list(d.iterall())
of = lambda x, n: set(str(d[n].value) for d in x)
print(json.dumps(dict(read=len(b), decoded=sum(d.pixel_array.shape == (256, 256) for d in b), series=len(of(b, "SeriesInstanceUID")),
    sameStudy=of(a, "StudyInstanceUID") == of(b, "StudyInstanceUID"), sameFrame=of(a, "FrameOfReferenceUID") == of(b, "FrameOfReferenceUID"),
    own=len(of(b, "SOPInstanceUID") - of(a, "SOPInstanceUID")), newSeries=not of(a, "SeriesInstanceUID") & of(b, "SeriesInstanceUID"))))`,
      breast,
      blurred,
    );
    expect(found).toEqual({ read: 180, decoded: 180, series: 1, sameStudy: true, sameFrame: true, own: 180, newSeries: true });
  });

  test("dcmdump, gdcmdump and gdcminfo take all 180", () => {
    const names = readdirSync(blurred);
    const dumped = spawnSync("dcmdump", ["--stop-on-error", ...names.map((name) => join(blurred, name))], { encoding: "utf8", maxBuffer: 1 << 28 });
    expect([names.length, dumped.status, dumped.stderr]).toEqual([180, 0, ""]);
    for (const name of names) {
      const file = join(blurred, name);
      const gdcm = spawnSync("gdcmdump", [file], { encoding: "utf8" });
      expect([name, gdcm.status, gdcm.stderr]).toEqual([name, 0, ""]);
      const info = spawnSync("gdcminfo", [file], { encoding: "utf8" });
      expect([name, info.status, info.stderr]).toEqual([name, 0, ""]);
      expect(info.stdout).toMatch(/Dimensions: \(256,256,1\)/);
    }
  });

  test("storescp of dcmtk takes all 180, and holds the same pixels", async () => {
    const port = await freePort();
    const taken = join(folder, "taken");
    mkdirSync(taken);
    const server = spawn("storescp", ["--output-directory", taken, String(port)], { stdio: "ignore" });
    started.push(server);
    await until(() => echoes(port));
    sent(port, blurred);
    await ended(server);
    const found = python<object>(
      `import glob, json, sys, pydicom\nread = lambda f: {d.SOPInstanceUID: d.PixelData for d in (pydicom.dcmread(p) for p in glob.glob(f + "/*"))}\na, b = map(read, sys.argv[1:3])\nprint(json.dumps(dict(taken=len(b), same=sum(a[u] == b[u] for u in b))))`,
      blurred,
      taken,
    );
    expect(found).toEqual({ taken: 180, same: 180 });
  });
});

describe.skipIf(noOrthanc !== false)(`Orthanc${noOrthanc === false ? "" : ` (skipped: ${noOrthanc})`}`, () => {
  test("shows one study with the source and one new series of 180 instances, and renders one of them", { timeout: 240_000 }, async () => {
    const output = join(folder, "for-orthanc");
    expect(run("hilum", "run", "gaussian-blur", breast, output, "--set", "sigma=2", "--quiet").status).toBe(0);
    const [dicom, http] = [await freePort(), await freePort()];
    const configuration = join(folder, "orthanc.json");
    writeFileSync(
      configuration,
      JSON.stringify({
        StorageDirectory: join(folder, "storage"),
        IndexDirectory: join(folder, "storage"),
        Plugins: [],
        RemoteAccessAllowed: false,
        AuthenticationEnabled: false,
        HttpPort: http,
        DicomPort: dicom,
        DicomCheckCalledAet: false,
        DicomAlwaysAllowStore: true,
        DicomAlwaysAllowEcho: true,
      }),
    );
    started.push(spawn("Orthanc", [configuration], { stdio: "ignore" }));
    const get = async <T>(path: string): Promise<T> => (await (await fetch(`http://127.0.0.1:${http}/${path}`)).json()) as T;
    await until(() =>
      get("system").then(
        () => echoes(dicom),
        () => false,
      ),
    );
    sent(dicom, breast);
    sent(dicom, output);

    const [uids] = python<readonly [readonly [string, string]]>(
      `import glob, json, sys, pydicom\nprint(json.dumps([[str(pydicom.dcmread(glob.glob(f + "/*.dcm")[0], stop_before_pixels=True).SeriesInstanceUID) for f in sys.argv[1:3]]]))`,
      breast,
      output,
    );
    const studies = await get<readonly { readonly Series: readonly string[] }[]>("studies?expand");
    expect(studies.map(({ Series }) => Series.length)).toEqual([2]);
    const series = await get<readonly { readonly MainDicomTags: { readonly SeriesInstanceUID: string; readonly Modality: string }; readonly Instances: readonly string[] }[]>("series?expand");
    expect(series.map(({ MainDicomTags, Instances }) => [MainDicomTags.SeriesInstanceUID, MainDicomTags.Modality, Instances.length]).toSorted()).toEqual(
      uids.map((uid) => [uid, "MR", 180]).toSorted(),
    );
    const derived = series.find(({ MainDicomTags }) => MainDicomTags.SeriesInstanceUID === uids[1]);
    const preview = await fetch(`http://127.0.0.1:${http}/instances/${derived?.Instances[0]}/preview`);
    expect([preview.status, preview.headers.get("content-type")]).toEqual([200, "image/png"]);
  });
});
