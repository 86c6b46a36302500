import type { JobEvent } from "@hilum/core";
import { progressLine } from "./progress-line.ts";

/** Where the events of a job go: to a person, to a program, or nowhere. */
export function eventSink(quiet: boolean | undefined, events: "json" | undefined): (event: JobEvent) => void {
  if (events === "json") return (event) => void process.stdout.write(`${JSON.stringify(event)}\n`);
  return quiet === true ? () => {} : progressLine(process.stderr);
}
