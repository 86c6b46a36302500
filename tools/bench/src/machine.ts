import { cpus, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** More than this share of all cores busy while nothing of ours runs makes a measurement worthless. */
const BUSY_LIMIT = 0.15;
const LOOK_MS = 1000;

/** Whether the cores are free. */
export async function isQuiet(): Promise<boolean> {
  const before = times();
  await sleep(LOOK_MS);
  const after = times();
  return 1 - (after.idle - before.idle) / (after.all - before.all) < BUSY_LIMIT;
}

function times(): { readonly idle: number; readonly all: number } {
  const each = cpus().map((cpu) => cpu.times);
  return {
    idle: each.reduce((sum, one) => sum + one.idle, 0),
    all: each.reduce((sum, one) => sum + one.idle + one.user + one.sys + one.nice + one.irq, 0),
  };
}

/** One line about the machine, for beside a number. */
export function conditions(): string {
  return `Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model.trim() ?? "?"}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
}
