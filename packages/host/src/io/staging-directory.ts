import { lstatSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Tells the stagings of this machine (or container) from those of others that share a disk, without naming it. */
const MACHINE = fingerprint(hostname());
const NAME = /^\.?hilum-([0-9a-f]{8})-(\d+)-[A-Za-z0-9]{6}$/;

/** FNV-1a of 32 bits: 8 hexadecimal digits. It is not worth the time of loading zlib or crypto before anything else. */
function fingerprint(text: string): string {
  return [...Buffer.from(text)].reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5).toString(16).padStart(8, "0");
}

/**
 * Makes an empty private directory on the file system of `target`, from where finished output is renamed into place.
 *
 * It lies in the system's temporary directory where that is the same mount, so that even a killed process leaves nothing
 * beside the output; else beside the output under a hidden name. What killed processes left is swept first.
 */
export function createStagingDirectory(target: string): string {
  const parent = realpathSync(dirname(target));
  const temporary = realpathSync(tmpdir());
  const shared = sameMount(parent, temporary);
  // By the path that was given: where it starts at an open descriptor, nothing that happens to its folders leads elsewhere.
  const root = shared ? temporary : dirname(target);
  sweep(root);
  return mkdtempSync(join(root, `${shared ? "" : "."}hilum-${MACHINE}-${process.pid}-`));
}

/** Removes the stagings of processes of this machine that are no more. */
function sweep(root: string): void {
  for (const name of readdirSync(root)) {
    const match = NAME.exec(name);
    if (match === null || match[1] !== MACHINE || isAlive(Number(match[2]))) continue;
    // Somebody else may sweep at the same moment, or own it: both are no reason to stop.
    try {
      rmSync(join(root, name), { recursive: true, force: true });
    } catch {
      continue;
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether a rename can go from one directory to the other: one device, and (bind mounts share devices) one mount. */
function sameMount(a: string, b: string): boolean {
  if (lstatSync(a).dev !== lstatSync(b).dev) return false;
  let mounts: readonly string[];
  try {
    mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n").map((line) => line.split(" ")[4] ?? "");
  } catch {
    return false;
  }
  const mountOf = (path: string): string =>
    mounts.filter((mount) => mount === "/" || path === mount || path.startsWith(`${mount}/`)).reduce((best, mount) => (mount.length > best.length ? mount : best), "");
  return mountOf(a) === mountOf(b);
}
