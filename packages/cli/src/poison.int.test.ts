import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { saveFiles, scanSeries } from "@hilum/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BOMB_BYTES, deflateBomb } from "./deflate-bomb.test-support.ts";
import { missingPython, noShared, python, shared } from "./outside.test-support.ts";
import { startService } from "./running-service.test-support.ts";

const GOOD = 100;
const SLICES = 4;
/** MiB that a job's process may take: far less than the bombs inflate to. */
const JOB_MEMORY = 512;

interface Job {
  readonly state: string;
  readonly attempt: number;
  readonly error?: { readonly code: string; readonly message: string; readonly remedy?: string };
  readonly outputs?: readonly { readonly name: string; readonly bytes: number }[];
}

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "hilum-test-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, bytes: Uint8Array): void {
  mkdirSync(join(folder, "images", name), { recursive: true });
  writeFileSync(join(folder, "images", name, "1.dcm"), bytes);
}

/** The most memory that a process of an attempt has held, as the kernel counts it, for as long as there is one. */
async function watchPeak(requestDirectory: string, stopped: AbortSignal): Promise<number> {
  let peak = 0;
  while (!stopped.aborted) {
    try {
      const { process } = JSON.parse(readFileSync(join(requestDirectory, "attempt-1.json"), "utf8")) as { readonly process: { readonly pid: number } };
      const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${process.pid}/status`, "utf8"))?.[1];
      peak = Math.max(peak, Number(kilobytes ?? 0) * 1024);
    } catch {
      // Not started yet, or ended.
    }
    await delay(10);
  }
  return peak;
}

test.skipIf(missingPython("pydicom") !== false)("the bombs that these tests make are what they say (needs pydicom and ../shared)", async () => {
  const path = join(folder, "bomb.dcm");
  writeFileSync(path, await deflateBomb("pixel data"));
  expect(readFileSync(path).length).toBeLessThan(1.2 * 2 ** 20);
  const header = "import sys, json, pydicom\nd = pydicom.dcmread(sys.argv[1])\nprint(json.dumps([d.Rows, d.Columns, len(d.PixelData), d.file_meta.TransferSyntaxUID]))";
  expect(python(header, path)).toEqual([32_768, 16_384, 2 ** 30, "1.2.840.10008.1.2.1.99"]);
});

test(`deflate bombs fail with a reason and within their memory while all of ${GOOD} good jobs beside them succeed${noShared === false ? "" : " (without the bomb of ../shared, which is not there)"}`, { timeout: 600_000 }, async () => {
  mkdirSync(join(folder, "images", "good"), { recursive: true });
  saveFiles(join(folder, "images", "good"), scanSeries({ size: [16, 12, SLICES] }).files);
  put("private", await deflateBomb("private element"));
  put("pixels", await deflateBomb("pixel data"));
  const bombs = ["private", "pixels"];
  if (noShared === false) {
    mkdirSync(join(folder, "images", "shared"));
    copyFileSync(join(shared, "data/malformed/made/deflate-bomb-128MiB.dcm"), join(folder, "images", "shared", "1.dcm"));
    bombs.push("shared");
  }
  const data = join(folder, "data");
  await using service = await startService("--data", data, "--root", `images=${join(folder, "images")}`, "--concurrency", "2", "--job-memory", String(JOB_MEMORY));
  const headers = { authorization: `Bearer ${service.token ?? ""}`, "content-type": "application/json" };
  const submit = async (path: string): Promise<string> => {
    const response = await fetch(`${service.url}/jobs`, { method: "POST", headers, body: JSON.stringify({ job: "gaussian-blur", input: { root: "images", path } }) });
    expect(response.status).toBe(202);
    return ((await response.json()) as { readonly uid: string }).uid;
  };
  const endOf = async (uid: string): Promise<Job> => {
    // Ends with the job.
    await (await fetch(`${service.url}/jobs/${uid}/events`, { headers })).text();
    return (await (await fetch(`${service.url}/jobs/${uid}`, { headers })).json()) as Job;
  };

  const good: string[] = [];
  const bad = new Map<string, { readonly uid: string; readonly stop: AbortController; readonly peak: Promise<number> }>();
  for (let at = 0; at < GOOD; at++) {
    // The bombs in the midst of the good ones.
    const bomb = at % 25 === 10 ? bombs[Math.floor(at / 25)] : undefined;
    if (bomb !== undefined) {
      const uid = await submit(bomb);
      const stop = new AbortController();
      bad.set(bomb, { uid, stop, peak: watchPeak(join(data, "requests", uid), stop.signal) });
    }
    good.push(await submit("good"));
  }
  expect(bad.size).toBe(bombs.length);
  for (const uid of good) {
    const { state, attempt, outputs } = await endOf(uid);
    expect({ state, attempt, files: outputs?.length }).toEqual({ state: "succeeded", attempt: 1, files: SLICES });
    expect(readdirSync(join(data, "results", uid))).toHaveLength(SLICES);
  }
  for (const [name, { uid, stop, peak }] of bad) {
    const { state, attempt, error } = await endOf(uid);
    stop.abort();
    const bytes = await peak;
    process.stdout.write(`bomb "${name}": ${state} in attempt ${attempt}, ${error?.code ?? "no code"} (${error?.message ?? ""}), peak ${Math.round(bytes / 2 ** 20)} MiB\n`);
    expect({ name, state, attempt }).toEqual({ name, state: "failed", attempt: 1 });
    expect(["MALFORMED_FILE", "MEMORY_BUDGET_EXCEEDED", "UNSUPPORTED_TRANSFER_SYNTAX", "MISSING_ATTRIBUTE"]).toContain(error?.code);
    expect(error?.message.length).toBeGreaterThan(10);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(BOMB_BYTES);
  }
  expect(readdirSync(join(data, "results")).toSorted()).toEqual(good.toSorted());
  expect((await fetch(`${service.url}/health`)).status).toBe(200);
});
