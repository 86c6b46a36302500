import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A process that can be told from another one that got its number later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from the boot to its start; undefined where the system has no /proc. */
  readonly startTicks?: number;
}

/** The identity of a running process. */
export function identityOf(pid: number): ProcessIdentity {
  const startTicks = startTicksOf(pid);
  return startTicks === undefined ? { pid } : { pid, startTicks };
}

/** Kills a process and its group, if it is still the same one, and waits until it is gone (at most five seconds). */
export async function killRemembered(identity: ProcessIdentity): Promise<void> {
  const isThere = (): boolean => identity.startTicks !== undefined && startTicksOf(identity.pid) === identity.startTicks;
  if (!isThere()) return;
  killGroup(identity.pid, "SIGKILL");
  for (let waited = 0; waited < 5000 && isThere(); waited += 10) await delay(10);
}

/** Sends a signal to a process group; nothing happens where it is gone. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function startTicksOf(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The command's name stands in parentheses and may hold spaces; proc(5) counts state as field 3 and starttime as field 22.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? undefined : Number(fields[19]);
}
